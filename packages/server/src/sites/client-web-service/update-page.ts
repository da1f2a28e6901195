// What SyncUpdates and SyncPrinterCatalog answer of one page of revisions.
import type { SyncedRevision } from '@moult/catalog';
import type { UpdateInfo } from '@moult/protocol/client-web-service';
import { escapedXml } from '@moult/protocol/soap';
import type { UpdateService } from '../soap/update-service.ts';
import { wireDeployment } from './wire-deployment.ts';

/** A driver names the hardware ids that it was matched by. */
type Synced = SyncedRevision & { hardwareIds?: readonly string[] };

/** New updates with their Core fragments, cut where the answer would become too large. */
export async function describeNew(
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
export function describe({ revisionId, deployment, isLeaf, hardwareIds }: Synced, protocolVersion: string): UpdateInfo {
  return { id: revisionId, deployment: wireDeployment(deployment, protocolVersion, hardwareIds), isLeaf };
}
