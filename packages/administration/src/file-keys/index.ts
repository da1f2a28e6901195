// The keys of encrypted files (MS-WSUSSS 3.1.1): they are in the database sealed, and open only where they are needed.
import type { Store } from '@moult/store';
import { openSealing, type Sealing } from '../sealing.ts';

export interface OpenFileKeys {
  /**
   * Which of these files (SHA-1, lower-case hex) are encrypted, with their keys. Undefined is a key that is not here, or that
   * another server sealed.
   */
  load(sha1s: readonly string[]): Promise<Map<string, Uint8Array | undefined>>;
}

export function openFileKeys(store: Pick<Store, 'findFileKeys'>, dataDir: string): OpenFileKeys {
  let sealing: Promise<Sealing> | undefined;
  return {
    async load(sha1s) {
      const sealed = await store.findFileKeys(sha1s);
      if (sealed.size === 0) return new Map();
      sealing ??= sealingOfFileKeys(dataDir);
      const { open } = await sealing;
      return new Map([...sealed].map(([sha1, key]) => [sha1, key && open(key.text, sha1)]));
    },
  };
}

/** Seals the keys of files, each about the SHA-1 of its file. */
export function sealingOfFileKeys(dataDir: string): Promise<Sealing> {
  return openSealing(dataDir, 'moult file keys');
}
