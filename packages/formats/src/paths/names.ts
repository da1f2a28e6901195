// Names from archives, manifests, indexes and database rows: which of them may become a path on a disk, on any system.
import { FormatError } from '../errors.ts';

/** Longest folder or file name (NTFS, in units of UTF-16) and longest path. */
const maxSegmentLength = 255;
const maxPathLength = 4096;

/**
 * The folders and the file that `name` means, relative to a folder, safe on every system: no way up, no root, no drive,
 * no alternate stream, no device, no control character, no end that is dropped. `/` and `\` separate folders. Every path
 * from outside comes through here. Throws FORMAT_UNSAFE_NAME.
 */
export function toPathSegments(name: string): string[] {
  if (name.length > maxPathLength) throw unsafe(name, `it is longer than ${maxPathLength} characters`);
  const segments = name.split(/[\\/]/);
  const reason = segments.map(whyUnsafe).find((why) => why !== undefined);
  if (reason) throw unsafe(name, reason);
  return segments;
}

/**
 * Equal for names that one file system or another takes for the same file: letter case, Unicode form, trailing dots,
 * characters that HFS+ passes over.
 */
export function collisionKey(segments: readonly string[]): string {
  return segments.map(segmentKey).join('/');
}

function segmentKey(segment: string): string {
  if (/^[\x21-\x2d\x2f-\x7e]+$/.test(segment)) return segment.toLowerCase();
  return segment
    .normalize('NFC')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .toUpperCase()
    .toLowerCase()
    .normalize('NFC')
    .replace(/[. ]+$/, '');
}

function whyUnsafe(segment: string, index: number): string | undefined {
  if (segment === '') return index === 0 ? 'it is absolute or empty' : 'it has an empty part';
  if (/^[. ]+$/.test(segment)) return 'it leads out of the target folder';
  if (segment.includes(':')) return 'it names a drive or an alternate data stream';
  if (/\p{Cc}/u.test(segment)) return 'it holds a control character';
  if (!segment.isWellFormed()) return 'it holds half of a character';
  if (deviceName.test(segment)) return 'it names a device';
  if (/[. ]$/.test(segment)) return 'Windows would drop the dot or space at the end of a name';
  if (segment.length > maxSegmentLength) return `a part of it is longer than ${maxSegmentLength} characters`;
  return undefined;
}

// Windows takes these for devices in any folder and with any extension, also with the superscript digits.
const deviceName = /^(con|prn|aux|nul|clock\$|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\.|$)/i;

function unsafe(name: string, why: string): FormatError {
  const shown = name.length > 300 ? `${name.slice(0, 300)}…` : name;
  return new FormatError('FORMAT_UNSAFE_NAME', `The name ${JSON.stringify(shown)} is not used: ${why}.`, {
    member: name,
  });
}
