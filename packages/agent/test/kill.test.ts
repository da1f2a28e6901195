// Killed at every step of a self-update, the built agent ends as exactly one working version, and a later run
// completes the update. Twice: the one process dies (kill -9), and everything dies at once (power cut).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createSusServer, type Listening, listen, type SusServer } from '@moult/simulator';
import { recoverCurrent } from '../src/host/current.ts';
import { readStatus } from '../src/read-status.ts';
import { lockHolder } from '../src/root/lock.ts';
import type { MachineRoot } from '../src/root/machine-root.ts';
import { type Lab, newVersion, oldVersion, openLab, pingFields } from './lab.ts';

const preload = new URL('kill-at-step.mjs', import.meta.url).href;
const parallel = 3;

type Scope = 'process' | 'machine';

let lab: Lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

describe('a self-update killed at every step', () => {
  for (const program of ['host', oldVersion, newVersion]) {
    for (const scope of ['process', 'machine'] as const) {
      it(`${scope === 'machine' ? 'power cut' : 'kill -9'} in ${program === 'host' ? 'the host' : program}`, async (test) => {
        const steps = await countSteps(program);
        assert.ok(steps.length >= 10, steps.join('\n'));
        const queue = steps.map((what, index) => ({ step: index + 1, what }));
        await Promise.all(
          Array.from({ length: parallel }, async () => {
            for (let next = queue.shift(); next; next = queue.shift()) await killAt(program, scope, next);
          }),
        );
        test.diagnostic(`${steps.length} steps`);
      });
    }
  }
});

/** The steps of one undisturbed self-update, up to the moment when the new version has announced itself. */
async function countSteps(program: string): Promise<string[]> {
  await using machine = await openMachine();
  const record = join(machine.root.folder, 'steps');
  const exit = await machine.run({ program, step: 0, record });
  assert.equal(exit, 0);
  const steps = readFileSync(record, 'utf8').trim().split('\n');
  // What the new version does once it is announced is no longer the self-update.
  const end = steps.findIndex(
    (what, index) => program === newVersion && index > 0 && /request .*iuident|request .*wuident/.test(what),
  );
  return end < 0 ? steps : steps.slice(0, end);
}

async function killAt(program: string, scope: Scope, { step, what }: { step: number; what: string }): Promise<void> {
  await using machine = await openMachine();
  const { root, server } = machine;
  const where = `${scope} ${program} ${what}`;
  const mark = join(root.folder, 'killed');
  await machine.run({ program, step, scope, mark });
  assert.ok(existsSync(mark), `never came to ${where}`);

  const { current } = recoverCurrent(root);
  assert.ok([oldVersion, newVersion].includes(current.version), where);

  const exit = await machine.run({});
  const status = readStatus(root);
  assert.equal(exit, 0, `${where}\n${logs(root)}`);
  assert.deepEqual(
    [status.version, status.generation, status.intact, status.trial],
    [newVersion, 'wsus', true, undefined],
    where,
  );
  assert.deepEqual(readdirSync(root.versionsFolder), [newVersion], where);
  assert.equal(lockHolder(root.hostLock), undefined, where);
  const announced = server
    .pings()
    .map(pingFields)
    .filter(({ A, S }) => A === 's' && S === 's');
  assert.ok(announced.length >= 1, `${where}: the server was never told`);
  assert.equal(new Set(announced.map(({ X }) => X)).size, 1, `${where}: told as two events`);
  assert.equal(status.keptPings, 0, where);
}

interface Plan {
  program?: string;
  step?: number;
  scope?: Scope;
  mark?: string;
  record?: string;
}

interface KillMachine extends AsyncDisposable {
  root: MachineRoot;
  server: SusServer;
  /** The built host, until it and every program of its group are gone; its exit code, undefined when it was killed. */
  run(plan: Plan): Promise<number | undefined>;
}

async function openMachine(): Promise<KillMachine> {
  const server = await createSusServer({
    signer: lab.operator.signer,
    now: new Date(),
    release: lab.release('wsus', newVersion),
  });
  const port: Listening = await listen(server);
  const root = await lab.machine({ server: port.url });
  return {
    root,
    server,
    run: (plan) => runBuiltHost(root, plan),
    async [Symbol.asyncDispose]() {
      await port.close();
      rmSync(root.folder, { recursive: true, force: true });
    },
  };
}

async function runBuiltHost(root: MachineRoot, plan: Plan): Promise<number | undefined> {
  const groupFile = join(root.folder, 'group');
  mkdirSync(root.folder, { recursive: true });
  const child = spawn(process.execPath, [root.hostProgram, ...root.programArguments, '--now', '--once'], {
    detached: true,
    stdio: 'ignore',
    env: {
      ...process.env,
      // Hundreds of starts of the same three programs.
      NODE_COMPILE_CACHE: join(lab.folder, 'compile-cache'),
      ...(plan.program === undefined
        ? {}
        : { NODE_OPTIONS: `--import ${preload}`, MOULT_TEST_KILL: JSON.stringify({ ...plan, groupFile }) }),
    },
  });
  writeFileSync(groupFile, String(child.pid));
  const code = await new Promise<number | undefined>((resolve) =>
    child.once('close', (exit) => resolve(exit ?? undefined)),
  );
  await groupGone(child.pid ?? 0);
  return code;
}

/** The programs of a killed host notice and leave; nothing of the group may live on. */
async function groupGone(group: number): Promise<void> {
  for (let waited = 0; waited < 400; waited++) {
    if (!livesOn(group)) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.fail(`process group ${group} lives on`);
}

/** Dead processes that nobody has asked about yet (zombies) do not count; only Linux shows which those are. */
function livesOn(group: number): boolean {
  try {
    process.kill(-group, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const [state, , processGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return state !== 'Z' && Number(processGroup) === group;
    } catch {
      return false;
    }
  });
}

function logs(root: MachineRoot): string {
  return [root.susLog, root.wsusLog].map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : '')).join('\n');
}

// Found beside the test, so that a moved file fails here and not in a child process.
assert.ok(existsSync(fileURLToPath(preload)));
