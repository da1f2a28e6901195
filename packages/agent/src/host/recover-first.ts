// No version on the disk can run: the host fetches one, again and again until it has one, and then is an ordinary host.
import { isSurelyThere } from '@moult/disk';
import { hresult } from '@moult/protocol/hresult';
import { hostBounds } from '../bounds.ts';
import { AgentError } from '../errors.ts';
import type { HeldLock } from '../machine/lock.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { readCurrent, recoverCurrent, writeCurrent } from './current.ts';
import type { HostLog } from './host-log.ts';
import type { Outcome } from './messages.ts';
import { findReleaseByHost } from './own-check.ts';
import { clockOf, type HostOptions, type RunningHost } from './running-host.ts';

interface RecoverParts {
  root: MachineRoot;
  options: HostOptions;
  lock: HeldLock;
  log: HostLog;
  start(): RunningHost;
}

const firstPauseMs = 30_000;

export function hasWorkingVersion(root: MachineRoot): boolean {
  try {
    recoverCurrent(root);
    return true;
  } catch (error) {
    if (error instanceof AgentError && error.code === 'AGENT_HOST_NO_WORKING_VERSION') return false;
    throw error;
  }
}

/** A host that begins when it has a version. With `once` it tries once, and ends with AGENT_HOST_NO_WORKING_VERSION. */
export function recoverFirst(parts: RecoverParts): RunningHost {
  const stopping = new AbortController();
  let host: RunningHost | undefined;
  const finished = (async (): Promise<Outcome | undefined> => {
    const failure = await recover(parts, stopping.signal);
    if (failure || stopping.signal.aborted) {
      parts.lock.release();
      return failure;
    }
    host = parts.start();
    return host.finished;
  })();
  return {
    finished,
    get again() {
      return host?.again ?? false;
    },
    async stop() {
      stopping.abort();
      await host?.stop();
      await finished;
    },
  };
}

async function recover({ root, options, log }: RecoverParts, stopping: AbortSignal): Promise<Outcome | undefined> {
  const { random = Math.random } = options;
  const tell = (text: string) => {
    log.warn('wsus', text);
    options.onEvent?.({ step: 'repaired', text, generation: 'wsus', version: '0.0.0.0' });
  };
  tell(`No intact agent version is left in ${root.versionsFolder}; the host fetches one.`);
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, hostBounds.maxRecoverWaitMs)) {
    const why = await attempt({ root, now: clockOf(options), tell });
    if (why === undefined) return undefined;
    if (options.once || stopping.aborted) return noVersion(root, why);
    // Not all of a fleet in the same second.
    await wait(root, pauseMs * (0.8 + 0.4 * random()), stopping);
    if (stopping.aborted) return undefined;
  }
}

interface Attempt {
  root: MachineRoot;
  now(): Date;
  tell(text: string): void;
}

/** Undefined when it went well, else why not. */
async function attempt(parts: Attempt): Promise<string | undefined> {
  const { root, tell } = parts;
  try {
    const found = await findReleaseByHost({ ...parts, running: undefined });
    if (!found) return 'the server has no release';
    const { version, generation } = found;
    const failed = readCurrent(root)?.failed ?? [];
    writeCurrent(root, { version, generation, state: 'committed', proven: false, starts: 0, failed });
    tell(`Version ${version} was fetched, verified and unpacked by the host.`);
    return undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    tell(`No version could be fetched: ${why}`);
    return why;
  }
}

function noVersion({ versionsFolder }: MachineRoot, why: string): Outcome {
  const message = `No intact agent version is left in ${versionsFolder}, and none can be fetched: ${why} Run "moult agent install" again.`;
  return { ok: false, hresult: hresult.setupUnexpected, code: 'AGENT_HOST_NO_WORKING_VERSION', message };
}

/** Until the time is over, a person asks for a detection, or it must stop. */
function wait({ detectRequest }: MachineRoot, ms: number, stopping: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      clearInterval(poll);
      stopping.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    const poll = setInterval(() => isSurelyThere(detectRequest) && done(), 250);
    stopping.addEventListener('abort', done, { once: true });
  });
}
