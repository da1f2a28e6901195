// The secrets of webhooks at rest. A signature needs the secret itself, so a digest is not enough.
import { openSealing } from '../sealing.ts';

export interface Sealer {
  seal(secret: string): string;
  /** Undefined for a text of another server, or one that was changed. */
  open(sealed: string): string | undefined;
}

export async function openSealer(dataDir: string): Promise<Sealer> {
  const sealing = await openSealing(dataDir, 'moult notices');
  return {
    seal: (secret) => sealing.seal(Buffer.from(secret)),
    open(sealed) {
      const secret = sealing.open(sealed);
      return secret && Buffer.from(secret).toString('utf8');
    },
  };
}
