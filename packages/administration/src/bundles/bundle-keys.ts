// Keys of encrypted files in a bundle. They travel only when the export is asked for them, because whoever has the disk then
// reads them. Otherwise the bundle says how many are not in it.
import type { Store } from '@moult/store';
import { sealingOfFileKeys } from '../file-keys/index.ts';
import type { Administration } from '../open-server.ts';
import { type Bundle, keyBytes } from './format.ts';

type BundleKeys = Pick<Bundle, 'keys' | 'withoutKey'>;

/** The keys that this server can open, or their number alone. */
export async function keysFor(
  { store, server }: Pick<Administration, 'store' | 'server'>,
  isAskedFor: boolean,
): Promise<BundleKeys> {
  const { id, open } = await sealingOfFileKeys(server.dataDir);
  const { encrypted } = await store.countFileKeys(id);
  if (encrypted === 0) return {};
  if (!isAskedFor) return { withoutKey: encrypted };
  const keys: NonNullable<Bundle['keys']> = [];
  for await (const { sha1, updateId, revisionNumber, key } of allKeys(store)) {
    const opened = key && open(key.text, sha1);
    if (opened && opened.length <= keyBytes)
      keys.push({ sha1, updateId, revisionNumber, key: Buffer.from(opened).toString('base64') });
  }
  const withoutKey = Math.max(0, encrypted - keys.length);
  return { keys, ...(withoutKey > 0 && { withoutKey }) };
}

/** Sealed by this server. */
export async function takeKeys(
  { store, server }: Pick<Administration, 'store' | 'server'>,
  { keys = [] }: Pick<Bundle, 'keys'>,
): Promise<void> {
  if (keys.length === 0) return;
  const { id, seal } = await sealingOfFileKeys(server.dataDir);
  await store.noteFileKeys(
    keys.map(({ sha1, updateId, revisionNumber, key }) => ({
      ...{ sha1, updateId: updateId as Parameters<Store['noteFileKeys']>[0][number]['updateId'], revisionNumber },
      key: { text: seal(Buffer.from(key, 'base64'), sha1), with: id },
    })),
  );
}

async function* allKeys(store: Pick<Store, 'listFileKeys'>) {
  const atOnce = 500;
  for (let after = ''; ; ) {
    const some = await store.listFileKeys(after, atOnce);
    yield* some;
    if (some.length < atOnce) return;
    after = some.at(-1)?.sha1 ?? after;
  }
}
