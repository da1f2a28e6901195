// Secrets of sessions, tokens and set-up links: 256 random bits that only their holder has. The server keeps a digest, by
// which it finds them: who reads the database, or measures how long it looks, learns nothing of use.
import { createHash, randomBytes } from 'node:crypto';

/** How a token begins, so that programs that look for leaked secrets find it. */
export const tokenPrefix = 'moult_';

/** Text without characters that a URL or a cookie would escape. */
export function newSecret(prefix = ''): string {
  return `${prefix}${randomBytes(32).toString('base64url')}`;
}

export function digestOfSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
