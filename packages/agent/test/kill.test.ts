// Killed at every step of a self-update and of the host's update after it, the built agent ends as exactly one working version
// under one working host, and a later run completes both. Twice: one process dies (kill -9), and everything dies at once (power cut).
// `npm test` takes the turning points and a sample of the other steps, `npm run faults -- --walks` takes every step.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createSusServer, type Listening, listen, type SimulatedRelease, type SusServer } from '@moult/simulator';
import { recoverCurrent } from '../src/host/current.ts';
import { readHosts } from '../src/host/hosts-file.ts';
import { lockHolder } from '../src/machine/lock.ts';
import { type MachineRoot, machineRoot } from '../src/machine/machine-root.ts';
import { readStatus } from '../src/read-status.ts';
import { diskState, pointDiskAt } from './disk-state.ts';
import { buildHostRelease, type Lab, newVersion, oldVersion, openLab, pingFields } from './lab.ts';
import { sampleNote, sampleOf, walking } from './sample.ts';

const preload = new URL('kill-at-step.mjs', import.meta.url).href;
const newHost = '7.9.0.0';
const programs = ['host', `host-${newHost}`, oldVersion, newVersion];
const parallel = 3;
const goneWithinMs = 120_000;

interface Step {
  /** Program and number: `host-7`. */
  name: string;
  program: string;
  number: number;
  what: string;
}

let lab: Lab;
let host: SimulatedRelease;
let steps: Step[];
/** The address of the server that the recorded machine knew. */
let recordedUrl: string;
/** The same disk and the same server twice is the same proof: what was seen to recover is not run again. */
const proven = new Map<string, Promise<void>>();

before(async () => {
  lab = await openLab({ installedHost: '7.8.0.0' });
  host = await buildHostRelease(join(lab.folder, 'hosts'), newHost);
  steps = await recordSteps();
});
after(() => lab.close());

describe('a self-update killed at every step', () => {
  // First: here the dead leave their locks behind.
  it('power cut', async (test) => {
    const taken = sampleOf(steps, { count: 12, nameOf: ({ name }) => name, always: isTurningPoint });
    await walking(() => forEach(taken, async (step) => goOnFrom(step, pingsBefore(step))));
    test.diagnostic(
      `${taken.length} of ${steps.length} steps, ${proven.size} states of disk and server; ${sampleNote}`,
    );
  });

  for (const program of programs) {
    it(`kill -9 in ${program === 'host' ? 'the host that was installed' : program}`, async (test) => {
      const own = steps.filter((step) => step.program === program);
      assert.ok(own.length >= 10, own.map(({ what }) => what).join('\n'));
      const places = own.filter((step, index) => !(isSaid(step) && isSaid(own[index - 1])));
      const taken = sampleOf(places, { count: 4, nameOf: ({ name }) => name, always: isTurningPoint });
      await walking(() => forEach(taken, killAt));
      test.diagnostic(
        `${taken.length} of ${own.length} steps; ${proven.size} states of disk and server by now; ${sampleNote}`,
      );
    });
  }
});

/** A line in a log, a word to whoever watches: nothing hangs on how many of them in a row were said. */
function isSaid(step: Step | undefined): boolean {
  return step !== undefined && /^appendFileSync .*\.log$|^send progress$/.test(step.what);
}

/** Where the machine becomes another: what went wrong here once is tried each time. */
function isTurningPoint({ what }: Step): boolean {
  return /^renameSync .*(staging|current|hosts)|^linkSync .*(host|launcher)\.lock|^send (handover|qualified|good)|^request .*wutrack/.test(
    what,
  );
}

/** The steps of one undisturbed self-update, up to the moment when the new version has announced itself. */
async function recordSteps(): Promise<Step[]> {
  await using machine = await openMachine();
  recordedUrl = machine.port.url;
  const record = join(lab.folder, 'steps');
  const plan = { record, snapshots: join(lab.folder, 'snapshots'), root: machine.root.folder };
  assert.equal(await runBuiltHost(machine.root, plan), 0, logs(machine.root));
  const all = readFileSync(record, 'utf8').trim().split('\n').map(asStep);
  // The new version asks first on its trial. What it does once it is announced is no longer the self-update.
  const announces = all.findIndex(({ program, what }) => program === newVersion && /^request .*wutrack/.test(what));
  assert.ok(announces > 0, 'the new version announces itself');
  const asks = all
    .slice(announces)
    .find(({ program, what }) => program === newVersion && /^request .*ident\.cab/.test(what));
  return all.filter(({ program, number }) => program !== newVersion || number < (asks?.number ?? Infinity));
}

function asStep(line: string): Step {
  const [name = '', what = ''] = line.split('\t');
  const dash = name.lastIndexOf('-');
  return { name, program: name.slice(0, dash), number: Number(name.slice(dash + 1)), what };
}

/** One process dies at a step, the others do what they do then; a later run completes the update. */
async function killAt({ program, number, what }: Step): Promise<void> {
  await using machine = await openMachine();
  const mark = join(lab.folder, `killed-${program}-${number}`);
  await runBuiltHost(machine.root, { program, step: number, mark });
  assert.ok(existsSync(mark), `never came to ${program} ${what}`);
  const pings = machine.server.pings();
  const where = `kill -9 in ${program} at ${what}`;
  await proveOnce(machine.root, pings, where, () => proveRecovery(machine, pings, where));
}

/** Everything dies at a step: the disk as it was just before it, on a machine that is switched on again. */
async function goOnFrom({ name, what }: Step, pings: string[]): Promise<void> {
  const folder = join(lab.folder, `machine-after-${name}`);
  renameSync(join(lab.folder, 'snapshots', name), folder);
  const where = `power cut at ${name} ${what}`;
  await proveOnce(machineRoot(folder), pings, where, async () => {
    await using machine = await openMachine(folder);
    pointDiskAt(machine.root, recordedUrl, machine.port.url);
    await proveRecovery(machine, pings, where);
  });
  rmSync(folder, { recursive: true, force: true });
}

/** What the server had heard before a step: a ping is waited for before the next step. */
function pingsBefore(step: Step): string[] {
  return steps
    .slice(0, steps.indexOf(step))
    .flatMap(({ what }) => /^request \S+\/wutrack\.bin\?(\S+)/.exec(what)?.[1] ?? []);
}

function proveOnce(root: MachineRoot, pings: string[], where: string, prove: () => Promise<void>): Promise<void> {
  const { current } = recoverCurrent(root);
  assert.ok([oldVersion, newVersion].includes(current.version), where);
  const heard = pings.map(pingFields).map(({ A, S, E, I }) => [A, S, E, I]);
  const state = JSON.stringify([heard, diskState(root)]);
  const known = proven.get(state) ?? prove();
  proven.set(state, known);
  return known;
}

async function proveRecovery({ root, server }: KillMachine, before: string[], where: string): Promise<void> {
  const heardHere = server.pings().length;
  const exit = await runBuiltHost(root);
  const status = readStatus(root);
  assert.equal(exit, 0, `${where}\n${logs(root)}`);
  assert.deepEqual(
    [status.version, status.generation, status.intact, status.trial],
    [newVersion, 'wsus', true, undefined],
    where,
  );
  assert.deepEqual(readdirSync(root.versionsFolder), [oldVersion, newVersion], `${where}: the old one stays`);
  const hosts = readHosts(root);
  assert.deepEqual(
    [hosts?.version, hosts?.state, hosts?.failed],
    [newHost, 'committed', []],
    `${where}\n${logs(root)}`,
  );
  assert.deepEqual([lockHolder(root.hostLock), lockHolder(root.launcherLock)], [undefined, undefined], where);
  const announced = [...before, ...server.pings().slice(heardHere)]
    .map(pingFields)
    .filter(({ A, S }) => A === 's' && S === 's');
  assert.ok(announced.length >= 1, `${where}: the server was never told`);
  assert.equal(new Set(announced.map(({ X }) => X)).size, 1, `${where}: told as two events`);
  assert.equal(status.keptPings, 0, where);
}

/** `parallel` at a time; ends at the first that fails. */
async function forEach<T>(all: readonly T[], run: (one: T) => Promise<void>): Promise<void> {
  const queue = [...all];
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      for (let next = queue.shift(); next; next = queue.shift()) await run(next);
    }),
  );
}

interface KillMachine extends AsyncDisposable {
  root: MachineRoot;
  server: SusServer;
  port: Listening;
}

/** All servers are as old as one another and carry the same bytes: a cached cabinet of one is that of all. */
const serversSince = new Date();

/** A server of its own and a machine: a new one, or that in `folder`. */
async function openMachine(folder?: string): Promise<KillMachine> {
  const server = await createSusServer({
    signer: lab.operator.signer,
    now: serversSince,
    release: lab.release('wsus', newVersion),
    host,
  });
  const port = await listen(server);
  const root = folder === undefined ? await lab.machine({ server: port.url }) : machineRoot(folder);
  return {
    root,
    server,
    port,
    async [Symbol.asyncDispose]() {
      await port.close();
      rmSync(root.folder, { recursive: true, force: true });
    },
  };
}

/** The built host, until it and every program of its group are gone; its exit code, undefined when it was killed. */
async function runBuiltHost(root: MachineRoot, plan?: Record<string, unknown>): Promise<number | undefined> {
  mkdirSync(root.folder, { recursive: true });
  using child = spawn(process.execPath, [root.hostProgram, ...root.programArguments, '--now', '--once'], {
    detached: true,
    stdio: 'ignore',
    env: {
      ...process.env,
      ...(plan && { NODE_OPTIONS: `--import ${preload}`, MOULT_TEST_KILL: JSON.stringify(plan) }),
    },
  });
  const code = await new Promise<number | undefined>((resolve) =>
    child.once('close', (exit) => resolve(exit ?? undefined)),
  );
  await groupGone(child.pid ?? 0);
  return code;
}

/** The programs of a killed host notice and leave; nothing of the group may live on. */
async function groupGone(group: number): Promise<void> {
  for (const deadline = performance.now() + goneWithinMs; performance.now() < deadline; ) {
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
