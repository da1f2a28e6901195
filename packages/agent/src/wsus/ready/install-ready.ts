// Installs updates whose files are here: instructions from the operator's signature, files verified again, the result
// checked by the update's own rule.
import { join } from 'node:path';
import { formatHResult, hresult } from '@moult/protocol/hresult';
import { programBounds } from '../../bounds.ts';
import { AgentError } from '../../errors.ts';
import type { WsusLog } from '../../logs/wsus-log.ts';
import { auState, stateIs } from '../../machine/au-state.ts';
import { outcomeOf } from '../../program/outcome.ts';
import { type ProgramContext, readOperatorCertificate } from '../../program/shell.ts';
import type { Cover } from '../../trust/cover.ts';
import { type InstallRequest, installRevision } from '../install/install-revision.ts';
import { nameOf } from '../install/partial-downloads.ts';
import type { EventQueue } from '../report/event-queue.ts';
import * as events from '../report/events.ts';
import { type Evaluation, identityKey } from '../sync/evaluate.ts';
import type { CachedRevision, UpdateCache } from '../sync/update-cache.ts';
import type { ReadyEntry } from './ready-state.ts';

/** The judges of an installation. */
export interface Judges {
  cache: UpdateCache;
  cover: Cover;
  evaluate(): Evaluation;
}

interface InstallParts {
  context: ProgramContext;
  log: WsusLog;
  events: EventQueue;
  judges: Judges;
}

export type Installed =
  | { kind: 'installed'; needsRestart: boolean }
  | { kind: 'failed' }
  /** No longer approved, no longer needed, or not in the cache: nothing was done. */
  | { kind: 'gone' };

/** Never throws: what fails is in the log, on the way to the server, and in the answer. */
export async function installReady(parts: InstallParts, entry: ReadyEntry): Promise<Installed> {
  const { context, log, judges } = parts;
  const revision = revisionOf(judges.cache, entry);
  const isApproved = revision?.deployment?.action === 'Install';
  if (!revision || !isApproved || judges.evaluate().stateOf(revision) !== 'installable') return { kind: 'gone' };
  const about = aboutEntry(entry);
  log.write('Handler', ':: START ::  Handler: Command Line Install');
  log.write('Handler', `  : Updates to install = 1: ${entry.title}`);
  context.progress('install', `Installing "${entry.title}".`);
  parts.events.add(events.installStarted(about));
  try {
    const needsRestart = await run(parts, entry, revision);
    parts.events.add(events.installSucceeded(about, needsRestart));
    context.registry.change(stateIs(needsRestart ? auState.restartPending : auState.installComplete));
    context.progress('installed', `"${entry.title}" is installed${needsRestart ? ' and needs a restart' : ''}.`);
    return { kind: 'installed', needsRestart };
  } catch (cause) {
    noteFailure(parts, entry.title, cause, 'Handler', 'Installation');
    parts.events.add(events.installFailed(about, outcomeOf(cause).hresult));
    return { kind: 'failed' };
  } finally {
    log.write('Handler', '::  END  ::  Handler: Command Line Install');
  }
}

/** Answers whether a restart is needed. */
async function run({ context, judges }: InstallParts, entry: ReadyEntry, revision: CachedRevision): Promise<boolean> {
  const { root } = context;
  const requests = entry.parts.map((part) => requestOf(judges, root.downloadFolder, part));
  const how = { root, operatorCaPem: readOperatorCertificate(root), timeoutMs: programBounds.maxInstallerMs };
  let needsRestart = false;
  for (const request of requests) needsRestart = (await installRevision(how, request)).rebootRequired || needsRestart;
  const state = judges.evaluate().stateOf(revision);
  if (state === 'installed' || needsRestart) return needsRestart;
  const message = `"${entry.title}" ran without an error, but its own rule does not find it installed (${state}).`;
  throw new AgentError('AGENT_INSTALL_NOT_APPLIED', message, { hresult: hresult.installerFailure });
}

function requestOf({ cache, cover }: Judges, folder: string, part: ReadyEntry['parts'][number]): InstallRequest {
  const revision = revisionOf(cache, part);
  if (!revision) {
    const text = `Update ${part.updateId} is no longer among those that the server told of.`;
    throw new AgentError('AGENT_UPDATE_NOT_COVERED', text, { hresult: hresult.notTrusted });
  }
  const { files, handler } = cover.requireInstructions({ revision, files: part.files, handler: part.handler });
  const paths = files.map((file) => ({ name: file.fileName, path: join(folder, nameOf(file)), sha256: file.sha256 }));
  return { updateId: part.updateId, handler, files: paths };
}

function revisionOf(
  cache: UpdateCache,
  { updateId, revision }: { updateId: string; revision: number },
): CachedRevision | undefined {
  const wanted = identityKey({ updateId, revisionNumber: revision });
  return cache.all().find(({ core }) => identityKey(core.identity) === wanted);
}

function aboutEntry({ updateId, revision, title }: ReadyEntry): events.UpdateInEvent {
  return { updateId, revision, title };
}

export function noteFailure(
  { log, context }: Pick<InstallParts, 'log' | 'context'>,
  title: string,
  cause: unknown,
  component: 'DnldMgr' | 'Handler',
  what: string,
): void {
  const { hresult: code, message } = outcomeOf(cause);
  log.write(component, `WARNING: ${what} of "${title}" failed, error = ${formatHResult(code)}: ${message}`);
  context.progress('failed', `${what} of "${title}" failed: ${formatHResult(code)} ${message}`);
}
