// The answer of SyncUpdates and SyncPrinterCatalog for one page of revisions.
import type { SyncDecision, SyncedRevision } from '@moult/catalog';
import { readyToSend, type SyncInfo, type UpdateInfo } from '@moult/protocol/client-web-service';
import { escapedXml } from '@moult/protocol/soap';
import type { ClientClaims } from '../../update-service/cookie.ts';
import type { ReadyUpdate } from '../../update-service/ready-updates.ts';
import { type UpdateService, wireCookie } from '../../update-service/update-service.ts';
import { speaksAtLeast } from './get-config.ts';
import { wireDeployment, wireFormOf } from './wire-deployment.ts';

/** A driver names the hardware ids that it was matched by. */
type Synced = SyncedRevision & { hardwareIds?: readonly string[] };

/** The answer to one pass. `claims` go into the new cookie. */
export async function describeSync(
  service: UpdateService,
  decision: SyncDecision,
  claims: ClientClaims,
): Promise<SyncInfo> {
  const page = await describeNew(service, decision.newRevisions, claims.protocolVersion);
  return {
    newUpdates: page.updates,
    outOfScopeRevisionIds: decision.outOfScope,
    changedUpdates: decision.changed.map((revision) => describe(revision, claims.protocolVersion)),
    truncated: decision.truncated || page.isCut,
    newCookie: wireCookie(service, claims),
    deployedOutOfScopeRevisionIds: decision.deployedOutOfScope,
    ...(knowsCategoryScans(claims) && { driverSyncNotNeeded: String(decision.driverSyncNotNeeded) }),
  };
}

/** MS-WUSP 2.2.2.2.4: DeployedOutOfScopeRevisionIds and DriverSyncNotNeeded are for clients that speak 1.7 or later. */
export function knowsCategoryScans({ protocolVersion }: ClientClaims): boolean {
  return speaksAtLeast(protocolVersion, '1.7');
}

/** New updates with their Core fragments, cut before the answer becomes too large. */
async function describeNew(
  service: UpdateService,
  revisions: readonly Synced[],
  protocolVersion: string,
): Promise<{ updates: UpdateInfo[]; isCut: boolean }> {
  const updates: UpdateInfo[] = [];
  let room = service.config.maxAnswerMib * 1_048_576;
  for (const ready of await loadReady(service, revisions, protocolVersion)) {
    if (!ready) continue;
    room -= ready.coreLength;
    // One always goes: a fragment larger than any answer is otherwise asked for for ever.
    if (room < 0 && updates.length > 0) return { updates, isCut: true };
    updates.push(ready.update);
  }
  return { updates, isCut: false };
}

type Loaded = Pick<ReadyUpdate, 'coreLength'> & { update: UpdateInfo };

/** In the order of `revisions`. Undefined for one whose fragment is gone. */
async function loadReady(
  { fragments, readyUpdates }: UpdateService,
  revisions: readonly Synced[],
  protocolVersion: string,
): Promise<(Loaded | undefined)[]> {
  const form = wireFormOf(protocolVersion);
  // A driver names the devices of its client, so it is for this client alone.
  const found = revisions.map((revision) => (revision.hardwareIds ? undefined : readyUpdates.find(revision, form)));
  const missing = revisions.filter((_, at) => !found[at]).map(({ revisionId }) => revisionId);
  if (missing.length === 0) return found;
  const cores = await fragments.load('core', missing);
  return revisions.map((revision, at) => {
    const core = cores.get(revision.revisionId);
    if (found[at] || core === undefined) return found[at];
    const update = { ...describe(revision, protocolVersion), xml: escapedXml(core) };
    if (revision.hardwareIds) return { update, coreLength: core.length };
    const ready = { update: readyToSend(update), coreLength: core.length };
    readyUpdates.keep(revision, form, ready);
    return ready;
  });
}

/** A changed update: its deployment, without a fragment. */
function describe({ revisionId, deployment, isLeaf, hardwareIds }: Synced, protocolVersion: string): UpdateInfo {
  return { id: revisionId, deployment: wireDeployment(deployment, protocolVersion, hardwareIds), isLeaf };
}
