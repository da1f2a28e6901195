// A real process that is killed (kill -9) while it lets an update go on to the next ring: just before its transaction is
// committed, and just after.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openStore } from '@moult/store';
import { importDocuments } from '@moult/store/catalog';
import { addGroup } from '../groups.ts';
import { author, createAdministration, documentOf, idOf } from '../test/administration.ts';
import { addPlan, enterRings, stepRollouts } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-rings-killed-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
const worker = fileURLToPath(new URL('test/step-process.ts', import.meta.url));
const hoursLater = (hours: number) => new Date(author.at.getTime() + hours * 3_600_000);

/** An update in the first of two rings, which time alone lets through. Answers the file of the database. */
async function prepared(): Promise<string> {
  const file = join(folder, 'prepared.sqlite');
  await using store = await openStore(file, { now: () => author.at });
  await importDocuments(store, [documentOf(idOf(0), 'Tool')], author.at);
  await using other = await createAdministration();
  const administration = { ...other, store };
  await addGroup(administration, 'Pilot');
  const policy = { hours: 1, installed: 0 };
  const rings = ['Pilot', 'All Computers'].map((group) => ({ name: group, groups: [group], policy }));
  await addPlan(administration, 'Standard', rings);
  await enterRings(administration, 'Standard', 'Tool');
  return file;
}

/** Steps the rings of `database` in a process that is killed. Answers what it said before. */
function stepAndKill(database: string, killAt = 0): Promise<string> {
  return new Promise((resolve, reject) => {
    const given = [worker, database, hoursLater(1).toISOString(), String(killAt)];
    execFile(process.execPath, given, (error, said) => {
      if (error?.signal === 'SIGKILL') resolve(said);
      else reject(error ?? new Error('It was not killed.'));
    });
  });
}

/** What is decided, how often it is on record that it went on, and the ring that is reached. */
async function stateOf(database: string, step?: Date) {
  await using store = await openStore(database, { now: () => step ?? author.at });
  const actions = step ? (await stepRollouts(store, step)).map(({ action }) => action) : [];
  const decisions = await store.listDeploymentsOf(idOf(0));
  const records = await store.listAudit({ limit: 100, subject: idOf(0) });
  const [rollout] = await store.listRollouts();
  assert.equal((await store.checkAudit()).isIntact, true);
  const onRecord = records.filter(({ action }) => action === 'rings: go on').length;
  return { actions, decisions: decisions.length, onRecord, ring: rollout?.state.ring };
}

it('a kill before or after the commit of a promotion leaves a whole step, which is taken once', async () => {
  const file = await prepared();
  const [done, cut] = [join(folder, 'done.sqlite'), join(folder, 'cut.sqlite')];
  for (const copy of [done, cut]) copyFileSync(file, copy);
  const commits = Number(await stepAndKill(done));
  assert.ok(commits > 0);
  const promoted = { decisions: 2, onRecord: 1, ring: 1 };
  assert.deepEqual(await stateOf(done), { actions: [], ...promoted });
  assert.deepEqual(await stateOf(done, hoursLater(1)), { actions: [], ...promoted });
  assert.equal(await stepAndKill(cut, commits), '');
  assert.deepEqual(await stateOf(cut), { actions: [], decisions: 1, onRecord: 0, ring: 0 });
  assert.deepEqual(await stateOf(cut, hoursLater(1)), { actions: ['promote'], ...promoted });
});
