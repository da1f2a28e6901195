// /tuf/trust-root.cab: the newest root of the operator's metadata, signed by the operator's code-signing certificate.
// So an agent that has pinned the operator's CA, and nothing else, comes to the root without trusting the network.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SigningIdentity, signFile } from '@moult/formats/authenticode';
import { createCabinet } from '@moult/formats/cab';
import { trustRootPurpose } from '@moult/protocol/self-update';
import { newestRootName } from '@moult/releases/repository';
import { signingTimeOf } from '@moult/store/keys';
import { createMemoryFile, type MemoryFile } from '../../http/static-file/index.ts';
import { stampOf } from './publication.ts';

export type RootSigner = SigningIdentity;

/** The cabinet, signed once for each root. */
export function createTrustRootCabinet(directory: string, signer: RootSigner, now: () => Date) {
  const metadata = join(directory, 'public', 'metadata');
  let stamp = '';
  let name: string | undefined;
  let made: { name: string; file: Promise<MemoryFile> } | undefined;
  return {
    /** undefined while nothing is published. */
    async file(): Promise<MemoryFile | undefined> {
      const current = stampOf(metadata);
      if (current !== stamp) [stamp, name] = [current, current === '' ? undefined : newestRootName(directory)];
      if (name === undefined) return undefined;
      if (made?.name !== name) {
        const file = build(readFileSync(join(metadata, name)), signer, now());
        made = { name, file };
        // A failed try is repeated with the next request.
        file.catch(() => {
          made = undefined;
        });
      }
      return made.file;
    },
  };
}

async function build(root: Uint8Array, signer: SigningIdentity, now: Date): Promise<MemoryFile> {
  const cabinet = createCabinet([{ name: 'root.json', bytes: root, modified: now }], { compression: 'mszip' });
  const bytes = await signFile(cabinet, signer, { now: signingTimeOf(signer, now), description: trustRootPurpose });
  const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`;
  const facts = { contentType: 'application/octet-stream', etag, cacheControl: 'no-cache' };
  return createMemoryFile(bytes, { ...facts, lastModified: new Date(Math.floor(now.getTime() / 1000) * 1000) });
}
