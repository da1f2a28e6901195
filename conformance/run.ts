// npm run conformance -- --url http://host:8530: the sessions of conformance/wusp against any server. They are a Python
// program with Debian's python3-zeep, so that nothing of ours is on their side of the wire.
// With --all every foreign stack of conformance/stacks does a scan as well.
import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { installDebianPackages } from '../scripts/test-tools.ts';
import { monoStack, smallStacks } from './stacks/scan.ts';

const program = fileURLToPath(new URL('wusp', import.meta.url));
/** Debian's own first: another Python on the path does not see Debian's packages. */
const pythons = ['/usr/bin/python3', 'python3'];

/** The Python that has zeep. Undefined if none has it. */
export function findPython(): string | undefined {
  return pythons.find((python) => spawnSync(python, ['-c', 'import zeep'], { stdio: 'ignore' }).status === 0);
}

/** Runs the sessions with these arguments and answers what they left. */
export function runConformance(args: readonly string[], options: SpawnSyncOptions = {}) {
  const python = findPython();
  if (python === undefined) throw new Error('No Python with zeep. On Debian: sudo apt-get install python3-zeep');
  return spawnSync(python, ['-B', program, ...args], { encoding: 'utf8', ...options });
}

if (import.meta.main) {
  const given = process.argv.slice(2);
  const args = given.filter((argument) => argument !== '--all');
  const status = runConformance(args, { stdio: 'inherit' }).status ?? 1;
  const url = args[args.indexOf('--url') + 1] ?? '';
  process.exitCode = args.length < given.length && status < 2 ? Math.max(status, await runStacks(url)) : status;
}

/** A scan by every foreign stack on this machine, a line for each. Answers 1 if one of them failed. */
async function runStacks(url: string): Promise<number> {
  const stacks = [...smallStacks, monoStack];
  installDebianPackages(stacks.filter((stack) => !stack.isThere()).flatMap(({ packages }) => packages));
  let status = 0;
  for (const stack of stacks) {
    for (const version of ['1.1', '1.2'] as const) {
      try {
        if (!stack.isThere())
          throw new Error(`not installed; on Debian: sudo apt-get install ${stack.packages.join(' ')}`);
        const { updates, pages } = await stack.scan(url, version);
        console.log(`ok      ${stack.name} completes a scan in SOAP ${version} (${updates} updates in ${pages} calls)`);
      } catch (error) {
        status = 1;
        console.log(`NOT OK  ${stack.name} completes a scan in SOAP ${version}: ${String(error)}`);
      }
    }
  }
  return status;
}
