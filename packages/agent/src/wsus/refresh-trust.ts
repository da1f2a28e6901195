// The operator's signed list in a detection: refreshed before anything is decided, its alarms in the log, and what it
// does not cover in one event each.
import { counted } from '@moult/formats/text';
import { formatHResult } from '@moult/protocol/hresult';
import { readOperatorCertificate } from '../program/shell.ts';
import { type Cover, createCover } from '../trust/cover.ts';
import { type OperatorMetadata, readOperatorMetadata } from '../trust/operator-metadata.ts';
import type { Detection, DetectionParts } from './detect-updates.ts';
import { updateRefused } from './report/events.ts';
import type { CachedRevision } from './sync/update-cache.ts';

/** Never a stop: what is wrong is in the log. */
export async function refreshTrust({ context, session, log }: DetectionParts): Promise<OperatorMetadata> {
  const { root, now } = context;
  const { server, mirrors, userAgent, limits } = session;
  const operatorCaPem = readOperatorCertificate(root);
  const metadata = await readOperatorMetadata(root, { server, mirrors, userAgent, limits, operatorCaPem, now });
  log.write(
    'Agent',
    `  * Trust metadata: ${meanings[metadata.state]}, ${counted(metadata.updates.size, 'update')} covered`,
  );
  for (const alarm of metadata.alarms) log.write('Agent', `  * WARNING: Trust metadata: ${alarm}`);
  return metadata;
}

const meanings: Readonly<Record<OperatorMetadata['state'], string>> = {
  current: 'current',
  expired: 'expired, and used all the same',
  'last-good': 'the last good list',
  none: 'none that can be used',
  unpinned: 'the server has none',
};

export function coverOf({ session }: DetectionParts, metadata: OperatorMetadata): Cover {
  const { policy, allowUncovered } = session;
  return createCover({ metadata, targetGroup: policy.targetGroup, allowUncovered });
}

/** Approved since the list was read, perhaps: it is worth another look before anything is refused. */
export function mayBeBehind({ cache, cover }: Detection, { state }: OperatorMetadata): boolean {
  return state !== 'unpinned' && cache.all().some((revision) => isOfConcern(revision) && cover.problemOf(revision));
}

/** One event for each update whose rules want to run a program, and are not those that the operator signed. */
export function reportRefused({ cache, cover, events, refused, log, context }: Detection): void {
  for (const revision of cache.all()) {
    const { updateId, revisionNumber } = revision.core.identity;
    const problem = hasCommands(revision) ? cover.problemOf(revision) : undefined;
    if (!problem || refused.has(updateId)) continue;
    refused.add(updateId);
    log.write(
      'Agent',
      `  * WARNING: CommandExit is not run, error = ${formatHResult(problem.hresult)}: ${problem.message}`,
    );
    context.progress('failed', `${formatHResult(problem.hresult)} ${problem.message}`);
    events.add(updateRefused({ updateId, revision: revisionNumber }, problem.hresult, problem.message));
  }
}

function isOfConcern(revision: CachedRevision): boolean {
  const { core, deployment } = revision;
  return hasCommands(revision) || (deployment?.action === 'Install' && core.updateType === 'Software');
}

function hasCommands({ xml }: CachedRevision): boolean {
  return xml.includes('CommandExit');
}
