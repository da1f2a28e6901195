// npm run conformance -- --url http://host:8530: the sessions of conformance/wusp against any server. They are a Python
// program with Debian's python3-zeep, so that nothing of ours is on their side of the wire.
import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('wusp', import.meta.url));
/** Debian's own first: another Python on the path does not see Debian's packages. */
const pythons = ['/usr/bin/python3', 'python3'];

/** The Python that has zeep; undefined when none has. */
export function findPython(): string | undefined {
  return pythons.find((python) => spawnSync(python, ['-c', 'import zeep'], { stdio: 'ignore' }).status === 0);
}

/** Runs the sessions with these arguments and answers what they left. */
export function runConformance(args: readonly string[], options: SpawnSyncOptions = {}) {
  const python = findPython();
  if (python === undefined) throw new Error('No Python with zeep. On Debian: sudo apt-get install python3-zeep');
  return spawnSync(python, ['-B', program, ...args], { encoding: 'utf8', ...options });
}

if (import.meta.main) process.exitCode = runConformance(process.argv.slice(2), { stdio: 'inherit' }).status ?? 1;
