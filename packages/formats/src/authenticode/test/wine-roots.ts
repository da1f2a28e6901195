// Microsoft's root certificates as Debian's Wine brings them, inside of its crypt32.dll.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { microsoftRootOf } from '../roots/index.ts';

const library = '/usr/lib/x86_64-linux-gnu/wine/x86_64-windows/crypt32.dll';

/** DER of every certificate in the library whose thumbprint is one of Microsoft's. Throws where there is no Wine. */
export function microsoftCertificates(): Uint8Array[] {
  const bytes = readFileSync(library);
  const found: Uint8Array[] = [];
  for (let at = bytes.indexOf('3082', 0, 'hex'); at >= 0; at = bytes.indexOf('3082', at + 1, 'hex')) {
    const candidate = bytes.subarray(at, at + 4 + bytes.readUInt16BE(at + 2));
    if (microsoftRootOf(createHash('sha1').update(candidate).digest('hex'))) found.push(candidate);
  }
  return found;
}
