// The list of content, which a process keeps until somebody changes something that decides about it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { documentOf, idOf } from '../../administration/src/test/administration.ts';
import { importDocuments } from '../src/catalog/import.ts';
import { allComputers, openStore } from '../src/index.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

const at = new Date('2026-12-01T12:00:00Z');
const now = () => at;
const author = { name: 'anna', at };
const digest = (number: number) => Buffer.alloc(20, number);
const withFile = (number: number) =>
  documentOf(idOf(number), `Update ${number}`, {
    rest: `<upd:Files><upd:File Digest="${digest(number).toString('base64')}" DigestAlgorithm="SHA1" FileName="u${number}.cab" Size="7" /></upd:Files>`,
  });

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`the list of content (${engine})`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'moult-content-list-'));
    let postgres: TestPostgres | undefined;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    after(async () => {
      await postgres?.stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    });

    it('shows what another process imported, approved, fetched and removed, each at once', async () => {
      const address = (await postgres?.createDatabase()) ?? join(folder, 'moult.sqlite');
      await using reader = await openStore(address, { now });
      await using writer = await openStore(address, { now });
      const seen = async () =>
        (await reader.listContent()).map(({ fileName, state, isApproved }) => `${fileName} ${state} ${isApproved}`);
      assert.deepEqual(await seen(), []);
      await importDocuments(writer, [withFile(1)], at);
      assert.deepEqual(await seen(), ['u1.cab missing false']);
      const decision = { groupId: allComputers, deadline: undefined, administrator: 'anna' };
      await writer.deploy({ ...decision, updateId: idOf(1), action: 'Install' }, at);
      assert.deepEqual(await seen(), ['u1.cab missing true']);
      const sha1 = digest(1).toString('hex');
      const file = { sha1, sha256: 'a'.repeat(64), sizeBytes: 7, extension: '.cab', verifiedAt: at };
      await writer.saveContentFile({ ...file, state: 'present' });
      assert.deepEqual(await seen(), ['u1.cab present true']);
      await importDocuments(writer, [withFile(2)], at);
      assert.deepEqual(await seen(), ['u1.cab present true', 'u2.cab missing false']);
      await writer.deploy({ ...decision, updateId: idOf(1), action: 'Inherit' }, at);
      await writer.forgetContentFile(sha1);
      assert.deepEqual(await seen(), ['u1.cab missing false', 'u2.cab missing false']);
    });

    it('is nobody else’s: a caller that changes its own leaves the next one whole', async () => {
      await using store = await openStore((await postgres?.createDatabase()) ?? ':memory:', { now });
      await importDocuments(store, [withFile(1), withFile(2)], at);
      (await store.listContent()).length = 0;
      assert.equal((await store.listContent()).length, 2);
      await store.deploy(
        {
          groupId: allComputers,
          updateId: idOf(2),
          action: 'Install',
          deadline: undefined,
          administrator: author.name,
        },
        at,
      );
      assert.deepEqual(
        (await store.listContent()).map(({ isApproved }) => isApproved),
        [false, true],
      );
    });
  });
}
