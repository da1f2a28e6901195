// Secrets at rest in the database. They are sealed with a key that the server derives from its cookie key: a copy of the
// database alone does not open them.
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { loadOrCreateCookieKey } from '@moult/store/keys';

export interface Sealing {
  /** Names the key without telling it. */
  readonly id: string;
  /** `about` is what the secret belongs to: sealed text that is moved elsewhere does not open. */
  seal(secret: Uint8Array, about?: string): string;
  /** Undefined for a text of another server, or one that was changed or moved. */
  open(sealed: string, about?: string): Uint8Array | undefined;
}

/** The sealing of the server with this data directory. `purpose`: each has a key of its own. Throws as the key files do. */
export async function openSealing(dataDir: string, purpose: string): Promise<Sealing> {
  const key = Buffer.from(hkdfSync('sha256', await loadOrCreateCookieKey(dataDir), '', purpose, 32));
  return {
    id: createHash('sha256').update('name of ').update(key).digest('hex').slice(0, 16),
    seal(secret, about = '') {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(about));
      const text = Buffer.concat([cipher.update(secret), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64');
    },
    open(sealed, about = '') {
      const bytes = Buffer.from(sealed, 'base64');
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12)).setAAD(Buffer.from(about));
        decipher.setAuthTag(bytes.subarray(12, 28));
        return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]);
      } catch {
        return undefined;
      }
    },
  };
}
