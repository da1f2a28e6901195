// The key that seals client cookies (AES-256). If it is lost, each client calls GetCookie once more, and nothing else
// happens.
import { randomBytes } from 'node:crypto';
import { writePrivateFile } from '../data-dir/private-files.ts';
import { ServerError } from '../errors.ts';
import { openKeyFolder } from './key-files.ts';
import { finishKeySwitch } from './key-switch.ts';

const file = 'cookie.key';
const keyBytes = 32;

/** The 32 octets in `dataDir`, made on first use and kept. Throws ServerError SERVER_KEYS for a file of another size. */
export async function loadOrCreateCookieKey(dataDir: string): Promise<Uint8Array> {
  const folder = openKeyFolder(dataDir);
  finishKeySwitch(folder.path);
  const present = folder.read(file);
  if (present && present.length !== keyBytes) {
    const message = `${folder.pathOf(file)} has ${present.length} bytes, not ${keyBytes}. Delete it; clients then fetch new cookies.`;
    throw new ServerError('SERVER_KEYS', message);
  }
  const key = present ?? randomBytes(keyBytes);
  if (!present) writePrivateFile(folder.pathOf(file), key);
  return new Uint8Array(key);
}
