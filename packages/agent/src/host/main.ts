// The host as a program of its own, bundled to host.mjs: what `moult agent start` leaves running.
import { AgentError } from '../errors.ts';
import { giveMachineLimits } from '../machine/limits.ts';
import { machineOfArguments } from '../machine/machine-root.ts';
import { startHost } from './host.ts';

const args = process.argv.slice(2);
try {
  const root = machineOfArguments(args);
  for (const problem of giveMachineLimits(root, process.env)) console.error(`warning: ${problem}`);
  const host = startHost(root, { now: args.includes('--now'), once: args.includes('--once') });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void host.stop());
  const outcome = await host.finished;
  process.exitCode = outcome === undefined || outcome.ok ? 0 : 1;
} catch (error) {
  console.error(error instanceof AgentError ? `${error.code}: ${error.message}` : error);
  process.exitCode = 2;
}
