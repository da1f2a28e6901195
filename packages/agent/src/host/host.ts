// The host: the service that runs the agent and the only thing that switches versions. A program never replaces itself.
// It hands over a verified version folder. The host tries it, keeps it or goes back. A version that was kept and then
// dies again and again gives way to the one before it. If no version is left, or the one there has no good detection
// for days, it looks for a release.
import { isSurelyThere, isThere, removeIfPossible } from '@moult/disk';
import { hresult } from '@moult/protocol/hresult';
import type { ReleaseVersion } from '@moult/releases/metadata';
import { hostBounds } from '../bounds.ts';
import { AgentError } from '../errors.ts';
import { onDisk } from '../machine/disk-error.ts';
import { removeLeftovers } from '../machine/leftovers.ts';
import type { HeldLock } from '../machine/lock.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { openRegistry } from '../machine/registry.ts';
import { takeHostLock } from '../machine/setup-lock.ts';
import { isAskedToStop } from '../machine/stop-request.ts';
import {
  type AgentVersion,
  type Current,
  pruneVersions,
  readCurrent,
  recoverCurrent,
  versionFolder,
  withFailure,
} from './current.ts';
import { CurrentKeeper } from './current-keeper.ts';
import { openHostLog } from './host-log.ts';
import { settingsOf } from './host-settings.ts';
import { nameNextHost } from './host-slots.ts';
import { findNextHost } from './host-update.ts';
import { keepCopies, restoreCopies } from './kept.ts';
import type { FromProgram, LostTrial, Outcome, ProgressStep } from './messages.ts';
import { Overdue } from './overdue.ts';
import { findReleaseByHost } from './own-check.ts';
import { type Program, startProgram } from './program.ts';
import { ProgramWatch } from './program-watch.ts';
import { hasWorkingVersion, recoverFirst } from './recover-first.ts';
import { readIntactRelease } from './release-folder.ts';
import { clockOf, type HostOptions, type RunningHost } from './running-host.ts';
import { retire, runTrial, type TrialParts } from './trial.ts';

const pollMs = 250;

/**
 * Starts the agent of a machine. With no version on the disk that can run, it fetches one first. Throws AgentError
 * AGENT_CONFIG_NOT_INSTALLED, AGENT_CONFIG_BAD_REGISTRY, AGENT_HOST_RUNNING when another host serves this machine,
 * AGENT_HOST_DISK. Throws DiskError when the disk does not tell what is there.
 */
export function startHost(root: MachineRoot, options: HostOptions = {}): RunningHost {
  if (!isThere(root.agentFolder)) {
    const text = `No agent is installed in ${root.folder}. Run "moult agent install".`;
    throw new AgentError('AGENT_CONFIG_NOT_INSTALLED', text, { hresult: hresult.setupUnexpected });
  }
  const lock = onDisk(root.agentFolder, () => takeHostLock(root));
  try {
    const restored = onDisk(root.agentFolder, () => restoreCopies(root));
    openRegistry(root).read();
    const log = openHostLog(root, clockOf(options));
    for (const text of restored) log.warn('wsus', `Repaired: ${text}.`);
    if (hasWorkingVersion(root)) return begin(root, options, lock);
    return recoverFirst({ root, options, lock, log, start: () => begin(root, options, lock) });
  } catch (error) {
    lock.release();
    throw error;
  }
}

function begin(root: MachineRoot, options: HostOptions, lock: HeldLock): RunningHost {
  const host = new Host(root, options, lock);
  host.begin();
  return host;
}

class Host implements RunningHost {
  readonly finished: Promise<Outcome | undefined>;
  readonly #root: MachineRoot;
  readonly #options: HostOptions;
  readonly #lock: HeldLock;
  readonly #clock: () => Date;
  readonly #log;
  readonly #keeper: CurrentKeeper;
  readonly #settle: (outcome: Outcome | undefined) => void;
  #current: Current;
  #program: Program | undefined;
  #beginsNow: boolean;
  #stopping = false;
  #switching = false;
  readonly #endTrial = new AbortController();
  #trial: Promise<void> = Promise.resolve();
  readonly #watch: ProgramWatch;
  #again = false;
  /** The agent has finished a detection under this host. */
  #wasGood: boolean;
  readonly #overdue: Overdue;
  #poll: NodeJS.Timeout | undefined;
  #restart: NodeJS.Timeout | undefined;
  #last: Outcome | undefined;

  constructor(root: MachineRoot, options: HostOptions, lock: HeldLock) {
    this.#root = root;
    this.#options = options;
    this.#lock = lock;
    this.#beginsNow = (options.now ?? false) || (options.onTrial ?? false);
    this.#wasGood = options.onTrial !== true;
    this.#clock = clockOf(options);
    this.#log = openHostLog(root, this.#clock);
    const { promise, resolve } = Promise.withResolvers<Outcome | undefined>();
    this.finished = promise;
    this.#settle = resolve;
    const { current, repaired } = recoverCurrent(root);
    this.#current = current;
    this.#keeper = new CurrentKeeper(root, (text) => this.#tell('failed', text, this.#current, 'warn'));
    this.#watch = new ProgramWatch((silences) => this.#hangs(silences), options.longestSilenceMs);
    const startedAt = this.#clock().toISOString();
    this.#overdue = new Overdue({
      afterMs: settingsOf(this.#root).recoverAfterMs,
      // A count that is not known begins now.
      since: () => readCurrent(this.#root)?.lastGood ?? startedAt,
      now: this.#clock,
      act: () => this.#lookForRelease(),
    });
    if (repaired === undefined) return;
    this.#tell('repaired', `Repaired: ${repaired}.`, current, 'warn');
    this.#write(current);
  }

  get again(): boolean {
    return this.#again;
  }

  begin(): void {
    removeLeftovers(this.#root);
    pruneVersions(this.#root, this.#current);
    this.#poll = setInterval(() => this.#lookForRequests(), pollMs);
    if (this.#wasGood) this.#countStart();
    if (!this.#options.once) this.#overdue.begin();
    const { previous } = this.#current;
    if (this.#current.state === 'trial' && previous) {
      this.#tell('trial', `The trial of ${this.#current.version} was interrupted; it is proven again.`, this.#current);
      this.#trial = this.#try(this.#current, previous);
    } else this.#run(this.#current);
  }

  async stop(): Promise<void> {
    if (this.#stopping) return void (await this.finished);
    this.#stopping = true;
    clearInterval(this.#poll);
    clearTimeout(this.#restart);
    this.#watch.close();
    this.#overdue.close();
    this.#endTrial.abort();
    await this.#trial;
    if (this.#program) await retire(this.#program);
    this.#keeper.close();
    this.#lock.release();
    this.#settle(this.#last);
  }

  #run(what: AgentVersion, lost?: LostTrial): void {
    const startMs = settingsOf(this.#root).trialMs;
    const once = this.#options.once ?? false;
    const program = startProgram(this.#root, what, {
      trial: false,
      hear: (message) => {
        if (message.kind === 'healthy') {
          clearTimeout(watchdog);
          // A program that does not know lost trials waits for its next detection: no step waits for that.
          if (lost && once && !message.qualifies) return this.#endWith(lost);
        }
        this.#hear(program, message);
      },
    });
    // One that hangs in its start is as good as dead.
    const watchdog = setTimeout(() => program.kill(), startMs);
    void program.gone.then(() => clearTimeout(watchdog));
    this.#adopt(program);
    program.tell({ kind: 'begin', now: this.#beginsNow && !lost, once, ...(lost && { lost }) });
  }

  #endWith({ version, hresult: code, message }: LostTrial): void {
    const text = `Self-update to ${version} failed: ${message}`;
    this.#last = { ok: false, hresult: code, code: 'AGENT_SELFUPDATE_TRIAL_FAILED', message: text };
    void this.stop();
  }

  /** A version that brings the machine down before it comes to a detection is not started for ever. */
  #countStart(): void {
    const { state, previous, proven, starts = 0 } = this.#current;
    if (state !== 'committed' || proven !== false || !previous) return;
    if (starts >= hostBounds.startsUntilReturn) {
      this.#goBack(`Version ${this.#current.version} was started ${starts} times and never finished a detection.`);
      return;
    }
    this.#write({ ...this.#current, starts: starts + 1 });
  }

  /** The version before is the agent again. False when it is not there any more. */
  #goBack(why: string): boolean {
    const { version, previous } = this.#current;
    if (!this.#wasGood || !previous || !readIntactRelease(versionFolder(this.#root, previous.version))) return false;
    const failure = { version, hresult: hresult.setupHandlerFailed, at: this.#clock().toISOString() };
    this.#write({ ...previous, state: 'committed', proven: true, failed: withFailure(this.#current, failure) });
    this.#watch.forget();
    this.#tell('reverted', `${why} Back to ${previous.version}.`, previous, 'warn');
    pruneVersions(this.#root, this.#current);
    return true;
  }

  #write(current: Current): void {
    this.#current = current;
    this.#keeper.write(current);
  }

  #adopt(program: Program): void {
    this.#program = program;
    this.#watch.heard(program);
    void program.gone.then((how) => this.#programGone(program, how));
  }

  #hear(program: Program, message: FromProgram): void {
    this.#watch.heard(program);
    if (message.kind === 'progress') this.#options.onEvent?.(message.event);
    else if (program !== this.#program) return;
    else if (message.kind === 'handover') this.#handedOver(program, message);
    else if (message.kind === 'finished') this.#detectionFinished(message.outcome);
  }

  #handedOver(program: Program, next: AgentVersion): void {
    // Under this host the agent can always be replaced.
    this.#nowGood();
    this.#takeOver(program.what, next, program);
  }

  #detectionFinished(outcome: Outcome): void {
    this.#last = outcome;
    if (outcome.ok) this.#detectionWentWell();
    this.#beginsNow = false;
    if (this.#switching) return;
    if (outcome.ok && this.#options.hostVersion) void this.#updateHost(this.#options.hostVersion);
    else if (this.#options.once) void this.stop();
  }

  #detectionWentWell(): void {
    this.#watch.forget();
    this.#nowGood();
    if (this.#current.state !== 'committed' || this.#switching) return;
    const { starts: _, ...current } = this.#current;
    this.#write({
      ...current,
      ...(current.proven === false && { proven: true }),
      lastGood: this.#clock().toISOString(),
    });
    try {
      keepCopies(this.#root);
    } catch (error) {
      const text = `Copies of the registry and the certificate cannot be kept: ${String(error)}.`;
      this.#tell('failed', text, current, 'warn');
    }
  }

  #nowGood(): void {
    this.#wasGood = true;
    this.#options.onGood?.();
  }

  /** Last of all: the agent has just shown that it works. A newer host takes this one's place, on trial. */
  async #updateHost(own: ReleaseVersion): Promise<void> {
    const agent = readIntactRelease(versionFolder(this.#root, this.#current.version));
    const tell = (text: string) => this.#tell('host', text, this.#current);
    if (!agent) this.#tell('failed', 'No newer host: the agent cannot be read.', this.#current, 'warn');
    try {
      const next = agent && (await findNextHost({ root: this.#root, own, agent, now: this.#clock, tell }));
      if (next !== undefined && !this.#stopping && !this.#switching) {
        nameNextHost(this.#root, next, this.#options.runsAs);
        this.#again = true;
        return await this.stop();
      }
    } catch (error) {
      this.#tell('failed', `No newer host: ${error instanceof Error ? error.message : error}`, this.#current, 'warn');
    }
    if (this.#options.once && !this.#switching) await this.stop();
  }

  /** The version that runs does not come to an end, or not to a good one: the host looks for a better one by itself. */
  async #lookForRelease(): Promise<void> {
    if (this.#switching || this.#stopping || !this.#wasGood) return;
    const { version } = this.#current;
    const running = readIntactRelease(versionFolder(this.#root, version));
    this.#tell('repaired', `Version ${version} has not finished a good detection for long.`, this.#current, 'warn');
    try {
      const tell = (text: string) => this.#tell('repaired', text, this.#current);
      const found = await findReleaseByHost({ root: this.#root, running, now: this.#clock, tell });
      if (found && !this.#switching && !this.#stopping) this.#takeOver(this.#current, found, this.#program);
    } catch (error) {
      this.#tell('failed', error instanceof Error ? error.message : String(error), this.#current, 'warn');
    }
  }

  #takeOver(from: AgentVersion, { version, generation }: AgentVersion, old: Program | undefined): void {
    if (this.#switching || this.#stopping) return;
    // A version that died is not started again beside its successor. The host watches and ends only one of the two.
    clearTimeout(this.#restart);
    const previous: AgentVersion = { version: from.version, generation: from.generation };
    const failed = this.#current.failed;
    this.#trial = this.#try({ version, generation, state: 'trial', previous, attempt: 0, failed }, previous, old);
  }

  /** The trial of `trial`, beside `old` when that runs. The winner goes on. */
  async #try(trial: Current, previous: AgentVersion, old?: Program): Promise<void> {
    this.#switching = true;
    const result = await runTrial(this.#trialParts(old), trial, previous);
    this.#switching = false;
    this.#current = this.#keeper.pending ?? recoverCurrent(this.#root).current;
    if (result.kind === 'won') {
      this.#watch.forget();
      this.#adopt(result.program);
      if (this.#stopping) return;
      // The successor that it found is in a folder of its own, which nothing names yet.
      if (!result.next) pruneVersions(this.#root, this.#current);
      if (result.next) this.#takeOver(result.program.what, result.next, result.program);
      else if (result.outcome) this.#detectionFinished(result.outcome);
      else result.program.tell({ kind: 'committed', now: this.#beginsNow });
      return;
    }
    if (result.kind === 'stopped' || this.#stopping) return;
    pruneVersions(this.#root, this.#current);
    const { hresult: code, message } = result;
    const lost = { version: trial.version, hresult: code, message };
    if (old && this.#program === old) old.tell({ kind: 'trial-failed', ...lost });
    else this.#run(previous, lost);
  }

  #trialParts(old: Program | undefined): TrialParts {
    const { trialMs, qualifyMs } = settingsOf(this.#root);
    return {
      root: this.#root,
      trialMs,
      qualifyMs,
      makeRoom: async () => {
        if (!old || this.#program !== old) return;
        this.#program = undefined;
        await retire(old);
      },
      now: this.#clock,
      write: (current) => this.#keeper.write(current),
      stopping: this.#endTrial.signal,
      hear: (program, message) => this.#hear(program, message),
      tell: (step, text, what) => this.#tell(step, text, what, step === 'reverted' ? 'warn' : 'info'),
    };
  }

  #programGone(program: Program, how: string): void {
    if (program !== this.#program || this.#stopping) return;
    this.#program = undefined;
    if (this.#switching) return;
    const { deaths, waitMs } = this.#watch.died();
    const text = `The agent program ${program.what.version} ended unasked: ${how}.`;
    this.#tell('failed', text, program.what, 'warn');
    if (deaths >= hostBounds.deathsUntilReturn) this.#diesAgainAndAgain();
    if (this.#options.once) {
      this.#last = { ok: false, hresult: hresult.setupUnexpected, code: 'AGENT_HOST_PROGRAM_DIED', message: text };
      void this.stop();
      return;
    }
    this.#restart = setTimeout(() => {
      if (!this.#stopping) this.#run(this.#current);
    }, waitMs);
  }

  #hangs(silences: number): void {
    if (silences >= hostBounds.silencesUntilReturn) this.#goBack(`It was silent for too long, ${silences} times.`);
  }

  #diesAgainAndAgain(): void {
    const why = `It ended ${hostBounds.deathsUntilReturn} times in a row.`;
    // On trial the host is what is new: its launcher starts the one before, which starts this version again.
    if (!this.#wasGood) void this.stop();
    else if (!this.#goBack(why)) this.#overdue.actNow();
  }

  #lookForRequests(): void {
    if (isAskedToStop(this.#root)) return void this.stop();
    if (!isSurelyThere(this.#root.detectRequest) || this.#switching) return;
    if (!removeIfPossible(this.#root.detectRequest)) return;
    // Until a detection is over, somebody waits for it, whichever version makes it.
    this.#beginsNow = true;
    this.#program?.tell({ kind: 'detect' });
  }

  #tell(step: ProgressStep, text: string, what: AgentVersion, level: 'info' | 'warn' = 'info'): void {
    this.#log[level](what.generation, text);
    this.#options.onEvent?.({ step, text, generation: what.generation, version: what.version });
  }
}
