// SyncUpdates (MS-WUSP 3.1.5.7). The catalogue decides; here the request is checked, fragments are put to the
// decision, and the page is cut where the answer would become too large.
import { decideSync, type RevisionId, type SyncDecision, type SyncedRevision, type UpdateId } from '@moult/catalog';
import type { SyncInfo, SyncUpdateParameters, UpdateInfo } from '@moult/protocol/client-web-service';
import { escapedXml } from '@moult/protocol/soap';
import { SoapFault } from '../../errors.ts';
import { type Client, type UpdateService, wireCookie } from '../soap/update-service.ts';
import { wireDeployment } from './wire-deployment.ts';

export async function syncUpdates(
  service: UpdateService,
  { claims, deployments }: Client,
  parameters: SyncUpdateParameters | undefined,
): Promise<SyncInfo> {
  const request = checked(service, parameters);
  service.contacts.note(claims.computerId, 'synced');
  if (request.skipSoftwareSync) return driverPass(service, { claims, deployments }, request);
  const decision = decideSync(service.catalogue.index, deployments, {
    installedNonLeaf: request.installedNonLeafUpdateIds as RevisionId[],
    otherCached: request.otherCachedUpdateIds as RevisionId[],
    filterCategoryIds: request.filterCategoryIds.map(({ id }) => id as UpdateId),
    needTwoGroupOutOfScope: request.needTwoGroupOutOfScopeUpdates === true,
    maxNew: service.config.maxUpdatesPerSync,
    ...(claims.anchor !== undefined && { anchor: claims.anchor }),
  });
  const page = await describeNew(service, decision.newRevisions, claims.protocolVersion);
  return {
    newUpdates: page.updates,
    outOfScopeRevisionIds: decision.outOfScope,
    changedUpdates: decision.changed.map((revision) => describe(revision, claims.protocolVersion)),
    truncated: decision.truncated || page.isCut,
    newCookie: wireCookie(service, { ...claims, anchor: decision.anchor }),
    deployedOutOfScopeRevisionIds: decision.deployedOutOfScope,
    driverSyncNotNeeded: String(decision.driverSyncNotNeeded),
  };
}

function checked({ config }: UpdateService, parameters: SyncUpdateParameters | undefined): SyncUpdateParameters {
  if (!parameters) throw new SoapFault('InvalidParameters', 'parameters');
  // Entries count, not distinct ids: so does real WSUS with its 400.
  if (parameters.installedNonLeafUpdateIds.length > config.maxInstalledIds) {
    throw new SoapFault('InvalidParameters', 'parameters.InstalledNonLeafUpdateIDs');
  }
  if (!parameters.skipSoftwareSync && parameters.systemSpec.length > 0) {
    throw new SoapFault('InvalidParameters', 'parameters.SystemSpec');
  }
  return parameters;
}

async function describeNew(
  { fragments, config }: UpdateService,
  revisions: readonly SyncedRevision[],
  protocolVersion: string,
): Promise<{ updates: UpdateInfo[]; isCut: boolean }> {
  const cores = await fragments.load(
    'core',
    revisions.map(({ revisionId }) => revisionId),
  );
  const updates: UpdateInfo[] = [];
  let room = config.maxAnswerMib * 1_048_576;
  for (const revision of revisions) {
    const core = cores.get(revision.revisionId);
    if (core === undefined) continue;
    room -= core.length;
    // One always goes: a fragment larger than any answer would otherwise be asked for for ever.
    if (room < 0 && updates.length > 0) return { updates, isCut: true };
    updates.push({ ...describe(revision, protocolVersion), xml: escapedXml(core) });
  }
  return { updates, isCut: false };
}

function describe({ revisionId, deployment, isLeaf }: SyncedRevision, protocolVersion: string): UpdateInfo {
  return { id: revisionId, deployment: wireDeployment(deployment, protocolVersion), isLeaf };
}

function driverPass(service: UpdateService, { claims, deployments }: Client, request: SyncUpdateParameters): SyncInfo {
  const decision: SyncDecision = decideSync(service.catalogue.index, deployments, {
    installedNonLeaf: request.installedNonLeafUpdateIds as RevisionId[],
    otherCached: [],
    filterCategoryIds: [],
    needTwoGroupOutOfScope: false,
    maxNew: 0,
  });
  const { index } = service.catalogue;
  return {
    newUpdates: [],
    outOfScopeRevisionIds: request.cachedDriverIds.filter((id) => !index.get(id as RevisionId)),
    changedUpdates: [],
    truncated: false,
    newCookie: wireCookie(service, claims),
    deployedOutOfScopeRevisionIds: [],
    driverSyncNotNeeded: String(decision.driverSyncNotNeeded),
  };
}
