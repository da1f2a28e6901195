// The identity of this server at its upstream.
import { randomUUID } from 'node:crypto';
import type { Store } from '@moult/store';

/** By this the upstream knows us again. It stays when a backup is restored. */
export async function accountId(store: Store): Promise<string> {
  const known = await store.loadSetting('sync-account');
  if (known !== undefined) return known;
  await store.saveSetting('sync-account', randomUUID());
  return (await store.loadSetting('sync-account')) ?? '';
}
