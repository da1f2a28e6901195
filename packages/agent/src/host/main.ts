// The host as a program of its own, bundled to host.mjs. `moult agent start` leaves it running. Started as the service
// it is the launcher, and also the host until a newer host is on the disk. Started by a launcher (`--hosted`) it is
// that newer host.
import { formatRelease, type ReleaseVersion, readRelease } from '@moult/releases/metadata';
import { AgentError } from '../errors.ts';
import { inWordsOf } from '../machine/brand.ts';
import { giveMachineLimits } from '../machine/limits.ts';
import { type MachineRoot, machineOfArguments } from '../machine/machine-root.ts';
import { startHost } from './host.ts';
import { type HostEnd, launchHosts } from './launcher.ts';
import { asToHost, type FromHost } from './launcher-messages.ts';
import type { HostOptions, RunningHost } from './running-host.ts';

const args = process.argv.slice(2);
const root = machineOfArguments(args);
const own = ownVersion();
const options: HostOptions = { now: args.includes('--now'), once: args.includes('--once'), hostVersion: own };
const aliveEveryMs = 60_000;

try {
  for (const problem of giveMachineLimits(root, process.env))
    console.error(inWordsOf(root.brand, `warning: ${problem}`));
  process.exitCode = args.includes('--hosted') ? await runHosted() : await runAsService();
} catch (error) {
  console.error(error instanceof AgentError ? inWordsOf(root.brand, `${error.code}: ${error.message}`) : error);
  process.exitCode = 2;
  tellLauncher({ kind: 'ending', code: 2, again: false });
}
// A launcher's channel keeps it alive.
if (process.connected) process.disconnect();

async function runAsService(): Promise<number> {
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stopping.abort());
  const flags = args.filter((arg) => arg !== '--hosted' && arg !== '--host-trial');
  const runOwn = (stop: AbortSignal) => runHere(root, options, stop);
  return launchHosts({ root, own, flags, runOwn, now: () => new Date() }, stopping.signal);
}

async function runHosted(): Promise<number> {
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stopping.abort());
  process.on('message', (value) => asToHost(value)?.kind === 'stop' && stopping.abort());
  // Without its launcher it must not go on: another one may have started another host.
  process.on('disconnect', () => stopping.abort());
  const alive = setInterval(() => tellLauncher({ kind: 'alive' }), aliveEveryMs);
  const onTrial = args.includes('--host-trial');
  const onGood = () => tellLauncher({ kind: 'good', version: own.version });
  try {
    const end = await runHere(root, { ...options, runsAs: own.version, onTrial, onGood }, stopping.signal);
    const code = end.kind === 'ended' ? end.code : 0;
    tellLauncher({ kind: 'ending', code, again: end.kind === 'again' });
    return code;
  } finally {
    clearInterval(alive);
  }
}

async function runHere(machine: MachineRoot, how: HostOptions, stopping: AbortSignal): Promise<HostEnd> {
  const host: RunningHost = startHost(machine, how);
  const stop = () => void host.stop();
  stopping.addEventListener('abort', stop, { once: true });
  if (stopping.aborted) stop();
  const outcome = await host.finished;
  stopping.removeEventListener('abort', stop);
  if (host.again) return { kind: 'again' };
  return { kind: 'ended', code: outcome === undefined || outcome.ok ? 0 : 1 };
}

function tellLauncher(message: FromHost): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

/** The words that the build wrote into the first line of this file. */
function ownVersion(): ReleaseVersion {
  const written = (globalThis as { moultHostVersion?: unknown }).moultHostVersion;
  const version = readRelease(typeof written === 'string' ? written : '');
  if (version) return version;
  throw new Error(
    `This host was built without its version; ${formatRelease({ epoch: 0, version: '0.0.0.0' })} is not a version.`,
  );
}
