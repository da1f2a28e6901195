// Secrets of sessions, tokens and set-up links: 256 random bits that only their holder has. The server keeps a digest
// and finds them by it. Reading the database, or measuring how long the server looks, reveals no secret.
import { createHash, randomBytes } from 'node:crypto';

/** How a token begins, so that programs that look for leaked secrets find it. */
export const tokenPrefix = 'moult_';

/** Text that a URL or a cookie can hold without escapes. */
export function newSecret(prefix = ''): string {
  return `${prefix}${randomBytes(32).toString('base64url')}`;
}

export function digestOfSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
