// Killed at any change of the disk, a backup leaves no keys about, and a restore ends as all of the one state or all of
// the other: database, keys and tree together.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { backUp } from '../src/backup/backup.ts';
import { readBackup } from '../src/backup/check-backup.ts';
import { settleInterrupted } from '../src/backup/settle.ts';
import { openStore } from '../src/index.ts';
import { loadOrCreateCookieKey, loadOrCreateOperatorKeys } from '../src/keys/index.ts';

const now = new Date('2026-12-01T12:00:00Z');
const author = { name: 'tester', at: now };
const worker = fileURLToPath(new URL('backup-worker.ts', import.meta.url));
const preload = new URL('kill-at-change.mjs', import.meta.url).href;
/** Of the many changes every so-manieth is tried, and the first and last of them all. */
const stride = Number(process.env.MOULT_KILL_STRIDE ?? 5);

let folder: string;
const placesOf = (name: string) => ({
  dataDir: join(folder, name),
  database: join(folder, name, 'moult.sqlite'),
});

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-killed-'));
  for (const name of ['here', 'there']) await makeServer(name);
  await backUp({ ...placesOf('there'), target: join(folder, 'backup'), version: '0', now });
});
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

async function makeServer(name: string): Promise<void> {
  const { dataDir, database } = placesOf(name);
  mkdirSync(dataDir);
  await loadOrCreateOperatorKeys(dataDir, { now });
  await loadOrCreateCookieKey(dataDir);
  await using store = await openStore(database, { now: () => now });
  await store.createGroup(`Group ${name}`, undefined, author);
  await store.close();
  const trees = ['self-update/releases/wsus/7.9.0.1/wuaucomp.cab', 'self-update/imported/index.json'];
  for (const tree of [...trees, `self-update/imported/only-${name}`, 'trust/public/metadata/1.root.json']) {
    const file = join(dataDir, tree);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, name);
  }
}

/** Whose each part of a data directory is: one name when nothing is mixed. */
async function ownersOf(dataDir: string): Promise<Set<string>> {
  const owners = new Set<string>();
  await using store = await openStore(join(dataDir, 'moult.sqlite'), { now: () => now });
  for (const { name } of await store.loadGroups()) if (name.startsWith('Group ')) owners.add(name.slice(6));
  await store.close();
  for (const key of readdirSync(join(folder, 'here', 'keys'))) {
    const bytes = readFileSync(join(dataDir, 'keys', key));
    owners.add(bytes.equals(readFileSync(join(folder, 'here', 'keys', key))) ? 'here' : 'there');
  }
  const tree = readdirSync(join(dataDir, 'self-update', 'imported')).filter((name) => name.startsWith('only-'));
  for (const name of tree) owners.add(name.slice(5));
  const files = ['self-update/releases/wsus/7.9.0.1/wuaucomp.cab', 'self-update/imported/index.json'];
  for (const file of [...files, 'trust/public/metadata/1.root.json'])
    owners.add(readFileSync(join(dataDir, file), 'utf8'));
  return owners;
}

/**
 * Kills the worker at that change. How many changes there are differs a little from run to run (streams write larger and
 * smaller pieces): the last ones may not come. Answers whether it was killed.
 */
async function isKilled(args: string[], at: number): Promise<boolean> {
  const made = await run(args, at);
  assert.ok(made === undefined || made < at, `it made ${made} changes, and was not killed at ${at}`);
  return made === undefined;
}

/** Runs the worker until its N-th change; answers how many it made when it was not killed. */
async function run(args: string[], killAt: number): Promise<number | undefined> {
  const countTo = join(folder, `count-${killAt}-${args[0]}`);
  const env = { ...process.env, MOULT_KILL_AT: String(killAt), MOULT_COUNT_TO: countTo };
  const signal = await new Promise<unknown>((resolve, reject) => {
    execFile(process.execPath, ['--import', preload, worker, ...args], { env }, (error, _, stderr) => {
      if (error && error.signal === null) reject(new Error(stderr));
      else resolve(error?.signal);
    });
  });
  return signal === undefined ? Number(readFileSync(countTo, 'utf8')) : undefined;
}

/** The places to die at, once it is known how many there are. */
async function* places(args: (at: number) => string[]): AsyncGenerator<{ at: number; args: string[] }> {
  const all = await run(args(0), 0);
  assert.ok(all !== undefined && all > 20, `${all} changes`);
  for (let at = 1; at <= all; at += at + stride > all && at < all ? all - at : stride) yield { at, args: args(at) };
}

describe('killed at any change of the disk', () => {
  it('a backup is whole, or gone with the next command, which says so', async () => {
    const { dataDir, database } = placesOf('here');
    let removed = 0;
    let missed = 0;
    for await (const { at, args } of places((at) => ['backup', dataDir, join(folder, `target-${at}`)])) {
      const target = args[2] ?? '';
      missed += (await isKilled(args, at)) ? 0 : 1;
      const { said } = await settleInterrupted(dataDir, database, now);
      removed += said.length;
      if (existsSync(target)) assert.equal((await readBackup(target)).keys.size, 5);
      const left = readdirSync(folder).filter((name) => name.includes('.unfinished'));
      const keys = left.filter((name) => readdirSync(join(folder, name)).length > 0);
      assert.deepEqual(keys, [], `killed at ${at}`);
      for (const name of left) rmSync(join(folder, name), { recursive: true });
      assert.deepEqual((await settleInterrupted(dataDir, database, now)).said, []);
    }
    assert.ok(removed > 5, `${removed} were cut off`);
    assert.ok(missed <= 2, `${missed} places were never reached`);
  });

  it('a restore is all of one state or all of the other, and the next command says which', async () => {
    const outcomes = { here: 0, there: 0 };
    let missed = 0;
    const fresh = (at: number) => {
      const dataDir = join(folder, `restored-${at}`);
      cpSync(join(folder, 'here'), dataDir, { recursive: true });
      return ['restore', dataDir, join(folder, 'backup')];
    };
    for await (const { at, args } of places(fresh)) {
      const [, dataDir = ''] = args;
      missed += (await isKilled(args, at)) ? 0 : 1;
      const wasPending = existsSync(join(dataDir, 'restoring'));
      const { said } = await settleInterrupted(dataDir, join(dataDir, 'moult.sqlite'), now);
      assert.equal(said.length > 0, wasPending, `killed at ${at}`);
      assert.ok(!existsSync(join(dataDir, 'restoring')));
      const { ca } = await loadOrCreateOperatorKeys(dataDir, { now });
      assert.ok(ca.privateKeyPem !== '');
      const owners = [...(await ownersOf(dataDir))];
      assert.equal(owners.length, 1, `killed at ${at}: ${owners}`);
      outcomes[owners[0] as 'here' | 'there']++;
      assert.ok(!existsSync(join(dataDir, 'keys', 'next')));
      rmSync(dataDir, { recursive: true });
    }
    assert.ok(outcomes.here > 2 && outcomes.there > 2, JSON.stringify(outcomes));
    assert.ok(missed <= 2, `${missed} places were never reached`);
  });
});
