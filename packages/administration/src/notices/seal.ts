// The secrets of webhooks at rest. A signature needs the secret itself, so a digest is not enough. It is sealed with a key that the
// server derives from its cookie key: a copy of the database alone does not open it.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { loadOrCreateCookieKey } from '@moult/store/keys';

export interface Sealer {
  seal(secret: string): string;
  /** Undefined for a text of another server, or one that was changed. */
  open(sealed: string): string | undefined;
}

export async function openSealer(dataDir: string): Promise<Sealer> {
  const key = Buffer.from(hkdfSync('sha256', await loadOrCreateCookieKey(dataDir), '', 'moult notices', 32));
  return {
    seal(secret) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64');
    },
    open(sealed) {
      const bytes = Buffer.from(sealed, 'base64');
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
        decipher.setAuthTag(bytes.subarray(12, 28));
        return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
      } catch {
        return undefined;
      }
    },
  };
}
