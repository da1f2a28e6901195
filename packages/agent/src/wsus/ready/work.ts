// Does the work that the decision says (plan/decide-work.ts). It installs updates that are due, restarts the machine,
// and notes updates that wait. It answers when to decide again. In a detection and between two of them.

import { hresult } from '@moult/protocol/hresult';
import type { WsusLog } from '../../logs/wsus-log.ts';
import { auState, resultOf, stateIs } from '../../machine/au-state.ts';
import { formatDottedTime } from '../../machine/au-time.ts';
import { isOtherBoot, type Machinery } from '../../machine/boot.ts';
import { runningInstaller } from '../../machine/installer-mark.ts';
import { keys } from '../../machine/keys.ts';
import { text } from '../../machine/registry.ts';
import { decideWork } from '../../plan/decide-work.ts';
import { readWorkPolicy } from '../../plan/read-work-policy.ts';
import { afterDays, afterMinutes } from '../../plan/schedule.ts';
import type { InstallReason, WorkDecision, WorkPolicy } from '../../plan/work.ts';
import { readPolicyFiles } from '../../policy/files.ts';
import type { ProgramContext } from '../../program/shell.ts';
import type { EventQueue } from '../report/event-queue.ts';
import { type Installed, installReady, type Judges } from './install-ready.ts';
import type { ReadyEntry, ReadyState, ReadyStore, WaitingRestart } from './ready-state.ts';

interface WorkParts {
  context: ProgramContext;
  log: WsusLog;
  events: EventQueue;
  store: ReadyStore;
  machinery: Machinery;
  /** A person asked: nothing waits. */
  insist: boolean;
  /** The judges of installations: asked for only when something is due. */
  openJudges(): Promise<Judges>;
}

interface WorkResult {
  installed: number;
  /** Update ids. */
  failed: string[];
  /** Why something was not done yet, '' when nothing waits. */
  waits: string;
  /** When to look again. Undefined: when something is found. */
  again: Date | undefined;
}

/** Throws what the disk says, and what `openJudges` throws. An update that fails is left to the next detection. */
export async function workOnReady(parts: WorkParts): Promise<WorkResult> {
  const result: WorkResult = { installed: 0, failed: [], waits: '', again: undefined };
  const policy = readWorkPolicy(parts.context.registry.read(), readPolicyFiles(parts.context.root));
  const other = runningInstaller(parts.context.root);
  if (other) {
    // An earlier installer, which went on while the agent was started again. Two at once are in each other's way.
    const waits = `an installer of before still runs (process ${other.pid})`;
    return { ...result, waits, again: afterMinutes(parts.context.now(), 1) };
  }
  const state = parts.store.read();
  forgetDoneRestart(parts, state);
  let judges: Judges | undefined;
  let hasTried = false;
  for (let decision = await decide(parts, policy, state); ; decision = await decide(parts, policy, state)) {
    if (decision.install.length === 0) {
      const done = conclude(parts, policy, state, decision, result);
      if (hasTried) noteResult(parts, result);
      return done;
    }
    hasTried = true;
    judges ??= await parts.openJudges();
    for (const { id, reason } of decision.install)
      await installOne(parts, judges, policy, state, { id, reason }, result);
  }
}

/** Last of all: whoever sees it finds AUState as it is from now on. */
function noteResult({ context }: WorkParts, { failed }: WorkResult): void {
  context.registry.change(resultOf('Install', context.now(), failed.length === 0 ? 0 : hresult.installerFailure));
}

async function decide(parts: WorkParts, policy: WorkPolicy, state: ReadyState): Promise<WorkDecision> {
  const { context, insist, machinery } = parts;
  const users = state.restart ? await machinery.countUsers() : 0;
  return decideWork({
    ...{ now: context.now(), policy, insist, awakeSince: context.awakeSince(), planned: state.planned, users },
    updates: state.entries.map((entry) => ({ ...entry, id: entry.updateId })),
    restart: state.restart,
  });
}

/** In every case the entry is done with: the next detection finds again what is still needed. */
async function installOne(
  parts: WorkParts,
  judges: Judges,
  policy: WorkPolicy,
  state: ReadyState,
  { id, reason }: { id: string; reason: InstallReason },
  result: WorkResult,
): Promise<void> {
  const entry = state.entries.find(({ updateId }) => updateId === id);
  if (!entry) return;
  parts.log.write('AU', `AU: Installing "${entry.title}": ${reason}`);
  const done: Installed = await installReady({ ...parts, judges }, entry);
  state.entries = state.entries.filter((one) => one !== entry);
  if (done.kind === 'installed') result.installed += 1;
  if (done.kind === 'failed') result.failed.push(id);
  if (done.kind === 'installed' && done.needsRestart) state.restart ??= restartFor(parts, policy, entry, reason);
  parts.store.write(state);
}

function restartFor(
  { context, machinery }: WorkParts,
  { compliance }: WorkPolicy,
  { kind }: ReadyEntry,
  reason: InstallReason,
): WaitingRestart {
  const rule = reason === 'the compliance deadline has passed' ? compliance[kind] : undefined;
  return {
    ...{ since: context.now(), kind, boot: machinery.boot(), askedAt: undefined },
    byDeadline: reason === 'the deadline of its approval has passed',
    graceEnds: rule && afterDays(context.now(), rule.graceDays),
  };
}

function forgetDoneRestart({ context, log, store, machinery }: WorkParts, state: ReadyState): void {
  if (!state.restart || !isOtherBoot(state.restart.boot, machinery.boot())) return;
  state.restart = undefined;
  store.write(state);
  context.registry.change(stateIs(auState.detectionPending));
  log.write('AU', 'AU: The machine was restarted; installations are complete.');
}

function conclude(
  parts: WorkParts,
  policy: WorkPolicy,
  state: ReadyState,
  decision: WorkDecision,
  result: WorkResult,
): WorkResult {
  const { context, store } = parts;
  state.planned = decision.planned;
  store.write(state);
  noteWaiting(parts, state, decision);
  const restart = restartNow(parts, policy, state, decision);
  const again = [decision.again, restart].flatMap((time) => (time ? [time.getTime()] : []));
  const waits = state.entries.length === 0 ? '' : whyWaiting(decision);
  return { ...result, waits, again: again.length === 0 ? undefined : new Date(Math.min(...again)) };

  function whyWaiting({ planned, waitsForConsent }: WorkDecision): string {
    if (planned) return `installation waits for its schedule (${formatDottedTime(planned, 'local')} local time)`;
    if (waitsForConsent) return 'installation waits for consent ("moult agent detect" gives it)';
    return `installation waits (${context.now().toISOString()})`;
  }
}

/** AUState and ScheduledInstallDate, as administrators read them. */
function noteWaiting({ context }: WorkParts, { entries, restart }: ReadyState, { planned }: WorkDecision): void {
  const state = restart
    ? auState.restartPending
    : entries.length > 0
      ? auState.installPending
      : auState.detectionPending;
  const date = planned && text(formatDottedTime(planned, 'local'));
  context.registry.change([
    ...stateIs(state),
    { key: keys.autoUpdate, name: 'ScheduledInstallDate', ...(date && { value: date }) },
  ]);
}

/** Answers when to look again whether it has come. */
function restartNow(
  { context, log, store, machinery }: WorkParts,
  { restart: { askAgainMinutes } }: WorkPolicy,
  state: ReadyState,
  decision: WorkDecision,
): Date | undefined {
  const { restart } = state;
  const now = context.now();
  if (!restart || decision.restart.kind !== 'at' || decision.restart.at > now) return undefined;
  const askedAgain = restart.askedAt && afterMinutes(restart.askedAt, askAgainMinutes);
  // After a clock that was set back the time of the last request may lie ahead.
  if (askedAgain && askedAgain > now && askedAgain <= afterMinutes(now, askAgainMinutes)) return askedAgain;
  restart.askedAt = now;
  store.write(state);
  log.write('AU', `AU: Restarting the machine: ${decision.restart.reason}`);
  const refused = machinery.restart(context.registry.read(), decision.restart.reason);
  if (refused !== undefined) log.write('AU', `WARNING: ${refused}`);
  context.progress('restart', refused ?? `The machine restarts: ${decision.restart.reason}.`);
  return afterMinutes(now, askAgainMinutes);
}
