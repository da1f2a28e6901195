// Member names on the wire: bytes with a backslash between folders, UTF-8 when the attribute says so, else the maker's
// code page, which the cabinet does not name. And which of them may become a path on a disk.
import { FormatError } from '../errors.ts';

/** MS-CAB 2.4 _A_NAME_IS_UTF. */
const utf8NameAttribute = 0x80;

/** Longest name, in bytes, without its NUL (MS-CAB 2.4). */
export const maxNameBytes = 255;

/** The name a member's bytes spell. `legacyEncoding` is a WHATWG label, for names not marked as UTF-8. */
export function decodeName(bytes: Uint8Array, attributes: number, legacyEncoding: string): string {
  const isUtf8 = (attributes & utf8NameAttribute) !== 0;
  return new TextDecoder(isUtf8 ? 'utf-8' : legacyEncoding, { ignoreBOM: true }).decode(bytes);
}

/** Bytes of a name as we write it: plain ASCII, else UTF-8 with its attribute. Throws FORMAT_UNSAFE_NAME. */
export function encodeName(name: string): { bytes: Uint8Array; attribute: number } {
  const wire = toPathSegments(name).join('\\');
  const bytes = new TextEncoder().encode(wire);
  if (bytes.length > maxNameBytes) {
    throw new FormatError('FORMAT_UNSAFE_NAME', `A name in a cabinet has at most ${maxNameBytes} bytes.`, {
      member: name,
    });
  }
  return { bytes, attribute: bytes.length === wire.length ? 0 : utf8NameAttribute };
}

/**
 * The folders and the file a member's name means, relative to a target folder, safe on every system: no way up, no
 * root, no drive, no alternate stream, no device, no control character, no end that is dropped. Throws
 * FORMAT_UNSAFE_NAME.
 */
export function toPathSegments(name: string): string[] {
  const segments = name.split(/[\\/]/);
  const reason = segments.map(whyUnsafe).find((why) => why !== undefined);
  if (reason) {
    throw new FormatError('FORMAT_UNSAFE_NAME', `The name ${JSON.stringify(name)} is not unpacked: ${reason}.`, {
      member: name,
    });
  }
  return segments;
}

/**
 * Equal for names that one file system or another takes for the same file (letter case, Unicode form, trailing dots).
 */
export function collisionKey(segments: readonly string[]): string {
  return segments
    .map((segment) =>
      segment
        .normalize('NFC')
        .toLowerCase()
        .replace(/[. ]+$/, ''),
    )
    .join('/');
}

function whyUnsafe(segment: string, index: number): string | undefined {
  if (segment === '') return index === 0 ? 'it is absolute or empty' : 'it has an empty part';
  if (/^[. ]+$/.test(segment)) return 'it leads out of the target folder';
  if (segment.includes(':')) return 'it names a drive or an alternate data stream';
  if (/\p{Cc}/u.test(segment)) return 'it holds a control character';
  if (deviceName.test(segment)) return 'it names a device';
  if (/[. ]$/.test(segment)) return 'Windows would drop the dot or space at the end of a name';
  return undefined;
}

// Windows takes these for devices in any folder and with any extension, also with the superscript digits.
const deviceName = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\.|$)/i;
