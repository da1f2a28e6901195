// The service: the host that was installed, as the process that stays. It starts a newer host from the disk, or is the
// host itself. It never changes, so it can guard the parts that change. A new host is on trial until the agent has
// finished a detection under it. The host before comes back when the new one dies, hangs or does not get that far.
import { type ChildProcess, spawn } from 'node:child_process';
import { hresult } from '@moult/protocol/hresult';
import type { ReleaseVersion } from '@moult/releases/metadata';
import { hostBounds } from '../bounds.ts';
import { AgentError } from '../errors.ts';
import { onDisk } from '../machine/disk-error.ts';
import { type HeldLock, lockHolder, tryLock } from '../machine/lock.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { requireNoSetup } from '../machine/setup-lock.ts';
import { openHostLog } from './host-log.ts';
import { settingsOf } from './host-settings.ts';
import { chooseHost, goBack, type HostChoice, pruneHosts } from './host-slots.ts';
import { type Hosts, withFailedHost, writeHosts } from './hosts-file.ts';
import { asFromHost, type FromHost } from './launcher-messages.ts';

interface LauncherParts {
  root: MachineRoot;
  own: ReleaseVersion;
  /** Flags that a host is started with. */
  flags: readonly string[];
  /** Runs the installed host in this process. */
  runOwn(stopping: AbortSignal): Promise<HostEnd>;
  now(): Date;
}

/** `again`: another host is named in hosts.json by now. */
export type HostEnd = { kind: 'ended'; code: number } | { kind: 'again' };

type ChildEnd = HostEnd | { kind: 'died'; how: string };

/**
 * Runs hosts until one ends because it was told to. Answers its exit code. Throws AgentError AGENT_HOST_RUNNING,
 * AGENT_HOST_DISK and what `runOwn` throws.
 */
export async function launchHosts(parts: LauncherParts, stopping: AbortSignal): Promise<number> {
  const { root } = parts;
  const lock = onDisk(root.agentFolder, () => tryLock(root.launcherLock));
  if (!('release' in lock)) throw running(root, lock.pid);
  try {
    requireNoSetup(root);
    return await new Launcher(parts, stopping).run();
  } finally {
    (lock as HeldLock).release();
  }
}

class Launcher {
  readonly #parts: LauncherParts;
  readonly #stopping: AbortSignal;
  readonly #log;
  #deaths: number[] = [];

  constructor(parts: LauncherParts, stopping: AbortSignal) {
    this.#parts = parts;
    this.#stopping = stopping;
    this.#log = openHostLog(parts.root, parts.now);
  }

  async run(): Promise<number> {
    for (;;) {
      const { root, own, now } = this.#parts;
      const choice = chooseHost(root, own, now());
      if (choice.because !== undefined) {
        this.#warn(`${choice.because}. ${nameOf(choice.version)} runs.`);
        this.#write(choice.hosts);
      }
      pruneHosts(root, choice.hosts);
      const end =
        choice.program === undefined ? await this.#parts.runOwn(this.#stopping) : await this.#runChosen(choice);
      if (end.kind === 'ended') return end.code;
      if (this.#stopping.aborted) return 0;
    }
  }

  async #runChosen(choice: HostChoice): Promise<HostEnd> {
    await this.#oldHostGone();
    return choice.trial ? await this.#try(choice) : await this.#runCommitted(choice);
  }

  async #try(choice: HostChoice): Promise<HostEnd> {
    const { version = '', hosts } = choice;
    const before = hosts.attempt ?? 0;
    let why = '';
    for (let attempt = before + 1; attempt <= before + hostBounds.attemptsPerRun; attempt += 1) {
      // Without room to note it, it is tried for ever.
      if (!this.#write({ ...hosts, attempt })) return this.#runInPlaceOf(choice, 'its trial cannot be noted');
      this.#info(`Host ${version} is started on its trial (attempt ${attempt}).`);
      let committed: Hosts | undefined;
      const child = this.#start(choice, () => {
        if (committed) return;
        committed = {
          version,
          state: 'committed',
          starts: 0,
          failed: hosts.failed.filter((one) => one.version !== version),
        };
        if (hosts.previous !== undefined) committed.previous = hosts.previous;
        this.#write(committed);
        this.#info(`The agent finished a detection under host ${version}: it is the host now.`);
      });
      const end = await child;
      if (committed)
        return end.kind === 'died'
          ? await this.#restarted(end.how, { ...choice, trial: false, hosts: committed })
          : end;
      if (this.#stopping.aborted) {
        this.#write({ ...hosts, attempt: attempt - 1 });
        return { kind: 'ended', code: 0 };
      }
      why = end.kind === 'died' ? end.how : 'it ended before the agent had finished a detection';
      if (end.kind !== 'died') break;
    }
    const failed = withFailedHost(hosts.failed, version, why, this.#parts.now());
    return this.#leave({ ...hosts, failed }, `Host ${version} lost its trial: ${why}`);
  }

  async #runCommitted(choice: HostChoice): Promise<HostEnd> {
    const { hosts } = choice;
    this.#write({ ...hosts, starts: (hosts.starts ?? 0) + 1 });
    let isGood = false;
    const end = await this.#start(choice, () => {
      this.#deaths = [];
      if (!isGood) this.#write({ ...hosts, starts: 0 });
      isGood = true;
    });
    if (end.kind === 'died') return await this.#restarted(end.how, choice);
    // A machine that is switched off before its detection says nothing about the host. One that cannot start ends with
    // 2.
    if (!isGood && end.kind === 'ended' && end.code !== 2) this.#write(hosts);
    return end;
  }

  /** After a death: the same host again, later and later, or the one before it. */
  async #restarted(how: string, { version = '', hosts }: HostChoice): Promise<HostEnd> {
    const time = performance.now();
    this.#deaths = [...this.#deaths.filter((at) => time - at < hostBounds.deathsWithinMs), time];
    this.#warn(`Host ${version} ended unasked: ${how}.`);
    if (this.#deaths.length >= hostBounds.deathsUntilReturn) {
      this.#deaths = [];
      const why = `Host ${version} ended ${hostBounds.deathsUntilReturn} times in a row`;
      return this.#leave({ ...hosts, failed: withFailedHost(hosts.failed, version, how, this.#parts.now()) }, why);
    }
    await this.#pause(Math.min(1000 * 2 ** (this.#deaths.length - 1), hostBounds.maxRestartWaitMs));
    return { kind: 'again' };
  }

  #leave(hosts: Hosts, why: string): HostEnd {
    const { root, own } = this.#parts;
    const back = goBack(root, own, hosts, why);
    this.#warn(`${why}. ${nameOf(back.version)} runs again.`);
    this.#write(back.hosts);
    return { kind: 'again' };
  }

  /** The one before, with nothing noted. */
  async #runInPlaceOf({ hosts }: HostChoice, why: string): Promise<HostEnd> {
    const { root, own } = this.#parts;
    const back = goBack(root, own, hosts, why);
    this.#warn(`${why}: the disk takes no writes. ${nameOf(back.version)} runs.`);
    if (back.program === undefined) return this.#parts.runOwn(this.#stopping);
    const end = await this.#start(back, () => undefined);
    return end.kind === 'died' ? { kind: 'ended', code: 1 } : end;
  }

  #start({ program = '', trial, version }: HostChoice, good: () => void): Promise<ChildEnd> {
    const child = spawn(
      process.execPath,
      [program, '--hosted', ...(trial ? ['--host-trial'] : []), ...this.#parts.flags],
      {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        windowsHide: true,
      },
    );
    return watchHost(child, {
      version: version ?? '',
      trialMs: trial ? settingsOf(this.#parts.root).hostTrialMs : undefined,
      stopping: this.#stopping,
      good,
    });
  }

  async #oldHostGone(): Promise<void> {
    const { root } = this.#parts;
    for (const deadline = performance.now() + hostBounds.oldHostMs; !this.#stopping.aborted; await this.#pause(50)) {
      const holder = lockHolder(root.hostLock);
      if (!holder) return;
      if (performance.now() > deadline) throw running(root, holder.pid);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      const stopping = this.#stopping;
      function done() {
        clearTimeout(timer);
        stopping.removeEventListener('abort', done);
        resolve();
      }
      stopping.addEventListener('abort', done, { once: true });
      if (stopping.aborted) done();
    });
  }

  #write(hosts: Hosts): boolean {
    try {
      writeHosts(this.#parts.root, hosts);
      return true;
    } catch (error) {
      this.#warn(`hosts.json cannot be written: ${String(error)}.`);
      return false;
    }
  }

  #info(text: string): void {
    this.#log.info('wsus', text);
  }

  #warn(text: string): void {
    this.#log.warn('wsus', text);
  }
}

interface Watch {
  version: string;
  /** On trial: how long it may take to `good`. */
  trialMs: number | undefined;
  stopping: AbortSignal;
  /** A detection went well under it. */
  good(): void;
}

/** Settles when the host is gone, however that came. */
function watchHost(child: ChildProcess, { version, trialMs, stopping, good }: Watch): Promise<ChildEnd> {
  return new Promise((resolve) => {
    let said: Extract<FromHost, { kind: 'ending' }> | undefined;
    let killedFor = '';
    const kill = (why: string) => {
      killedFor = why;
      child.kill('SIGKILL');
    };
    const trial =
      trialMs === undefined
        ? undefined
        : setTimeout(() => kill(`no detection went well within ${trialMs / 1000} s`), trialMs);
    let silence = setTimeout(() => undefined, 0);
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => kill('it was silent for too long'), hostBounds.maxHostSilenceMs);
    };
    let grace: NodeJS.Timeout | undefined;
    const stop = () => {
      if (child.connected) child.send({ kind: 'stop' }, () => undefined);
      grace = setTimeout(() => kill('it did not stop'), hostBounds.hostStopGraceMs);
    };
    heard();
    child.on('message', (value) => {
      heard();
      const message = asFromHost(value);
      if (message?.kind === 'ending') said = message;
      if (message?.kind !== 'good' || message.version !== version) return;
      clearTimeout(trial);
      good();
    });
    const settle = (how: string) => {
      for (const timer of [trial, silence, grace]) clearTimeout(timer);
      stopping.removeEventListener('abort', stop);
      if (stopping.aborted) resolve({ kind: 'ended', code: said?.code ?? 0 });
      else if (said && killedFor === '') resolve(said.again ? { kind: 'again' } : { kind: 'ended', code: said.code });
      else resolve({ kind: 'died', how: killedFor || how });
    };
    child.once('error', (error) => settle(error.message));
    child.once('close', (code, signal) => settle(signal ?? `exit code ${code}`));
    stopping.addEventListener('abort', stop, { once: true });
    if (stopping.aborted) stop();
  });
}

function nameOf(version: string | undefined): string {
  return version === undefined ? 'The host that was installed' : `Host ${version}`;
}

function running(root: MachineRoot, pid: number): AgentError {
  const text = `The agent of ${root.folder} is running already (process ${pid}). Stop it with "moult agent stop".`;
  return new AgentError('AGENT_HOST_RUNNING', text, { hresult: hresult.setupUnexpected });
}
