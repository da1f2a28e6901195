// The common part of both agent programs around their detection: the child end of the host's channel, the wait for the
// next detection, and the end with the host.

import { writeSync } from 'node:fs';
import { readOutside } from '@moult/disk';
import { hresult } from '@moult/protocol/hresult';
import type { Release } from '@moult/protocol/self-update';
import { programBounds } from '../bounds.ts';
import { AgentError } from '../errors.ts';
import {
  asToProgram,
  type FromProgram,
  type LostTrial,
  type Outcome,
  type ProgressStep,
  type ToProgram,
} from '../host/messages.ts';
import { readIntactRelease } from '../host/release-folder.ts';
import { readTextIfThere } from '../machine/atomic-file.ts';
import { keys } from '../machine/keys.ts';
import { giveMachineLimits } from '../machine/limits.ts';
import { type HeldLock, lockWaiting } from '../machine/lock.ts';
import { type MachineRoot, machineOfArguments } from '../machine/machine-root.ts';
import { dword } from '../machine/policy.ts';
import { openRegistry, type Registry, type RegistryView } from '../machine/registry.ts';
import { type AwakeClock, createAwakeClock } from './awake-clock.ts';
import { outcomeOf } from './outcome.ts';
import { nextWait } from './schedule.ts';
import { createWaitClock, type WaitClock } from './wait-clock.ts';

/** The input of a generation's detection. */
export interface ProgramContext {
  root: MachineRoot;
  registry: Registry;
  release: Release;
  now(): Date;
  random(): number;
  /** Since when this machine has been awake without a gap: a scheduled time before that was slept through. */
  awakeSince(): Date;
  progress(step: ProgressStep, text: string): void;
}

export type DetectionResult = { kind: 'finished'; outcome: Outcome } | { kind: 'handover'; release: Release };

export interface AgentClient {
  /** Once, when the program begins to work: pings about itself that are due. */
  begin(): Promise<void>;
  /**
   * `insist`: a person asked (--now, detect). Work that waits for a person then does not wait. `onTrial`: this version
   * is not the agent yet. It checks and scans, and installs nothing.
   */
  detect(insist: boolean, onTrial: boolean): Promise<DetectionResult>;
  /** Between detections: does what is due with what is ready. Answers when to be asked again at the latest. */
  work(): Promise<Date | undefined>;
  waiting(until: Date): void;
  /** Something keeps the program from its work between detections. It goes on trying. */
  troubled(error: unknown): void;
  /** The version handed over lost its trial. */
  trialFailed(version: string, hresult: number, message: string): Promise<Outcome>;
}

/** A policy that changes, a deadline that is moved: what waits is looked at this often. */
const workEveryMs = 3_600_000;

type Begin = Extract<ToProgram, { kind: 'begin' }>;

/** Runs a program for the host that started it, until the host says stop or goes away. */
export function runProgram(
  folder: string,
  args: readonly string[],
  makeClient: (context: ProgramContext) => AgentClient,
): void {
  const root = machineOfArguments(args);
  const problems = giveMachineLimits(root, process.env);
  const release = readIntactRelease(folder);
  if (!release || !process.send) {
    console.error("error: this program is started by the agent's host, from an intact version folder");
    process.exit(2);
  }
  const shell = new ProgramShell(root, release, makeClient);
  process.on('message', (value) => shell.hear(value));
  // Without its host a program must not go on: another host may have started another one.
  process.on('disconnect', () => process.exit(0));
  process.on('SIGINT', () => undefined);
  process.on('uncaughtException', endWithWords);
  shell.reportHealthy();
  for (const problem of problems) shell.warn(problem);
}

/**
 * The reason alone: Node prints the line that threw before it, which in a bundle fills the pipe, and the reason is
 * lost.
 */
function endWithWords(error: unknown): void {
  try {
    writeSync(process.stderr.fd, `${error instanceof Error ? error.stack : String(error)}\n`);
  } catch {
    // The host reads no more of it.
  }
  process.exit(1);
}

class ProgramShell {
  readonly #context: ProgramContext;
  readonly #client: AgentClient;
  #wake: (() => void) | undefined;
  #handedOver = false;
  #lock: HeldLock | undefined;
  #once = false;
  #asked = false;
  #won: ((insist: boolean) => void) | undefined;
  #trouble = '';
  /** The local administrator's choice as it was when the agent last looked. */
  #choice: string | undefined;
  readonly #wait: WaitClock;
  readonly #awake: AwakeClock;

  constructor(root: MachineRoot, release: Release, makeClient: (context: ProgramContext) => AgentClient) {
    this.#context = {
      root,
      registry: openRegistry(root),
      release,
      now: () => new Date(),
      random: Math.random,
      awakeSince: () => this.#awake.since(),
      progress: (step, text) => {
        const { generation, version } = release;
        tell({ kind: 'progress', event: { step, text, generation, version } });
      },
    };
    this.#awake = createAwakeClock(this.#context.now());
    this.#client = makeClient(this.#context);
    this.#wait = createWaitClock({ now: this.#context.now, monotonicMs: () => performance.now() });
  }

  /** Healthy: its files are whole (checked before), the registry reads, the operator's certificate is there. */
  reportHealthy(): void {
    const { root, registry, release } = this.#context;
    registry.read();
    readOutside(root.operatorCertificate);
    tell({ kind: 'healthy', version: release.version, qualifies: true });
  }

  /** Something of the machine's settings does not count. It is said once, at the start. */
  warn(problem: string): void {
    this.#client.troubled(new AgentError('AGENT_CONFIG_BAD_LIMIT', problem, { hresult: hresult.setupUnexpected }));
  }

  hear(value: unknown): void {
    const message = asToProgram(value);
    if (message?.kind === 'stop') this.#leave();
    else if (message?.kind === 'begin') void this.#work(message);
    else if (message?.kind === 'committed') this.#won?.(message.now);
    else if (message?.kind === 'detect') this.#detectSoon();
    else if (message?.kind === 'trial-failed') void this.#goOn(message);
  }

  /** Asked for in the middle of a detection: another one follows. */
  #detectSoon(): void {
    this.#asked = true;
    this.#wake?.();
  }

  #leave(): never {
    this.#lock?.release();
    process.exit(0);
  }

  async #work({ now, once, trial, lost }: Begin): Promise<void> {
    // The program before this one may still be on its way out.
    this.#lock = lockWaiting(this.#context.root.programLock, programBounds.programLockMs);
    if (!this.#lock) {
      console.error('error: another agent program works on this machine and does not stop');
      process.exit(3);
    }
    this.#once = once;
    const insist = trial ? await this.#qualify() : now;
    await this.#client.begin().catch((error: unknown) => this.#client.troubled(error));
    if (lost) return this.#finish(await this.#hearOfLoss(lost));
    await this.#detectAgainAndAgain(trial || now ? insist : await this.#waitForDetection());
  }

  /** Does everything that an agent does once, and says so. Settles when the host has made this version the agent. */
  async #qualify(): Promise<boolean> {
    const won = new Promise<boolean>((resolve) => {
      this.#won = resolve;
    });
    const { version } = this.#context.release;
    const result = await this.#client.detect(false, true);
    if (result.kind === 'handover') this.#handOver(result.release);
    else if (result.outcome.ok) tell({ kind: 'qualified', version });
    else tell({ kind: 'finished', outcome: result.outcome });
    return won;
  }

  async #detectAgainAndAgain(insist: boolean): Promise<void> {
    const result = await this.#client
      .detect(insist, false)
      .catch((error: unknown): DetectionResult => ({ kind: 'finished', outcome: this.#failed(error) }));
    if (result.kind === 'handover') this.#handOver(result.release);
    else await this.#finish(result.outcome);
  }

  #handOver({ version, generation }: Release): void {
    this.#handedOver = true;
    tell({ kind: 'handover', version, generation });
  }

  async #finish(outcome: Outcome): Promise<void> {
    tell({ kind: 'finished', outcome });
    if (!this.#once) await this.#detectAgainAndAgain(await this.#waitForDetection());
  }

  async #goOn(lost: LostTrial): Promise<void> {
    if (!this.#handedOver) return;
    this.#handedOver = false;
    await this.#finish(await this.#hearOfLoss(lost));
  }

  #hearOfLoss({ version, hresult: result, message }: LostTrial): Promise<Outcome> {
    return this.#client.trialFailed(version, result, message).catch((error: unknown) => this.#failed(error));
  }

  /** A detection that could not even note its result is not a reason to end: the next one may. */
  #failed(error: unknown): Outcome {
    this.#client.troubled(error);
    return outcomeOf(error);
  }

  /** True when a person asked for it before its time. Looks at the registry again and again: an admin may edit it. */
  async #waitForDetection(): Promise<boolean> {
    let announced = 0;
    let workAt = 0;
    for (;;) {
      if (this.#asked) {
        this.#asked = false;
        return true;
      }
      const before = this.#choice;
      const until = this.#nextWait();
      // A person who chooses in the panel does not wait for an hour.
      if (before !== undefined && before !== this.#choice) workAt = 0;
      if (until) {
        const leftMs = this.#wait.leftMs(until);
        if (leftMs <= 0) return false;
        if (announced !== until.getTime()) this.#client.waiting(until);
        announced = until.getTime();
        workAt = await this.#workWhenDue(workAt);
        if (this.#asked) continue;
        await this.#sleepAwake(Math.min(this.#wait.leftMs(until), workAt - this.#context.now().getTime()));
      } else await this.#sleepAwake(programBounds.maxSleepMs);
    }
  }

  /** Answers when to work again, in milliseconds since 1970. */
  async #workWhenDue(at: number): Promise<number> {
    const now = this.#context.now().getTime();
    if (at > now && at - now <= workEveryMs) return at;
    try {
      const again = (await this.#client.work())?.getTime() ?? Number.POSITIVE_INFINITY;
      return Math.min(Math.max(again, now + 1000), now + workEveryMs);
    } catch (error) {
      this.#client.troubled(error);
      return now + workEveryMs;
    }
  }

  async #sleepAwake(ms: number): Promise<void> {
    const before = this.#context.now();
    const begun = performance.now();
    await this.#sleep(Math.min(Math.max(ms, 0), programBounds.maxSleepMs));
    this.#awake.slept({ before, after: this.#context.now(), passedMs: performance.now() - begun });
  }

  /** Undefined while the registry cannot be read or written, which is said once: a person will fix it, or make room. */
  #nextWait(): Date | undefined {
    try {
      const { registry } = this.#context;
      const view = registry.read();
      this.#choice = choiceMark(view);
      const until = nextWait({
        ...this.#context,
        registry: { read: () => view, change: (changes) => registry.change(changes) },
      });
      this.#trouble = '';
      return until;
    } catch (error) {
      const { message } = outcomeOf(error);
      if (this.#trouble !== message) this.#client.troubled(error);
      this.#trouble = message;
      return undefined;
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function choiceMark(view: RegistryView): string {
  const names = ['AUOptions', 'ScheduledInstallDay', 'ScheduledInstallTime'];
  return names.map((name) => dword(view, keys.autoUpdate, name) ?? '').join();
}

/** The operator's CA certificate that this machine has pinned. Throws AgentError AGENT_CONFIG_NO_OPERATOR. */
export function readOperatorCertificate(root: MachineRoot): string {
  const certificate = readTextIfThere(root.operatorCertificate);
  if (certificate !== undefined) return certificate;
  const text = `${root.operatorCertificate} is missing; without it no release can be trusted. Run "moult agent install".`;
  throw new AgentError('AGENT_CONFIG_NO_OPERATOR', text, { hresult: hresult.untrustedRoot });
}

function tell(message: FromProgram): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}
