import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import pino from 'pino';
import { openStore, type Store } from '../../../store/src/index.ts';
import { startPostgres, type TestPostgres } from '../../../store/test/postgres.ts';
import { createStateBounds, fairShare, type StateBoundsParts } from './state-bounds.ts';

const at = new Date('2026-01-01T00:00:00Z');
const log = pino({ level: 'silent' });
const numbered = (first: string, number: number) => `${first}0000-0000-4000-8000-${String(number).padStart(12, '0')}`;

describe('the fair share', () => {
  it('is the largest number of states that fits, when those with fewer keep theirs', () => {
    const share = (counts: number[], room: number) => {
      const computersWith = new Map<number, number>();
      for (const count of counts) computersWith.set(count, (computersWith.get(count) ?? 0) + 1);
      return fairShare(computersWith, room);
    };
    assert.equal(share([10, 10, 1000, 1000], 220), 100);
    assert.equal(share([10, 50, 1000], 120), 60);
    assert.equal(share([100, 100], 100), 50);
    assert.equal(share([5, 5, 5], 2), 1, 'never nothing');
    assert.ok(share([5, 5], 10) >= 5);
  });
});

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`states of updates beyond their bound (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    let folder = '';
    let store: Store;
    let reports = 0;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'moult-states-'));
      store = await openStore((await postgres?.createDatabase()) ?? join(folder, 'moult.sqlite'), { now: () => at });
    });
    afterEach(async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    });
    after(() => postgres?.stop());

    const authorize = (computerId: string) =>
      store.noteAuthorization(
        { computerId, dnsName: 'pc', address: '192.0.2.1', requestedGroups: [], at },
        { assign: false },
      );
    const report = async (computerId: string, states: number) => {
      const ids = Array.from({ length: states }, (_, number) => numbered('eeee', number));
      const event = {
        ...{ instanceId: numbered('abcd', reports++), computerId, timeAtTarget: at, namespaceId: 1, eventNumber: 156 },
        ...{ sourceId: 101, updateId: undefined, revisionNumber: 0, win32HResult: 0, appName: '' },
        ...{ replacementStrings: [], miscData: [`U=${ids.join(';')}`] },
      };
      await store.recordReportingEvents([event], at);
    };
    const kept = async (computerId: string) => (await store.listStatesOf(computerId)).length;
    const bounds = (parts: Partial<StateBoundsParts>) =>
      createStateBounds({
        ...{ store, maxStates: 1000, maxStatesPerComputer: 500, log, everyMs: 0, pauseMs: 0 },
        ...parts,
      });

    it('go from the computers with the most, in the next reports too, until there is room again', async () => {
      const honest = Array.from({ length: 7 }, (_, number) => numbered('aaaa', number));
      const hostile = Array.from({ length: 4 }, (_, number) => numbered('ffff', number));
      for (const id of [...honest, ...hostile]) await authorize(id);
      for (const id of honest) await report(id, 40);
      for (const id of hostile) await report(id, 500);
      const bounded = bounds({});
      assert.equal(await bounded.sweep(), 4 * 345);
      assert.deepEqual(await Promise.all(honest.map(kept)), [40, 40, 40, 40, 40, 40, 40]);
      assert.deepEqual(await Promise.all(hostile.map(kept)), [155, 155, 155, 155]);
      for (const id of hostile) await report(id, 500);
      assert.deepEqual(await Promise.all(hostile.map(kept)), [155, 155, 155, 155]);
      for (const id of hostile.slice(1)) await store.removeComputer(id, { name: 'test', at });
      assert.equal(await bounded.sweep(), 0);
      await report(hostile[0] ?? '', 500);
      assert.equal(await kept(hostile[0] ?? ''), 310, 'twice as many');
      await bounded.close();
    });

    it('go when the reports since the last count could be too many', async () => {
      const id = numbered('ffff', 1);
      await authorize(id);
      await report(id, 1200);
      const bounded = bounds({ maxStatesPerComputer: 10_000, restMs: 0 });
      bounded.note(37 * 900);
      assert.equal(await kept(id), 1200);
      bounded.note(37 * 101);
      for (let left = 500; left > 0 && (await kept(id)) > 900; left--) await wait(10);
      assert.equal(await kept(id), 900);
      await bounded.close();
    });

    it('go when their computer was removed before its report came', async () => {
      const [id, other] = [numbered('ffff', 1), numbered('aaaa', 1)];
      await authorize(id);
      await authorize(other);
      await store.removeComputer(id, { name: 'test', at });
      await report(id, 30);
      await report(other, 20);
      const bounded = bounds({});
      assert.equal(await bounded.sweep(), 30);
      assert.deepEqual([await kept(id), await kept(other)], [0, 20]);
      await bounded.close();
    });

    it('leave the record of moves as long as it says: a move that may not be recorded is made all the same', async () => {
      const author = { name: 'test', at };
      const { groupId } = await store.createGroup('Servers', undefined, author);
      for (let number = 0; number < 3; number++) {
        const computer = { computerId: numbered('bbbb', number), dnsName: 'pc', address: '192.0.2.1', at };
        const mayRecord = () => number === 0;
        await store.noteAuthorization({ ...computer, requestedGroups: ['Servers'] }, { assign: true, mayRecord });
        assert.deepEqual((await store.loadTargeting(computer.computerId))?.groupIds, [groupId]);
      }
      const moves = (await store.listAudit({ limit: 10 })).filter(({ action }) => action === 'target computer');
      assert.deepEqual(
        moves.map(({ subject }) => subject),
        [numbered('bbbb', 0)],
      );
    });
  });
}
