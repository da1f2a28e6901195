// iuident.cab and wuident.cab: one text file each, written for the newest release and signed.
import type { SigningIdentity } from '@moult/formats/authenticode';
import { createCabinet } from '@moult/formats/cab';
import { composeIdent, encodeIdent, type Generation, identPurpose, type Release } from '@moult/protocol/self-update';
import { keepSigned, type SignedCabinet } from './signed-cabinet.ts';
import { identCabinet } from './tree-folders.ts';

interface IdentCabinets {
  iuident: SignedCabinet;
  wuident: SignedCabinet;
}

const textTime = new Date('2020-01-01T00:00:00Z');

/**
 * Writes and signs both ident files, or keeps those that lead to `release` already. With `unstored` a disk that takes no
 * writes is told of, and the files are served all the same.
 */
export async function publishIdents(
  dataDir: string,
  release: Release | undefined,
  identity: SigningIdentity,
  now: Date,
  unstored?: (error: unknown) => void,
): Promise<IdentCabinets> {
  const publish = (name: 'iuident' | 'wuident', client: Generation) => {
    const product = release?.product ?? 'moult-agent';
    const text = encodeIdent(composeIdent(client, { product, version: release?.version }));
    const content = createCabinet([{ name: `${name}.txt`, bytes: Buffer.from(text), modified: textTime }]);
    const parts = { identity, now, description: identPurpose(name), unstored };
    return keepSigned(identCabinet(dataDir, name), content, parts);
  };
  return { iuident: await publish('iuident', 'sus'), wuident: await publish('wuident', 'wsus') };
}
