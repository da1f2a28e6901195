// The common archive format of Unix (ar), which a Debian package is: three members, in the order that deb(5) says.
import { archiveTime } from './entry.ts';

export const arMagic = Buffer.from('!<arch>\n');

/** The header of a member. Its bytes follow, and after an odd number of them `arPadding`. `name`: at most 15 plain letters. */
export function arHeader(name: string, sizeBytes: number): Uint8Array {
  const seconds = String(archiveTime.getTime() / 1000);
  const fields = [
    name.padEnd(16),
    seconds.padEnd(12),
    '0'.padEnd(6),
    '0'.padEnd(6),
    '100644'.padEnd(8),
    String(sizeBytes).padEnd(10),
  ];
  return Buffer.from(`${fields.join('')}\`\n`, 'latin1');
}

export function arPadding(sizeBytes: number): Uint8Array {
  return Buffer.from('\n'.repeat(sizeBytes % 2));
}
