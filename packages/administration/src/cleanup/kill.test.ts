// A real process that is killed (kill -9) while it cleans up, just before each of its commits.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openStore } from '@moult/store';
import { importDocuments } from '@moult/store/catalog';
import { declineAll } from '../approvals.ts';
import { author, createAdministration, documentOf, idOf } from '../test/administration.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-cleanup-killed-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
const worker = fileURLToPath(new URL('test/cleanup-process.ts', import.meta.url));
const later = new Date(author.at.getTime() + 100 * 86_400_000);
const bundles = 120;

/** Declined bundles with a part each, and an update with an old revision. Answers the file of the database. */
async function prepared(): Promise<string> {
  const file = join(folder, 'prepared.sqlite');
  await using store = await openStore(file, { now: () => author.at });
  const part = 'ExplicitlyDeployable="false"';
  const declined = Array.from({ length: bundles }, (_, at) => [
    documentOf(idOf(2 * at), `Bundle ${at}`, { bundles: [idOf(2 * at + 1)] }),
    documentOf(idOf(2 * at + 1), `Part ${at}`, { attributes: part }),
  ]);
  const kept = [1, 2].map((revision) => documentOf(idOf(999), 'Kept', { revision }));
  await importDocuments(store, [...declined.flat(), ...kept], author.at);
  await using other = await createAdministration();
  const ids = declined.map((_, at) => idOf(2 * at));
  await declineAll({ ...other, store, author }, ids, true);
  return file;
}

/** Answers what it said before it died. */
function cleanUpAndKill(database: string, killAt = 0): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [worker, database, later.toISOString(), String(killAt)], (error, said) => {
      if (error?.signal === 'SIGKILL') resolve(said);
      else reject(error ?? new Error('It was not killed.'));
    });
  });
}

it('a cleanup that is killed before any of its commits leaves whole steps, and the next one does the rest', async () => {
  const file = await prepared();
  const copyOf = (name: string) => {
    const copy = join(folder, `${name}.sqlite`);
    copyFileSync(file, copy);
    return copy;
  };
  const commits = Number(await cleanUpAndKill(copyOf('done')));
  assert.ok(commits >= 4, String(commits));
  for (let killAt = 1; killAt <= commits; killAt++) {
    const cut = copyOf(`cut ${killAt}`);
    await cleanUpAndKill(cut, killAt);
    {
      await using store = await openStore(cut, { now: () => later });
      const left = await store.listRevisions(0, 1000);
      const names = new Set(left.map(({ title }) => title));
      // A bundle goes before its part: none may be there without it.
      for (let at = 0; at < bundles; at++)
        assert.ok(!names.has(`Bundle ${at}`) || names.has(`Part ${at}`), `${killAt}: the part of ${at} went first`);
      const summaries: number[] = [];
      await store.readSummaries(0, ({ revisionId }) => summaries.push(revisionId));
      assert.deepEqual(
        summaries,
        left.map(({ revisionId }) => revisionId),
        'each revision is there whole, or not at all',
      );
      assert.equal((await store.checkAudit()).isIntact, true);
    }
    await cleanUpAndKill(cut);
    await using store = await openStore(cut, { now: () => later });
    assert.deepEqual(
      (await store.listRevisions(0, 10)).map((one) => [one.title, one.revisionNumber]),
      [['Kept', 2]],
    );
  }
});
