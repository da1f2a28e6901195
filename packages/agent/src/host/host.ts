// The host: the service that runs the agent and the only thing that switches versions. A program never replaces
// itself. It hands over a verified version folder; the host tries it, keeps it or goes back. A version that was kept
// and then dies again and again gives way to the one before it.
import { existsSync } from 'node:fs';
import { removeIfPossible } from '@moult/disk';
import { hostBounds } from '../bounds.ts';
import { AgentError } from '../errors.ts';
import { onDisk } from '../machine/disk-error.ts';
import { removeLeftovers } from '../machine/leftovers.ts';
import { type HeldLock, tryLock } from '../machine/lock.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { openRegistry, viewOf } from '../machine/registry.ts';
import { readSettings, type Settings } from '../machine/settings.ts';
import { isAskedToStop } from '../machine/stop-request.ts';
import { hresult } from '../transport/hresult.ts';
import {
  type AgentVersion,
  type Current,
  pruneVersions,
  recoverCurrent,
  versionFolder,
  withFailure,
} from './current.ts';
import { CurrentKeeper } from './current-keeper.ts';
import { openHostLog } from './host-log.ts';
import type { FromProgram, LostTrial, Outcome, ProgressEvent, ProgressStep } from './messages.ts';
import { type Program, startProgram } from './program.ts';
import { readIntactRelease } from './release-folder.ts';
import { retire, runTrial, type TrialParts } from './trial.ts';

export interface HostOptions {
  /** Detect at once instead of when the wait is over. */
  now?: boolean;
  /** End after one detection (and the self-update it may bring). */
  once?: boolean;
  onEvent?(event: ProgressEvent): void;
}

export interface RunningHost {
  /** The outcome of the last detection; undefined when it was stopped before one ended. */
  readonly finished: Promise<Outcome | undefined>;
  stop(): Promise<void>;
}

const pollMs = 250;

/**
 * Starts the agent of a machine. Throws AgentError AGENT_CONFIG_NOT_INSTALLED, AGENT_CONFIG_BAD_REGISTRY,
 * AGENT_HOST_RUNNING when another host serves this machine, AGENT_HOST_DISK, AGENT_HOST_NO_WORKING_VERSION.
 */
export function startHost(root: MachineRoot, options: HostOptions = {}): RunningHost {
  if (!existsSync(root.agentFolder)) {
    throw new AgentError(
      'AGENT_CONFIG_NOT_INSTALLED',
      `No agent is installed in ${root.folder}. Run "moult agent install".`,
      {
        hresult: hresult.setupUnexpected,
      },
    );
  }
  openRegistry(root).read();
  const lock = onDisk(root.agentFolder, () => tryLock(root.hostLock));
  if (!('release' in lock)) {
    const text = `The agent of ${root.folder} is running already (process ${lock.pid}). Stop it with "moult agent stop".`;
    throw new AgentError('AGENT_HOST_RUNNING', text, { hresult: hresult.setupUnexpected });
  }
  try {
    const host = new Host(root, options, lock);
    host.begin();
    return host;
  } catch (error) {
    lock.release();
    throw error;
  }
}

class Host implements RunningHost {
  readonly finished: Promise<Outcome | undefined>;
  readonly #root: MachineRoot;
  readonly #options: HostOptions;
  readonly #lock: HeldLock;
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
  /** When the program died since its last good detection, by a clock that nobody sets. */
  #deaths: number[] = [];
  #silence: NodeJS.Timeout | undefined;
  #poll: NodeJS.Timeout | undefined;
  #restart: NodeJS.Timeout | undefined;
  #last: Outcome | undefined;

  constructor(root: MachineRoot, options: HostOptions, lock: HeldLock) {
    this.#root = root;
    this.#options = options;
    this.#lock = lock;
    this.#beginsNow = options.now ?? false;
    this.#log = openHostLog(root, () => new Date());
    const { promise, resolve } = Promise.withResolvers<Outcome | undefined>();
    this.finished = promise;
    this.#settle = resolve;
    const { current, repaired } = recoverCurrent(root);
    this.#current = current;
    this.#keeper = new CurrentKeeper(root, (text) => this.#tell('failed', text, this.#current, 'warn'));
    if (repaired === undefined) return;
    this.#tell('repaired', `Repaired: ${repaired}.`, current, 'warn');
    this.#write(current);
  }

  begin(): void {
    removeLeftovers(this.#root);
    pruneVersions(this.#root, this.#current);
    this.#poll = setInterval(() => this.#lookForRequests(), pollMs);
    this.#countStart();
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
    clearTimeout(this.#silence);
    this.#endTrial.abort();
    await this.#trial;
    if (this.#program) await retire(this.#program);
    this.#keeper.close();
    this.#lock.release();
    this.#settle(this.#last);
  }

  #run(what: AgentVersion, lost?: LostTrial): void {
    const startMs = this.#settings().trialMs;
    const once = this.#options.once ?? false;
    const program = startProgram(this.#root, what, {
      trial: false,
      hear: (message) => {
        if (message.kind === 'healthy') {
          clearTimeout(watchdog);
          // A program that does not know lost trials would wait for its next detection: nobody waits for that.
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
    if (!previous || !readIntactRelease(versionFolder(this.#root, previous.version))) return false;
    const failure = { version, hresult: hresult.setupHandlerFailed, at: new Date().toISOString() };
    this.#write({ ...previous, state: 'committed', proven: true, failed: withFailure(this.#current, failure) });
    this.#deaths = [];
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
    void program.gone.then((how) => this.#programGone(program, how));
  }

  #hear(program: Program, message: FromProgram): void {
    this.#watchSilence(program);
    if (message.kind === 'progress') this.#options.onEvent?.(message.event);
    else if (program !== this.#program) return;
    else if (message.kind === 'handover') this.#takeOver(program, message);
    else if (message.kind === 'finished') this.#detectionFinished(message.outcome);
  }

  #detectionFinished(outcome: Outcome): void {
    this.#last = outcome;
    if (outcome.ok) this.#detectionWentWell();
    this.#beginsNow = false;
    if (this.#options.once && !this.#switching) void this.stop();
  }

  #detectionWentWell(): void {
    this.#deaths = [];
    const { state, proven } = this.#current;
    if (state !== 'committed' || proven !== false || this.#switching) return;
    const { starts: _, ...current } = this.#current;
    this.#write({ ...current, proven: true });
  }

  #watchSilence(program: Program): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => program.kill(), hostBounds.maxSilenceMs).unref();
  }

  #takeOver(old: Program, { version, generation }: AgentVersion): void {
    if (this.#switching || this.#stopping) return;
    const previous: AgentVersion = old.what;
    const failed = this.#current.failed;
    this.#trial = this.#try({ version, generation, state: 'trial', previous, attempt: 0, failed }, previous, old);
  }

  /** The trial of `trial`, beside `old` when that runs. Whoever wins goes on. */
  async #try(trial: Current, previous: AgentVersion, old?: Program): Promise<void> {
    this.#switching = true;
    const result = await runTrial(this.#trialParts(old), trial, previous);
    this.#switching = false;
    this.#current = this.#keeper.pending ?? recoverCurrent(this.#root).current;
    if (result.kind === 'won') {
      this.#adopt(result.program);
      if (this.#stopping) return;
      // The successor that it found is in a folder of its own, which nothing names yet.
      if (!result.next) pruneVersions(this.#root, this.#current);
      if (result.next) this.#takeOver(result.program, result.next);
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
    const { trialMs, qualifyMs } = this.#settings();
    return {
      root: this.#root,
      trialMs,
      qualifyMs,
      makeRoom: async () => {
        if (!old || this.#program !== old) return;
        this.#program = undefined;
        await retire(old);
      },
      now: () => new Date(),
      write: (current) => this.#keeper.write(current),
      stopping: this.#endTrial.signal,
      hear: (program, message) => this.#hear(program, message),
      tell: (step, text, what) => this.#tell(step, text, what, step === 'reverted' ? 'warn' : 'info'),
    };
  }

  #settings(): Settings {
    try {
      return readSettings(openRegistry(this.#root).read());
    } catch {
      // The program says what is wrong with the registry; the host has to live on to start it again.
      return readSettings(viewOf(new Map()));
    }
  }

  #programGone(program: Program, how: string): void {
    if (program !== this.#program || this.#stopping) return;
    this.#program = undefined;
    if (this.#switching) return;
    clearTimeout(this.#silence);
    const time = performance.now();
    this.#deaths = [...this.#deaths.filter((at) => time - at < hostBounds.deathsWithinMs), time];
    const waitMs = Math.min(1000 * 2 ** (this.#deaths.length - 1), hostBounds.maxRestartWaitMs);
    const text = `The agent program ${program.what.version} ended unasked: ${how}.`;
    this.#tell('failed', text, program.what, 'warn');
    if (this.#deaths.length >= hostBounds.deathsUntilReturn)
      this.#goBack(`It ended ${hostBounds.deathsUntilReturn} times in a row.`);
    if (this.#options.once) {
      this.#last = { ok: false, hresult: hresult.setupUnexpected, code: 'AGENT_HOST_PROGRAM_DIED', message: text };
      void this.stop();
      return;
    }
    this.#restart = setTimeout(() => {
      if (!this.#stopping) this.#run(this.#current);
    }, waitMs);
  }

  #lookForRequests(): void {
    if (isAskedToStop(this.#root)) return void this.stop();
    if (!existsSync(this.#root.detectRequest) || this.#switching) return;
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
