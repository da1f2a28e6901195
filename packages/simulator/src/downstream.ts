// A downstream server that is played against a real upstream server (MS-WSUSSS 3.2): it asks for everything that a WSUS
// asks for, and names each answer that a WSUS cannot use. It keeps nothing.
import {
  dssAuthWebService,
  dssTargeting,
  type ListedIdentity,
  type ServerSyncConfigData,
  type ServerSyncDeployment,
  type ServerSyncDeployments,
  type ServerSyncFilter,
  serverSyncWebService,
} from '@moult/protocol/server-sync';
import { type DocumentCheck, troubleIn } from './downstream-documents.ts';
import { type DownstreamLine, DownstreamTrouble } from './downstream-line.ts';
import { reportUp } from './downstream-reports.ts';

export interface DownstreamOptions {
  line: DownstreamLine;
  now(): Date;
  account: { name: string; id: string };
  /** Of MS-WSUSSS, for example 1.20. */
  protocolVersion: string;
  /** Asks for groups and decisions as a replica does. */
  isReplica: boolean;
  /** Made-up computers that are reported. 0: nothing is reported. */
  computers: number;
  /** Told of each step that ended. */
  onStep?(step: DownstreamStep): void;
}

export interface DownstreamStep {
  name: 'authorization' | 'configuration' | 'lists' | 'updates' | 'keys' | 'again' | 'decisions' | 'reports';
  /** Figures of the step, by name. */
  figures: Readonly<Record<string, number>>;
  /** Each is a sentence about an answer that a WSUS cannot use. */
  findings: string[];
}

export interface DownstreamReport {
  steps: DownstreamStep[];
  calls: number;
  bytes: number;
  /** Of all steps. */
  findings: number;
}

interface Walk extends DownstreamOptions {
  /** Throws DownstreamTrouble. */
  ask: ReturnType<typeof asker>;
  config: ServerSyncConfigData;
  /** By kind of list. */
  lists: { config: Listed; updates: Listed };
}

interface Listed {
  anchor: string;
  identities: ListedIdentity[];
}

/** Findings of one step: a hundred say as much as a million. */
const findingsKept = 20;
/** Microsoft's public service writes no number before the time. */
const anchorPattern = /^(?:\d+,)?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/;

/** Plays one whole synchronisation, then a second one. Throws DownstreamTrouble when the upstream server ends it. */
export async function playDownstream(options: DownstreamOptions): Promise<DownstreamReport> {
  const steps: DownstreamStep[] = [];
  const done = (step: DownstreamStep) => {
    steps.push(step);
    options.onStep?.(step);
  };
  const { ask, step: authorization } = await authorize(options);
  done(authorization);
  const { config, step: configuration } = await configure(ask);
  done(configuration);
  const { lists, step: listed } = await askLists(ask);
  done(listed);
  const walk: Walk = { ...options, ask, config, lists };
  const { step: updates, encrypted } = await askUpdates(walk);
  done(updates);
  if (encrypted.length > 0) done(await askKeys(walk, encrypted));
  done(await askAgain(walk));
  if (options.isReplica) done(await askDecisions(walk));
  if (options.computers > 0) done({ name: 'reports', ...(await reportUp(options)) });
  const { calls, bytes } = options.line;
  return { steps, calls, bytes, findings: steps.reduce((sum, { findings }) => sum + findings.length, 0) };
}

async function authorize({ line, account, protocolVersion, now }: DownstreamOptions) {
  const { result: config } = await line.call(serverSyncWebService, 'GetAuthConfig', {});
  const plugIn = config?.authInfo.find(({ plugInId }) => plugInId === dssTargeting);
  if (!plugIn) throw new DownstreamTrouble('GetAuthConfig names no plug-in DssTargeting');
  const path = plugIn.serviceUrl ? `/${plugIn.serviceUrl.replace(/^\/+/, '')}` : undefined;
  const asked = { accountName: account.name, accountGuid: account.id, programKeys: [] };
  const { result: authorization } = await line.call(dssAuthWebService, 'GetAuthorizationCookie', asked, path);
  if (!authorization) throw new DownstreamTrouble('GetAuthorizationCookie has no result');
  const { result: cookie } = await line.call(serverSyncWebService, 'GetCookie', {
    ...{ authCookies: [authorization], protocolVersion },
  });
  if (!cookie?.encryptedData) throw new DownstreamTrouble('GetCookie has no cookie');
  const minutes = Math.round((cookie.expiration.getTime() - now().getTime()) / 60_000);
  const findings = minutes > 0 ? [] : [`The cookie expired ${-minutes} minutes ago: the clocks differ.`];
  const step: DownstreamStep = { name: 'authorization', figures: { cookieMinutes: minutes }, findings };
  return { ask: asker(line, cookie), step };
}

function asker(line: DownstreamLine, cookie: { expiration: Date; encryptedData?: Uint8Array | undefined }) {
  return {
    config: async () => required('GetConfigData', await line.call(serverSyncWebService, 'GetConfigData', { cookie })),
    list: async (filter: ServerSyncFilter) =>
      required('GetRevisionIdList', await line.call(serverSyncWebService, 'GetRevisionIdList', { cookie, filter })),
    updates: async (updateIds: ListedIdentity[]) =>
      required('GetUpdateData', await line.call(serverSyncWebService, 'GetUpdateData', { cookie, updateIds })),
    keys: async (updateIds: ListedIdentity[]) =>
      required(
        'GetUpdateDecryptionData',
        await line.call(serverSyncWebService, 'GetUpdateDecryptionData', { cookie, updateIds }),
      ),
    decisions: async (anchors: { syncAnchor: string; deploymentAnchor?: string | undefined }) =>
      required('GetDeployments', await line.call(serverSyncWebService, 'GetDeployments', { cookie, ...anchors })),
  };
}

/** A list that the contract demands. WSUS reads an absent one as an error. */
function requiredList<Item>(name: string, list: Item[] | undefined): Item[] {
  if (list === undefined) throw new DownstreamTrouble(`the answer has no ${name}, which must be there`);
  return list;
}

function required<Result>(name: string, { result }: { result?: Result | undefined }): Result {
  if (result === undefined) throw new DownstreamTrouble(`the answer to ${name} has no result`);
  return result;
}

async function configure(ask: Walk['ask']): Promise<{ config: ServerSyncConfigData; step: DownstreamStep }> {
  const config = await ask.config();
  const findings: string[] = [];
  if (config.maxUpdates < 1) throw new DownstreamTrouble('GetConfigData allows no update in a request');
  const languages = requiredList('LanguageUpdateList', config.languages);
  if (languages.length === 0) findings.push('GetConfigData names no language, so a WSUS can choose none.');
  const figures = { languages: languages.length, updatesPerRequest: config.maxUpdates };
  return { config, step: { name: 'configuration', figures, findings } };
}

function filterOf(getConfig: boolean, anchor?: string): ServerSyncFilter {
  const everything = { categories: [], classifications: [], languages: [] };
  return { getConfig, get63LanguageOnly: false, ...everything, ...(anchor !== undefined && { anchor }) };
}

async function newIn(ask: Walk['ask'], filter: ServerSyncFilter) {
  const { anchor, newRevisions } = await ask.list(filter);
  return { anchor, newRevisions: requiredList('NewRevisions', newRevisions) };
}

async function askLists(ask: Walk['ask']): Promise<{ lists: Walk['lists']; step: DownstreamStep }> {
  const findings: string[] = [];
  const listOf = async (getConfig: boolean): Promise<Listed> => {
    const { anchor = '', newRevisions } = await newIn(ask, filterOf(getConfig));
    const kind = getConfig ? 'of categories' : 'of updates';
    if (!anchorPattern.test(anchor))
      findings.push(`The anchor "${anchor.slice(0, 60)}" of the list ${kind} is not as Windows wants it.`);
    const twice = newRevisions.length - new Set(newRevisions.map(nameOf)).size;
    if (twice > 0) findings.push(`The list ${kind} names ${twice} revisions twice.`);
    return { anchor, identities: newRevisions };
  };
  const lists = { config: await listOf(true), updates: await listOf(false) };
  const figures = { categories: lists.config.identities.length, updates: lists.updates.identities.length };
  return { lists, step: { name: 'lists', figures, findings } };
}

async function askUpdates({
  ask,
  config,
  lists,
}: Walk): Promise<{ step: DownstreamStep; encrypted: ListedIdentity[] }> {
  const findings: string[] = [];
  const figures = { documents: 0, files: 0, requests: 0 };
  const wanted = [...lists.config.identities, ...lists.updates.identities];
  /** Files that have an address of their publisher. */
  const located = new Set<string>();
  const digests = new Set<string>();
  const encrypted: ListedIdentity[] = [];
  while (wanted.length > 0) {
    const batch = wanted.splice(0, config.maxUpdates);
    const { updates, fileUrls } = await ask.updates(batch);
    figures.requests++;
    for (const { fileDigest, muUrl } of fileUrls)
      if (fileDigest && muUrl) located.add(Buffer.from(fileDigest).toString('hex'));
    const checks = new Map(updates.map((one) => [one.id && nameOf(one.id), troubleIn(one)]));
    // An upstream server may answer fewer than it was asked for. The others are asked for again.
    const rest = batch.filter((id) => !checks.has(nameOf(id)));
    if (rest.length === batch.length) {
      note(findings, `GetUpdateData answered none of ${batch.length} updates, the first is ${nameOf(rest[0])}.`);
      continue;
    }
    wanted.unshift(...rest);
    encrypted.push(...batch.filter((id) => checks.get(nameOf(id))?.isEncrypted));
    for (const [name, check] of checks) countDocument(name ?? 'without an id', check);
  }
  // A server below asks the server above for these: DownloadFiles, then /Content.
  const filesFromUpstream = [...digests].filter((digest) => !located.has(digest)).length;
  const all = { ...figures, files: digests.size, filesFromUpstream };
  return { step: { name: 'updates', figures: all, findings }, encrypted };

  function countDocument(name: string, { trouble, files }: DocumentCheck): void {
    figures.documents++;
    if (trouble) note(findings, `The document of ${name} ${trouble}.`);
    for (const digest of files) digests.add(digest);
  }
}

/** Clients cannot use an encrypted file without its key (MS-WSUSSS 3.1.4.18). */
async function askKeys({ ask, config }: Walk, encrypted: readonly ListedIdentity[]): Promise<DownstreamStep> {
  const findings: string[] = [];
  const figures = { encryptedUpdates: encrypted.length, keys: 0, requests: 0 };
  const size = config.maxDecryptionUpdates;
  if (size < 1)
    findings.push('GetConfigData allows no update in GetUpdateDecryptionData, and updates have encrypted files.');
  for (let at = 0; size > 0 && at < encrypted.length; at += size) {
    const batch = encrypted.slice(at, at + size);
    const { updates } = await ask.keys(batch);
    figures.requests++;
    const told = new Map(updates.map(({ updateId, files }) => [nameOf(updateId), files]));
    for (const id of batch) {
      const keys = (told.get(nameOf(id)) ?? []).filter(
        ({ decryptionKey }) => decryptionKey && decryptionKey.length > 0,
      );
      figures.keys += keys.length;
      if (keys.length === 0) note(findings, `${nameOf(id)} has an encrypted file, and no key is told.`);
    }
  }
  return { name: 'keys', figures, findings };
}

/** A WSUS asks each time with its anchors. The lists then have new revisions only. */
async function askAgain({ ask, lists }: Walk): Promise<DownstreamStep> {
  const config = await newIn(ask, filterOf(true, lists.config.anchor));
  const updates = await newIn(ask, filterOf(false, lists.updates.anchor));
  const known = new Set([...lists.config.identities, ...lists.updates.identities].map(nameOf));
  const again = [...config.newRevisions, ...updates.newRevisions].filter((id) => known.has(nameOf(id)));
  const findings =
    again.length > 0 ? [`${again.length} revisions are listed again, with an anchor that has them.`] : [];
  const figures = { newCategories: config.newRevisions.length, newUpdates: updates.newRevisions.length };
  return { name: 'again', figures, findings };
}

async function askDecisions({ ask, lists }: Walk): Promise<DownstreamStep> {
  const syncAnchor = lists.updates.anchor;
  const first = await ask.decisions({ syncAnchor });
  const second = await ask.decisions({ syncAnchor, deploymentAnchor: first.anchor });
  const groups = requiredList('Groups', first.groups);
  const deployments = requiredList('Deployments', first.deployments);
  const declined = requiredList('HiddenUpdates', first.hiddenUpdates);
  const findings = decisionFindings(groups, deployments, new Set(lists.updates.identities.map((one) => one.updateId)));
  if (!first.anchor) findings.push('GetDeployments has no anchor, so a replica hears everything each time.');
  const before = new Set(deployments.map(({ deploymentGuid }) => deploymentGuid));
  if (requiredList('Deployments', second.deployments).some(({ deploymentGuid }) => before.has(deploymentGuid)))
    findings.push('GetDeployments tells decisions again, with an anchor that has them.');
  const figures = { groups: groups.length, decisions: deployments.length, declined: declined.length };
  return { name: 'decisions', figures, findings };
}

function decisionFindings(
  groups: NonNullable<ServerSyncDeployments['groups']>,
  deployments: readonly ServerSyncDeployment[],
  known: ReadonlySet<string>,
): string[] {
  const findings: string[] = [];
  if (groups.filter(({ isBuiltIn }) => isBuiltIn).length !== 2)
    findings.push('GetDeployments does not name the two groups that every WSUS has.');
  const names = new Set(groups.map(({ groupId }) => groupId));
  for (const { updateId, groupId } of deployments) {
    if (!names.has(groupId)) note(findings, `The decision on ${updateId} is for group ${groupId}, which is not told.`);
    if (!known.has(updateId)) note(findings, `The decision on ${updateId} is for an update that is not listed.`);
  }
  return findings;
}

function note(findings: string[], finding: string): void {
  if (findings.length < findingsKept) findings.push(finding);
}

function nameOf(identity: ListedIdentity | undefined): string {
  return identity ? `${identity.updateId}@${identity.revisionNumber}` : '';
}
