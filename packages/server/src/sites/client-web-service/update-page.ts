// What SyncUpdates and SyncPrinterCatalog answer of one page of revisions.
import type { SyncDecision, SyncedRevision } from '@moult/catalog';
import type { SyncInfo, UpdateInfo } from '@moult/protocol/client-web-service';
import { escapedXml } from '@moult/protocol/soap';
import type { ClientClaims } from '../../cookie.ts';
import { type UpdateService, wireCookie } from '../soap/update-service.ts';
import { speaksAtLeast } from './get-config.ts';
import { wireDeployment } from './wire-deployment.ts';

/** A driver names the hardware ids that it was matched by. */
type Synced = SyncedRevision & { hardwareIds?: readonly string[] };

/** The answer to one pass; `claims` go into the new cookie. */
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

/** New updates with their Core fragments, cut where the answer would become too large. */
async function describeNew(
  { fragments, config }: UpdateService,
  revisions: readonly Synced[],
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

/** A changed update: its deployment, without a fragment. */
function describe({ revisionId, deployment, isLeaf, hardwareIds }: Synced, protocolVersion: string): UpdateInfo {
  return { id: revisionId, deployment: wireDeployment(deployment, protocolVersion, hardwareIds), isLeaf };
}
