// Examples and provocations of the operations on synchronisation, catalogs, content, agent releases and the server itself.
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { notePlan } from '@moult/administration/backups';
import type { ReleaseTarget } from '@moult/releases/metadata';
import { ensureRepository, Repository, releasePath } from '@moult/releases/repository';
import { createUpstreamServer, type Listening, listen, simulatedCatalog, simulatedUpdate } from '@moult/simulator';
import { openStore } from '@moult/store';
import { loadOrCreateOperatorKeys } from '@moult/store/keys';
import { author, idOf } from '../../../../../administration/src/test/administration.ts';
import { type Asked, computerId, type TestApi } from './api-server.ts';

/** A call that works, by operation. `prepare` makes what it needs, and answers where that is. */
export interface Example {
  path?: string;
  /** A function: of what is known only then. */
  body?: unknown;
  prepare?(api: TestApi): Promise<string | undefined>;
}

/** A catalog of a vendor with one package, at an address of this machine. It is no answer of an upstream server. */
const catalogSite = createServer((_, response) => response.end(oneCatalog));
const publishing = 'http://schemas.microsoft.com/wsus/2005/04/CorporatePublishing';
const oneCatalog = `<sdp:SoftwareDistributionPackage xmlns:sdp="${publishing}/SoftwareDistributionPackage.xsd" xmlns:bar="${publishing}/BaseApplicabilityRules.xsd" xmlns:lar="${publishing}/LogicalApplicabilityRules.xsd" xmlns:cmd="${publishing}/Installers/CommandLineInstallation.xsd"><sdp:Properties PackageID="00000000-0000-4000-8000-000000000501" VendorName="Example" PublicationState="Published"><sdp:ProductName>Driver</sdp:ProductName></sdp:Properties><sdp:LocalizedProperties><sdp:Language>en</sdp:Language><sdp:Title>One</sdp:Title></sdp:LocalizedProperties><sdp:InstallableItem ID="00000000-0000-4001-8000-000000000501"><sdp:ApplicabilityRules><sdp:IsInstalled><bar:FileExists Path="a.dll" Csidl="37" /></sdp:IsInstalled><sdp:IsInstallable><bar:WmiQuery WqlQuery="select * from Win32_ComputerSystem where Model like '%Book 5%'" /></sdp:IsInstallable></sdp:ApplicabilityRules><sdp:InstallProperties RebootBehavior="NeverReboots" /><cmd:CommandLineInstallerData Program="one.exe" Arguments="/s"><cmd:ReturnCode Code="0" Result="Succeeded" /></cmd:CommandLineInstallerData><sdp:OriginFile Digest="2jmj7l5rSw0yVb/vlWAYkK/YBwk=" FileName="one.exe" Size="1" OriginUri="https://vendor.example.com/one.exe" /></sdp:InstallableItem></sdp:SoftwareDistributionPackage>`;
const catalogBody = () => {
  const { port } = catalogSite.address() as AddressInfo;
  return { address: `http://127.0.0.1:${port}/Vendor.xml`, allowPrivate: true };
};
const newCatalog = async ({ ask, tokens }: TestApi) => {
  await ask('/api/v1/catalogs', { method: 'POST', token: tokens.administrator, body: catalogBody() });
  return '/catalogs/Vendor';
};

/** Keys of the operator. */
const withKeys = async ({ administration: { server }, clock }: TestApi) => {
  await loadOrCreateOperatorKeys(server.dataDir, { now: clock.at, isClockBelieved: true });
  return undefined;
};

let publications = 0;
/** Another revision each time. */
const nextPublication = () => `publisher: Contoso
product: Contoso App
title: Contoso App
description: Repairs it.
revision: ${++publications}
packaging: as-is
installed-when: { FileExists: { path: '\\\\Contoso\\\\app.exe', csidl: 38 } }
`;
const nextWinget = () => `PackageIdentifier: Example.Tool
PackageVersion: 1.${++publications}
PackageLocale: en-US
Publisher: Example Ltd
PackageName: Example Tool
ShortDescription: Packs and unpacks.
Installers:
- Architecture: x64
  InstallerType: inno
  InstallerUrl: ${catalogBody().address.replace('.xml', '.exe')}
  InstallerSha256: ${createHash('sha256').update(oneCatalog).digest('hex').toUpperCase()}
ManifestType: singleton
ManifestVersion: 1.12.0
`;

/** The signed list of releases, with two of them in it: one to pin, one to recall. */
const release = { kind: 'release', product: 'moult-agent', generation: 'wsus', platform: 'any' } as const;
const listed: ReleaseTarget = { ...release, epoch: 0, version: '7.9.0.9', floors: [], deltas: [] };
const bad = { ...listed, version: '7.9.0.8' };
const oldest = { ...listed, version: '7.9.0.7' };
const newRepository = async ({ administration: { server }, clock }: TestApi) => {
  const folder = join(server.dataDir, 'trust');
  if (!ensureRepository(folder, clock.at)) return undefined;
  const repository = new Repository(folder);
  for (const one of [oldest, bad, listed])
    repository.add('agent', releasePath(one, '.cab'), Buffer.from(one.version), one, clock.at);
  repository.signWithOwnKeys();
  repository.publish(clock.at);
  return undefined;
};
const newPin = async (api: TestApi) => {
  await newRepository(api);
  const body = { version: listed.version, group: 'Pilot' };
  await api.ask('/api/v1/releases/pins', { method: 'POST', token: api.tokens.administrator, body });
  return undefined;
};
/** Rings with the release that is listed last in them. */
const newReleaseRings =
  (way: string, before?: string) =>
  async (api: TestApi): Promise<string> => {
    await newRepository(api);
    const token = api.tokens.administrator;
    const rings = ['one', 'two'].map((name) => ({ name, groups: ['All Computers'] }));
    await api.ask('/api/v1/rings', { method: 'POST', token, body: { name: 'Agents', rings } });
    const { version } = listed;
    if (way !== 'none')
      await api.ask('/api/v1/releases/rollouts', { method: 'POST', token, body: { rings: 'Agents', version } });
    const path = `/releases/rollouts/${version}`;
    if (before) await api.ask(`/api/v1${path}/hold`, { method: 'POST', token, body: { action: before } });
    return way === 'none' ? '/releases/rollouts' : `${path}${way}`;
  };
const newFolder = async ({ administration: { server } }: TestApi) => {
  new DatabaseSync(server.database).exec('create table if not exists kept (value text)');
  return undefined;
};
/** An upstream server that knows three updates. */
const withUpstream = async ({ administration: { server } }: TestApi) => {
  Object.assign(server.config, { upstream: upstream?.url });
  return undefined;
};
let upstream: Listening | undefined;

/** Opens the servers that operations call. */
export async function openOutside(): Promise<void> {
  const from = new Date('2026-10-01T00:00:00Z');
  const updates = simulatedCatalog({ updates: 3, products: 1, from });
  upstream = await listen(createUpstreamServer({ kind: 'wsus', now: () => author.at, updates }));
  await new Promise<void>((resolve) => catalogSite.listen(0, '127.0.0.1', resolve));
  catalogSite.unref();
}

export async function closeOutside(): Promise<void> {
  await upstream?.close();
  catalogSite.close();
  catalogSite.closeAllConnections();
}

const log = '2026-11-22\t10:00:00:000\t 100\t200\tAgent\t*************\n';

const hook = () => ({ address: catalogBody().address, types: ['sync.failed'], allowPrivate: true });
const newHook = async ({ ask, tokens }: TestApi) => {
  const { json } = await ask('/api/v1/webhooks', { method: 'POST', token: tokens.administrator, body: hook() });
  hooks.push(String(json.targetId));
  return `/webhooks/${json.targetId}`;
};
const hooks: string[] = [];
/** One that delivered a message. */
const withDelivered = async (api: TestApi) => {
  const path = await newHook(api);
  const message = { messageId: 'm-1', type: 'test', at: author.at.toISOString(), data: {} };
  await api.administration.store.changeSetting(`notice-target:${path.slice('/webhooks/'.length)}`, (text = '') =>
    JSON.stringify({ ...JSON.parse(text), recent: [message] }),
  );
  return `${path}/replays`;
};
/** There may be only so many. */
export const removeHooks = async ({ administration: { store } }: TestApi) => {
  for (const targetId of hooks.splice(0)) await store.changeSetting(`notice-target:${targetId}`, () => null);
};

/** With a database in a file, and a folder for backups. */
const withBackups = async ({ administration: { server }, clock }: TestApi) => {
  Object.assign(server, { database: join(server.dataDir, 'backed-up.sqlite') });
  await (await openStore(server.database, { now: () => clock.at })).close();
  notePlan(server.dataDir, { ...server.config, backupDir: join(server.dataDir, 'backups') }, clock.at);
  return undefined;
};

export const serverExamples: Record<string, Example> = {
  showBackups: { prepare: withBackups },
  makeBackup: { prepare: withBackups, body: {} },
  listWebhooks: {},
  addWebhook: { body: () => ({ ...hook(), address: `${hook().address}?${++publications}` }) },
  removeWebhook: { prepare: newHook },
  testWebhook: { prepare: async (api) => `${await newHook(api)}/test`, body: {} },
  listWebhookMessages: { prepare: async (api) => `${await newHook(api)}/messages` },
  replayWebhookMessage: { prepare: withDelivered, body: { message: 'm-1' } },
  publishUpdate: { prepare: withKeys, body: () => ({ publication: nextPublication(), allowAll: true }) },
  publishWinget: { prepare: withKeys, body: () => ({ manifests: [nextWinget()], allowPrivate: true, allowAll: true }) },
  applyDefinitions: { body: { documents: [{ groups: [{ name: 'Applied' }] }] } },
  setGroupZone: { path: '/groups/All%20Computers/time-zone', body: { timeZone: 'Europe/Berlin' } },
  verifyAudit: { body: {} },
  readTls: {},
  issueCertificate: { prepare: withKeys, body: {} },
  readSetUp: {},
  noteSetUpStep: { path: '/set-up/steps/source', body: { state: 'skipped' } },
  readSync: {},
  listSyncRuns: {},
  startSync: { prepare: withUpstream, body: {} },
  importUpdate: {
    prepare: withUpstream,
    body: { update: simulatedUpdate(1, { products: 1, changedAt: author.at }).updateId },
  },
  planSync: {},
  explainSync: {},
  listSyncChoices: { path: '/sync/choices/product' },
  changeSyncChoices: { path: '/sync/choices/product', body: {} },
  listCatalogs: {},
  addCatalog: { body: catalogBody },
  refreshCatalog: { prepare: async (api) => `${await newCatalog(api)}/refresh`, body: {} },
  removeCatalog: { prepare: newCatalog },
  listPackages: {},
  listWaiting: {},
  planContent: {},
  fetchContent: { body: {} },
  verifyContent: { body: {} },
  purgeContent: { body: {} },
  planCleanup: {},
  runCleanup: { body: {} },
  explainComputer: { path: `/computers/${computerId}/findings` },
  explainUpdate: { path: `/computers/${computerId}/updates/${idOf(0)}` },
  examineFiles: { body: { files: [{ name: 'WindowsUpdate.log', text: log }] } },
  examineServer: { prepare: newFolder, body: {} },
  listTree: {},
  verifyTree: { body: {} },
  offerRelease: {
    async prepare({ administration: { server } }) {
      mkdirSync(join(server.dataDir, 'self-update/releases/wsus/7.9.0.9'), { recursive: true });
      return undefined;
    },
    body: { version: '7.9.0.9' },
  },
  clearTree: {},
  listReleases: { prepare: newRepository },
  readSigning: { prepare: newRepository },
  readInstallLine: { path: '/releases/install-line?server=http://updates.example.com:8530' },
  listReleaseRollouts: {},
  enterReleaseRings: { prepare: newReleaseRings('none'), body: { rings: 'Agents', version: listed.version } },
  showReleaseRollout: { prepare: newReleaseRings('') },
  holdReleaseRollout: { prepare: newReleaseRings('/hold'), body: { action: 'pause' } },
  advanceReleaseRollout: { prepare: newReleaseRings('/advance', 'pause'), body: { action: 'resume' } },
  recallRelease: { prepare: newRepository, body: { path: releasePath(bad, '.cab'), reason: 'It stops.' } },
  pinRelease: { prepare: newRepository, body: { version: listed.version, group: 'Pilot' } },
  unpinRelease: { path: '/releases/pins?group=Pilot', prepare: newPin },
  publishReleases: { prepare: newRepository, body: { renew: true } },
  listSettings: {},
  listLimits: {},
  readClock: {},
  acceptClock: { body: { now: author.at.toISOString() } },
  checkDatabase: { prepare: newFolder, body: {} },
  exportPolicy: { path: '/policy?format=reg&server=http://updates.example.com:8530' },
};

const withoutRepository = async ({ administration: { server } }: TestApi) => {
  rmSync(join(server.dataDir, 'trust'), { recursive: true });
  return {};
};

const body = (value: unknown) => async () => ({ body: value });

/** Of rules: what the generic ones cannot provoke. */
export const serverProvocations: Record<string, (api: TestApi, asked: Asked) => Promise<Asked & { path?: string }>> = {
  'startSync 409': async ({ administration: { server } }) => {
    const { port } = catalogSite.address() as AddressInfo;
    Object.assign(server.config, { upstream: `http://127.0.0.1:${port}` });
    return {};
  },
  'importUpdate 409': body({ update: 'KB4999999' }),
  'addWebhook 409': body({ address: 'http://chat.example.com/x', types: ['sync.failed'] }),
  'testWebhook 404': async () => ({ path: '/api/v1/webhooks/nowhere/test' }),
  'listWebhookMessages 404': async () => ({ path: '/api/v1/webhooks/nowhere/messages' }),
  'replayWebhookMessage 404': body({ message: 'another' }),
  'publishUpdate 409': body({ publication: 'title: [' }),
  'publishWinget 409': body({ manifests: ['x'] }),
  'setGroupZone 404': async () => ({ path: '/api/v1/groups/Nowhere/time-zone' }),
  'setGroupZone 409': body({ timeZone: 'Mars/Base' }),
  'applyDefinitions 409': body({ documents: [{ rings: [] }] }),
  'changeSyncChoices 409': body({ add: ['Nowhere'] }),
  'addCatalog 409': body({ address: 'http://127.0.0.1:1/x.xml', allowPrivate: true }),
  'refreshCatalog 404': async () => ({ path: '/api/v1/catalogs/Nowhere/refresh' }),
  'listPackages 404': async () => ({ path: '/api/v1/packages?catalog=Nowhere' }),
  'planContent 404': async () => ({ path: '/api/v1/content/plan?update=Nowhere' }),
  'makeBackup 409': async ({ administration: { server }, clock }) => {
    notePlan(server.dataDir, { ...server.config, backupDir: undefined }, clock.at);
    return {};
  },
  'planCleanup 409': async () => ({ path: '/api/v1/cleanup/plan?tasks=computers' }),
  'runCleanup 409': body({ tasks: ['events'] }),
  'fetchContent 404': body({ updates: ['Nowhere'] }),
  'explainComputer 404': async () => ({ path: '/api/v1/computers/nowhere/findings' }),
  'explainUpdate 404': async () => ({ path: `/api/v1/computers/nowhere/updates/${idOf(0)}` }),
  'examineFiles 409': body({ files: [{ name: 'a.log', text: '' }] }),
  'offerRelease 404': body({ version: '1.2.3.4' }),
  'readSigning 409': withoutRepository,
  'unpinRelease 409': withoutRepository,
  'readInstallLine 409': async () => ({ path: '/api/v1/releases/install-line' }),
  'showReleaseRollout 404': async () => ({ path: '/api/v1/releases/rollouts/1.2.3.4' }),
  'enterReleaseRings 404': body({ rings: 'Agents', version: '1.2.3.4' }),
  'enterReleaseRings 409': body({ rings: 'Agents', version: oldest.version }),
  'holdReleaseRollout 404': async () => ({ path: '/api/v1/releases/rollouts/1.2.3.4/hold' }),
  'holdReleaseRollout 409': body({ action: 'pause', until: '2020-01-01T00:00:00Z' }),
  'advanceReleaseRollout 404': async () => ({ path: '/api/v1/releases/rollouts/1.2.3.4/advance' }),
  'advanceReleaseRollout 409': async ({ ask, tokens }) => {
    const skip = { action: 'skip' };
    const path = `/api/v1/releases/rollouts/${listed.version}/advance`;
    await ask(path, { method: 'POST', token: tokens.administrator, body: skip });
    return { body: skip };
  },
  'recallRelease 404': body({ path: 'agent/wsus/nothing.cab', reason: 'It stops.' }),
  'pinRelease 404': body({ version: '1.2.3.4', group: 'Pilot' }),
  'unpinRelease 404': async () => ({ path: '/api/v1/releases/pins?group=Nobody' }),
  'acceptClock 409': body({ now: '2020-01-01T00:00:00Z' }),
  'exportPolicy 409': async () => ({
    path: '/api/v1/policy?format=intune&undo=true&server=http://updates.example.com:8530',
  }),
};
