// The languages that an upstream offers, as it told them last. Later answers name only those that changed.
import type { ServerSyncConfigData } from '@moult/protocol/server-sync';
import type { Store } from '@moult/store';
import { upstreamBounds } from './bounds.ts';

interface OfferedLanguage {
  /** An LCID. */
  id: number;
  /** `en`, `zh-hk` … */
  short: string;
  name: string;
}

const settingName = 'sync-languages';

export async function loadOfferedLanguages(store: Pick<Store, 'loadSetting'>): Promise<OfferedLanguage[]> {
  return JSON.parse((await store.loadSetting(settingName)) ?? '[]') as OfferedLanguage[];
}

/** Writes only if something is new. 0 is the switch for all languages, and not a language. */
export async function noteLanguages(
  store: Pick<Store, 'loadSetting' | 'saveSetting'>,
  told: ServerSyncConfigData['languages'] = [],
): Promise<void> {
  if (told.length === 0) return;
  const before = await loadOfferedLanguages(store);
  const known = new Map(before.map((one) => [one.id, one]));
  for (const { languageId, shortLanguage = '', longLanguage = '' } of told) {
    if (languageId !== 0)
      known.set(languageId, { id: languageId, short: shortLanguage.slice(0, 40), name: longLanguage.slice(0, 200) });
  }
  const after = [...known.values()].sort((one, other) => one.id - other.id).slice(0, upstreamBounds.languages);
  if (JSON.stringify(after) !== JSON.stringify(before)) await store.saveSetting(settingName, JSON.stringify(after));
}
