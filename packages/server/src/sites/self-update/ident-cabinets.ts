// iuident.cab and wuident.cab: one text file each, written for the newest release and signed.
import type { SigningIdentity } from '@moult/formats/authenticode';
import { createCabinet } from '@moult/formats/cab';
import { composeIdent, encodeIdent, type Generation, type Release } from '@moult/protocol/self-update';
import { keepSigned, type SignedCabinet } from './signed-cabinet.ts';
import { identCabinet } from './tree-folders.ts';

export interface IdentCabinets {
  iuident: SignedCabinet;
  wuident: SignedCabinet;
}

const textTime = new Date('2020-01-01T00:00:00Z');

/** Writes and signs both ident files, or keeps those that lead to `release` already. */
export async function publishIdents(
  dataDir: string,
  release: Release | undefined,
  identity: SigningIdentity,
  now: Date,
): Promise<IdentCabinets> {
  const publish = (name: 'iuident' | 'wuident', client: Generation) => {
    const product = release?.product ?? 'moult-agent';
    const text = encodeIdent(composeIdent(client, { product, version: release?.version }));
    const content = createCabinet([{ name: `${name}.txt`, bytes: Buffer.from(text), modified: textTime }]);
    return keepSigned(identCabinet(dataDir, name), content, { identity, now, description: `Moult ${name}` });
  };
  return { iuident: await publish('iuident', 'sus'), wuident: await publish('wuident', 'wsus') };
}
