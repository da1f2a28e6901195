// A run that ends anywhere, as by a power cut, and is started again ends as one that nobody disturbed. A process that is killed
// is played by a store that answers nothing any more from a certain call on, before or after it wrote.
// `node scripts/sync-kills.ts` does the same with real processes and real kills, thousands of times.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openStore, type Store } from '@moult/store';
import { startPostgres, type TestPostgres } from '../../../store/test/postgres.ts';
import { catalogHash, chooseProducts, openLab } from './test/upstream.ts';

class Killed extends Error {}

/** Answers nothing from call `at` on. `isWritten`: what that call writes is still written. */
function dying(store: Store, at: number, isWritten: boolean): { store: Store; calls: () => number } {
  let calls = 0;
  const wrapped: Record<string, unknown> = { ...store };
  for (const [name, method] of Object.entries(store)) {
    if (typeof method !== 'function' || name === 'subscribe') continue;
    wrapped[name] = async (...given: unknown[]) => {
      calls++;
      if (calls > at || (calls === at && !isWritten)) throw new Killed();
      const result = await (method as (...some: unknown[]) => unknown)(...given);
      if (calls === at) throw new Killed();
      return result;
    };
  }
  return { store: wrapped as unknown as Store, calls: () => calls };
}

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`a synchronisation that is killed (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    after(() => postgres?.stop());

    it('and started again ends with the same catalog, wherever it was killed', async () => {
      await using lab = await openLab({ updates: 13 });
      await chooseProducts(lab.store, 3);
      const counting = dying(lab.store, Number.POSITIVE_INFINITY, true);
      await lab.sync({ store: counting.store });
      const expected = await catalogHash(lab.store);
      const points = engine === 'sqlite' ? 12 : 3;
      for (let point = 1; point <= points; point++) {
        const at = Math.ceil((point * counting.calls()) / points);
        // Each call once, before or after it wrote: the other half is for the script.
        const isWritten = point % 2 === 0;
        await using store = await openStore((await postgres?.createDatabase()) ?? ':memory:', { now: lab.now });
        await chooseProducts(store, 3);
        await assert.rejects(lab.sync({ store: dying(store, at, isWritten).store }), Killed);
        const half = await store.countRevisions();
        assert.ok(half === 0 || half === 20, `${half} revisions are shown after a kill at call ${at}`);
        const report = await lab.sync({ store });
        assert.equal(await catalogHash(store), expected, `killed at call ${at}, ${isWritten}`);
        assert.equal(report.added + half, 20);
        assert.deepEqual(await store.countSyncRevisions(), { wanted: 0, staged: 0, failed: 0 });
      }
    });

    it('is not fetched again: what was staged stays, also over several kills', async () => {
      await using lab = await openLab({ updates: 13 });
      await using store = await openStore((await postgres?.createDatabase()) ?? ':memory:', { now: lab.now });
      await chooseProducts(store, 3);
      let staged = 0;
      for (let kills = 0; kills < 3; kills++) {
        const stop = new AbortController();
        const stageSync: Store['stageSync'] = async (...given) => {
          await store.stageSync(...given);
          stop.abort();
        };
        const bounds = { updatesPerCall: 5, sessions: 1 };
        await assert.rejects(lab.sync({ store: { ...store, stageSync }, signal: stop.signal, bounds }), {
          code: 'ADMINISTRATION_SYNC_STOPPED',
        });
        const { staged: now } = await store.countSyncRevisions();
        assert.ok(now > staged);
        staged = now;
      }
      await lab.sync({ store });
      const ids = lab.upstream.calls
        .filter(({ operation }) => operation === 'GetUpdateData')
        .flatMap(({ body }) => body.match(/<UpdateID>[^<]*/g) ?? []);
      assert.ok(new Set(ids).size === 20 && ids.length <= 20 + 3 * 5, `${ids.length} asked for`);
    });
  });
}
