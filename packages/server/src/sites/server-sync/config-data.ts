// GetConfigData (MS-WSUSSS 3.1.4.4): the limits of this server, and its languages.
import { createHash } from 'node:crypto';
import { loadOfferedLanguages } from '@moult/administration/synchronisation';
import type { ServerSyncConfigData, ServerSyncLanguage } from '@moult/protocol/server-sync';
import { downstreamBounds } from '../../downstream-bounds.ts';
import type { UpdateService } from '../../update-service/update-service.ts';
import { readAnchor, writeAnchor } from './anchors.ts';
import { windowsLanguages } from './languages.ts';

export async function getConfigData(
  service: UpdateService,
  configAnchor: string | undefined,
): Promise<ServerSyncConfigData> {
  const last = readAnchor(configAnchor, 'configAnchor');
  const languages = await languagesOf(service);
  // The counter of this anchor stands for the languages: a caller that knows them gets none.
  const counted = createHash('sha256').update(JSON.stringify(languages)).digest().readUInt32BE() >>> 2;
  return {
    catalogOnlySync: service.config.contentFetch === 'never',
    lazySync: service.config.contentFetch !== 'all',
    serverHostsPsfFiles: false,
    // As real WSUS: driver sets are between Microsoft's public service and the servers below it.
    ...{ maxComputerIds: 0, maxDriverSets: 0, maxPnpHardwareIds: 0 },
    maxUpdates: downstreamBounds.maxUpdates,
    newConfigAnchor: writeAnchor(counted, service.now().getTime()),
    protocolVersion: '1.20',
    languages: last?.counted === counted ? [] : languages,
    maxDecryptionUpdates: downstreamBounds.maxUpdates,
  };
}

/** All languages that the upstream of this server offers, else those of WSUS. Enabled are the chosen ones. */
async function languagesOf({ store }: UpdateService): Promise<ServerSyncLanguage[]> {
  const offered = await loadOfferedLanguages(store);
  const choices = await store.loadSyncChoices();
  const chosen = new Set(choices.filter(({ kind }) => kind === 'language').map(({ id }) => Number(id)));
  const all = offered.length > 0 ? offered.map(({ id, short, name }) => [id, short, name] as const) : windowsLanguages;
  const told = ([id, short, name]: readonly [number, string, string], enabled: boolean): ServerSyncLanguage => ({
    ...{ languageId: id, shortLanguage: short, longLanguage: name, enabled },
  });
  return [told([0, 'all', 'all'], chosen.size === 0), ...all.map((one) => told(one, chosen.has(one[0])))];
}
