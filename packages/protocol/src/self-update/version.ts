// Agent versions: four decimal parts as in Windows file versions, each 0 to 65535.
import { ProtocolError } from '../errors.ts';

const fourParts = /^(\d{1,5})\.(\d{1,5})\.(\d{1,5})\.(\d{1,5})$/;

/** Whether `text` is a four-part version such as 7.9.0.1. */
export function isVersion(text: string): boolean {
  return readVersion(text) !== undefined;
}

/** Negative, zero or positive as `a` is older than, the same as or newer than `b`. Throws PROTOCOL_BAD_VERSION. */
export function compareVersions(a: string, b: string): number {
  const left = requireVersion(a);
  const right = requireVersion(b);
  for (const [index, part] of left.entries()) {
    const difference = part - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Whether a version is one of Windows' own update agent, which takes no release of ours: 5.8 (WSUS 2), or the number of
 * a Windows build in the third place (5.4.3790.2182, 7.6.7600.256, 10.0.22621.1). Releases of Moult have a small number
 * there.
 */
export function isWindowsAgentVersion(text: string): boolean {
  const [major, minor, build = 0] = readVersion(text) ?? [];
  return build >= firstWindowsBuild || (major === 5 && minor === 8);
}

/** Of Windows 2000. Later ones are higher, also those that begin again (1507.2601). */
const firstWindowsBuild = 2195;

function requireVersion(text: string): number[] {
  const parts = readVersion(text);
  if (!parts) {
    throw new ProtocolError('PROTOCOL_BAD_VERSION', `"${text.slice(0, 40)}" is not a version of four parts (7.9.0.1).`);
  }
  return parts;
}

function readVersion(text: string): number[] | undefined {
  const parts = fourParts.exec(text)?.slice(1).map(Number);
  return parts?.every((part) => part <= 0xffff) ? parts : undefined;
}
