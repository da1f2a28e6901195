// The host: the service that runs the agent and the only thing that switches versions. A program never replaces
// itself; it hands over a verified version folder, and the host tries it, keeps it or goes back.
import { existsSync, rmSync } from 'node:fs';
import { AgentError } from '../errors.ts';
import { onDisk } from '../root/disk-error.ts';
import { type HeldLock, tryLock } from '../root/lock.ts';
import type { MachineRoot } from '../root/machine-root.ts';
import { openRegistry, viewOf } from '../root/registry.ts';
import { readSettings } from '../root/settings.ts';
import { hresult } from '../transport/hresult.ts';
import { type AgentVersion, type Current, pruneVersions, readCurrent, recoverCurrent } from './current.ts';
import { openHostLog } from './host-log.ts';
import type { FromProgram, Outcome, ProgressEvent, ProgressStep } from './messages.ts';
import { type Program, startProgram } from './program.ts';
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
const longestRestartWaitMs = 60_000;

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
  readonly #settle: (outcome: Outcome | undefined) => void;
  #current: Current;
  #program: Program | undefined;
  #beginsNow: boolean;
  #stopping = false;
  #switching = false;
  readonly #endTrial = new AbortController();
  #trial: Promise<void> = Promise.resolve();
  #deaths = 0;
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
    if (repaired !== undefined) this.#tell('repaired', `Repaired: ${repaired}.`, current, 'warn');
  }

  begin(): void {
    pruneVersions(this.#root, this.#current);
    this.#poll = setInterval(() => this.#lookForRequests(), pollMs);
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
    this.#endTrial.abort();
    await this.#trial;
    if (this.#program) await retire(this.#program);
    this.#lock.release();
    this.#settle(this.#last);
  }

  #run(what: AgentVersion): void {
    const startMs = this.#trialMs();
    const program = startProgram(this.#root, what, {
      trial: false,
      hear: (message) => {
        if (message.kind === 'healthy') clearTimeout(watchdog);
        this.#hear(program, message);
      },
    });
    // One that hangs in its start is as good as dead.
    const watchdog = setTimeout(() => program.kill(), startMs);
    void program.gone.then(() => clearTimeout(watchdog));
    this.#adopt(program);
    program.tell({ kind: 'begin', now: this.#beginsNow, once: this.#options.once ?? false });
  }

  #adopt(program: Program): void {
    this.#program = program;
    void program.gone.then((how) => this.#programGone(program, how));
  }

  #hear(program: Program, message: FromProgram): void {
    if (message.kind === 'progress') this.#options.onEvent?.(message.event);
    else if (program !== this.#program) return;
    else if (message.kind === 'handover') this.#takeOver(program, message);
    else if (message.kind === 'finished') this.#detectionFinished(message.outcome);
  }

  #detectionFinished(outcome: Outcome): void {
    this.#last = outcome;
    this.#deaths = 0;
    this.#beginsNow = false;
    if (this.#options.once && !this.#switching) void this.stop();
  }

  #takeOver(old: Program, { version, generation }: { version: string; generation: 'sus' | 'wsus' }): void {
    if (this.#switching || this.#stopping) return;
    const previous: AgentVersion = old.what;
    const failed = readCurrent(this.#root)?.failed ?? [];
    this.#trial = this.#try({ version, generation, state: 'trial', previous, attempt: 0, failed }, previous, old);
  }

  /** The trial of `trial`, beside `old` when that runs. Whoever wins goes on. */
  async #try(trial: Current, previous: AgentVersion, old?: Program): Promise<void> {
    this.#switching = true;
    const result = await runTrial(this.#trialParts(), trial, previous);
    this.#switching = false;
    this.#current = recoverCurrent(this.#root).current;
    if (result.kind === 'won') {
      this.#adopt(result.program);
      if (old) await retire(old);
      if (this.#stopping) return retire(result.program);
      pruneVersions(this.#root, this.#current);
      result.program.tell({ kind: 'begin', now: true, once: this.#options.once ?? false });
      return;
    }
    if (result.kind === 'stopped' || this.#stopping) return;
    pruneVersions(this.#root, this.#current);
    const { hresult: code, message } = result;
    const news = { kind: 'trial-failed', version: trial.version, hresult: code, message } as const;
    if (old && this.#program === old) old.tell(news);
    else this.#run(previous);
  }

  #trialParts(): TrialParts {
    return {
      root: this.#root,
      trialMs: this.#trialMs(),
      now: () => new Date(),
      stopping: this.#endTrial.signal,
      hear: (program, message) => this.#hear(program, message),
      tell: (step, text, what) => this.#tell(step, text, what, step === 'reverted' ? 'warn' : 'info'),
    };
  }

  #trialMs(): number {
    try {
      return readSettings(openRegistry(this.#root).read()).trialMs;
    } catch {
      // The program says what is wrong with the registry; the host has to live on to start it again.
      return readSettings(viewOf(new Map())).trialMs;
    }
  }

  #programGone(program: Program, how: string): void {
    if (program !== this.#program || this.#stopping) return;
    this.#program = undefined;
    if (this.#switching) return;
    this.#deaths += 1;
    const waitMs = Math.min(1000 * 2 ** (this.#deaths - 1), longestRestartWaitMs);
    const text = `The agent program ${program.what.version} ended unasked: ${how}.`;
    this.#tell('failed', text, program.what, 'warn');
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
    if (!existsSync(this.#root.detectRequest) || this.#switching) return;
    rmSync(this.#root.detectRequest, { force: true });
    this.#program?.tell({ kind: 'detect' });
  }

  #tell(step: ProgressStep, text: string, what: AgentVersion, level: 'info' | 'warn' = 'info'): void {
    this.#log[level](what.generation, text);
    this.#options.onEvent?.({ step, text, generation: what.generation, version: what.version });
  }
}
