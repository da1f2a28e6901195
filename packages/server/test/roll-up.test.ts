// Roll-up: what a downstream server reports, over the wire, on both engines, also from servers below it and from liars.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { overrideBounds } from '@moult/bounds';
import { type ComputerRollupInfo, never, rollUpCookie, rollUp as rollUpService } from '@moult/protocol/roll-up';
import { rollUp } from '../../administration/src/roll-up/roll-up.ts';
import { author, partsOf } from '../../administration/src/synchronisation/test/upstream.ts';
import { openStore, type Store } from '../../store/src/index.ts';
import { startPostgres, type TestPostgres } from '../../store/test/postgres.ts';
import { rollUpBounds } from '../src/roll-up-bounds.ts';
import { openSession } from './agent-session.ts';
import { ask, call } from './soap-client.ts';
import { startTestServer } from './test-server.ts';

const now = () => new Date();
const idOf = (number: number) => `6f1c2f6e-3f0b-4d3a-9b1e-${String(number).padStart(12, '0')}`;
const updateOf = (number: number) => `50000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const nobody = '00000000-0000-0000-0000-000000000000';
const cookie = rollUpCookie;

async function openServer(database?: string) {
  const server = await startTestServer({ config: { firstCatalog: 'empty', ...(database && { database }) } });
  const store = await openStore(server.database, { now });
  const stop = async () => {
    await store.close();
    await server.stop();
  };
  return { server, store, url: server.url, stop, [Symbol.asyncDispose]: stop };
}

type Opened = Awaited<ReturnType<typeof openServer>>;

const serverOf = (number: number, more: object = {}) => ({
  ...{ serverId: idOf(number), name: `server-${number}.example.test`, lastSync: never, parentServerId: nobody },
  ...{ version: '10.0.14393.0', isReplica: false, lastRollup: now(), clients: [], ...more },
});
const computerOf = (number: number, parent: number, more: Partial<ComputerRollupInfo> = {}): ComputerRollupInfo => ({
  ...{ computerId: idOf(number), lastSync: new Date(Date.now() - 5000), lastSyncResult: 1, lastReboot: never },
  ...{ lastStatus: never, lastInventory: never, parentServerId: idOf(parent), ...more },
});
const details = {
  ...{ address: '192.0.2.7', dnsName: 'pc-7.example.test', osMajor: 10, osMinor: 0, osBuild: 22631 },
  ...{ servicePackMajor: 0, servicePackMinor: 0, osLocale: 'en-US', osFamily: 'Windows', osDescription: '' },
  ...{
    manufacturer: 'A&B "C"',
    model: 'M',
    biosVersion: '',
    biosName: '',
    biosReleasedAt: never,
    architecture: 'AMD64',
  },
  ...{ suiteMask: 256, oldProductType: 1, newProductType: 48, systemMetrics: 0, clientVersion: '10.0.22631.1' },
  ...{ groupIds: [idOf(900)], requestedGroups: ['Servers'] },
};

const roll = (url: string) => ({
  servers: (servers: object[], clientTime = now()) =>
    call(url, rollUpService, 'RollupDownstreamServers', { cookie, clientTime, downstreamServers: servers as never }),
  computers: (computers: ComputerRollupInfo[], clientTime = now()) =>
    call(url, rollUpService, 'RollupComputers', { cookie, clientTime, computers }),
  states: (parent: number, computers: object[], clientTime = now()) =>
    call(url, rollUpService, 'RollupComputerStatus', {
      ...{ cookie, clientTime, parentServerId: idOf(parent), computers: computers as never },
    }),
  outOfSync: async (parent: number, numbers: [number, number][]) =>
    (
      await ask(url, rollUpService, 'GetOutOfSyncComputers', {
        ...{ cookie, parentServerId: idOf(parent) },
        lastRollupNumbers: numbers.map(([computer, number]) => ({ computerId: idOf(computer), number })),
      })
    ).result,
});
const statesOf = (number: number, roll: number, isFull: boolean, states: [number, number][], at = now()) => ({
  ...{ instanceId: idOf(1), computerId: idOf(number), detectedAt: never, number: roll, isFull },
  states: states.map(([update, state]) => ({ updateId: updateOf(update), state, changedAt: at })),
});
const kindOf = (answer: Awaited<ReturnType<typeof call>>) =>
  answer.kind === 'fault' ? [answer.fault.code, answer.fault.message] : [answer.kind];

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`reports of downstream servers (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    let top: Opened;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
      top = await openServer(await postgres?.createDatabase());
    });
    after(async () => {
      await top?.stop();
      await postgres?.stop();
    });

    it('say what is taken, and that details are wanted', async () => {
      const { result } = await ask(top.url, rollUpService, 'GetRollupConfiguration', { cookie });
      assert.deepEqual(
        [result?.isDetailed, result?.maxSummaries, result?.maxComputers, result?.maxNumbers, result?.maxStatuses],
        [true, 5000, 1500, 20_000, 50],
      );
    });

    it('are kept of servers below servers, each after the one above it', async () => {
      const { servers } = roll(top.url);
      assert.deepEqual(kindOf(await servers([serverOf(2, { parentServerId: idOf(1) })])), [
        'InternalServerError',
        'ParentServerId',
      ]);
      assert.deepEqual(
        kindOf(await servers([serverOf(1), serverOf(2, { parentServerId: idOf(1), isReplica: true })])),
        ['answer'],
      );
      assert.deepEqual(
        (await top.store.listDownstreamServers()).map(({ serverId, parentId, isReplica }) => [
          serverId,
          parentId,
          isReplica,
        ]),
        [
          [idOf(1), undefined, false],
          [idOf(2), idOf(1), true],
        ],
      );
      // A server above itself.
      assert.deepEqual(kindOf(await servers([serverOf(1, { parentServerId: idOf(2) })])), [
        'InternalServerError',
        'ParentServerId',
      ]);
    });

    it('an older report changes nothing, and counts of installations are added', async () => {
      const { servers } = roll(top.url);
      const system = { osMajor: 10, osMinor: 0, osBuild: 1, servicePackMajor: 0, servicePackMinor: 0, suiteMask: 0 };
      const client = { ...system, oldProductType: 1, newProductType: 1, systemMetrics: 0, computers: 7 };
      const activities = [{ updateId: updateOf(1), revisionNumber: 1, installed: 3, failed: 1 }];
      for (const _ of [1, 2]) await servers([serverOf(1, { clients: [{ ...client, activities }] })]);
      await servers([serverOf(1, { name: 'old', lastRollup: new Date('2020-01-01T00:00:00Z') })]);
      assert.equal((await top.store.listDownstreamServers())[0]?.name, 'server-1.example.test');
    });

    it('are kept of computers: new ones without details, and those that moved, are asked for theirs', async () => {
      const { computers } = roll(top.url);
      const first = await computers([computerOf(10, 1), computerOf(11, 2, { details })]);
      assert.deepEqual(first.kind === 'answer' && first.value.result, [{ computerId: idOf(10), change: 'NewParent' }]);
      const moved = await computers([computerOf(11, 1)]);
      assert.deepEqual(moved.kind === 'answer' && moved.value.result, [{ computerId: idOf(11), change: 'NewParent' }]);
      await computers([computerOf(11, 2, { details })]);
      const { items, total } = await top.store.pageDownstreamComputers({ serverId: idOf(2) }, { limit: 10 });
      assert.deepEqual(
        [total, items[0]?.dnsName, items[0]?.details?.manufacturer],
        [1, 'pc-7.example.test', 'A&B "C"'],
      );
      assert.deepEqual(kindOf(await computers([computerOf(12, 77)])), ['InternalServerError', 'ParentServerId']);
      assert.equal((await top.store.loadServerStatus()).computers.total, 0, 'they are not computers of this server');
    });

    it('are kept of states, all of them or changes, and figures follow', async () => {
      const { states, outOfSync } = roll(top.url);
      await states(1, [
        statesOf(10, 1, true, [
          [1, 2],
          [2, 5],
          [3, 4],
        ]),
        statesOf(11, 1, true, [[1, 3]]),
      ]);
      assert.deepEqual(await top.store.countDownstreamOf(updateOf(1)), { needed: 2, failed: 0 });
      assert.deepEqual(await top.store.countDownstream(), { servers: 2, computers: 2, needing: 2, failing: 1 });
      await states(1, [
        statesOf(10, 2, false, [
          [1, 4],
          [2, 0],
        ]),
      ]);
      assert.deepEqual(await top.store.countDownstreamOf(updateOf(1)), { needed: 1, failed: 0 });
      assert.deepEqual(await top.store.countDownstream(), { servers: 2, computers: 2, needing: 1, failing: 0 });
      // One of before the last, of one that a liar does not have, and of one that nobody has.
      const old = new Date(Date.now() - 3_600_000);
      await states(1, [statesOf(10, 3, false, [[1, 2]], old)]);
      await states(2, [statesOf(10, 9, true, [])]);
      await states(1, [statesOf(4711, 1, true, [[1, 2]])]);
      assert.deepEqual(await top.store.countDownstreamOf(updateOf(1)), { needed: 1, failed: 0 });
      assert.deepEqual(
        await outOfSync(1, [
          [10, 3],
          [11, 7],
          [4711, 1],
        ]),
        [idOf(11)],
      );
      assert.deepEqual(await outOfSync(88, [[10, 7]]), []);
    });

    it('of a server whose clock is wrong are corrected, and the list says by how much', async () => {
      const { servers, computers } = roll(top.url);
      const ahead = new Date(Date.now() + 86_400_000);
      await servers([serverOf(1, { lastRollup: ahead, lastSync: ahead })], ahead);
      const [one] = await top.store.listDownstreamServers();
      assert.ok(Math.abs((one?.clockAheadMs ?? 0) - 86_400_000) < 30_000);
      assert.ok((one?.lastSync?.getTime() ?? 0) <= Date.now());
      await computers([computerOf(10, 1, { lastSync: new Date('2099-01-01T00:00:00Z') })]);
      const { items } = await top.store.pageDownstreamComputers({}, { limit: 1 });
      assert.ok((items[0]?.lastSync?.getTime() ?? 0) <= Date.now(), 'a later report still counts');
      await servers([serverOf(1)]);
      assert.ok(Math.abs((await top.store.listDownstreamServers())[0]?.clockAheadMs ?? 0) < 30_000);
    });

    it('beyond the limits are refused', async () => {
      const { servers, computers, states } = roll(top.url);
      using _ = overrideBounds(rollUpBounds, {
        maxServers: 2,
        maxComputers: 2,
        maxComputersPerCall: 3,
        maxStatuses: 2,
        maxStates: 2,
      });
      assert.equal(kindOf(await servers([serverOf(3)]))[0], 'InternalServerError');
      assert.equal(kindOf(await computers([computerOf(20, 1)]))[0], 'InternalServerError');
      const four = [1, 2, 3, 4].map((number) => computerOf(number, 1));
      assert.deepEqual(kindOf(await computers(four)), ['InvalidParameters', 'computers']);
      const three = [10, 11, 10].map((number) => statesOf(number, 1, true, []));
      assert.deepEqual(kindOf(await states(1, three)), ['InvalidParameters', 'computers']);
      await states(1, [
        statesOf(11, 2, true, [
          [1, 2],
          [2, 2],
          [3, 2],
          [4, 2],
        ]),
      ]);
      const { items } = await top.store.pageDownstreamComputers({ serverId: idOf(2) }, { limit: 1 });
      assert.equal(items[0]?.needed, 2);
      assert.deepEqual(kindOf(await computers([computerOf(10, 1, { computerId: '' })])), [
        'InvalidParameters',
        'ComputerId',
      ]);
    });

    it('are forgotten with their server', async () => {
      assert.deepEqual(await top.store.removeDownstreamServer(idOf(1), author), { servers: 2, computers: 2 });
      assert.deepEqual(await top.store.countDownstream(), { servers: 0, computers: 0, needing: 0, failing: 0 });
      assert.deepEqual(await top.store.countDownstreamOf(updateOf(1)), { needed: 0, failed: 0 });
      await assert.rejects(top.store.removeDownstreamServer(idOf(1), author), { code: 'SERVER_NOT_FOUND' });
    });
  });

  describe(`Moult reports to Moult, and that to a third (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    let top: Opened;
    let middle: Opened;
    let low: Opened;
    const report = (store: Store, upstream: string) => {
      const { onProgress: _, ...parts } = partsOf(store, upstream, now);
      return rollUp(parts);
    };
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
      [top, middle, low] = [
        await openServer(await postgres?.createDatabase()),
        await openServer(await postgres?.createDatabase()),
        await openServer(await postgres?.createDatabase()),
      ];
      await (await openSession(low.url)).syncToTheEnd();
      // The server notes contacts a little later.
      await new Promise((resolve) => setTimeout(resolve, 2500));
    });
    after(async () => {
      for (const one of [low, middle, top]) await one?.stop();
      await postgres?.stop();
    });

    it('all computers and states the first time, on three levels', async () => {
      const first = await report(low.store, middle.url);
      assert.deepEqual([first.servers, first.computers, first.statuses], [1, 1, 1]);
      const second = await report(middle.store, top.url);
      assert.deepEqual([second.servers, second.computers, second.statuses], [2, 1, 1]);
      const servers = await top.store.listDownstreamServers();
      assert.equal(servers[1]?.parentId, servers[0]?.serverId);
      const { items } = await top.store.pageDownstreamComputers({}, { limit: 10 });
      assert.equal(items[0]?.serverId, servers[1]?.serverId);
      assert.notEqual(items[0]?.dnsName, '');
    });

    it('nothing but servers the second time', async () => {
      for (const [store, url] of [
        [low.store, middle.url],
        [middle.store, top.url],
      ] as const) {
        const again = await report(store, url);
        assert.deepEqual([again.computers, again.statuses, again.states], [0, 0, 0]);
        assert.equal(again.calls, 2, 'GetRollupConfiguration and RollupDownstreamServers');
      }
    });

    it('a change of one state goes up alone, and one that does not apply any more too', async () => {
      const [computer] = (await low.store.pageComputers({}, { limit: 1 })).items;
      const event = (tag: string, ids: string[], at: Date) => ({
        ...{ instanceId: idOf(at.getTime() % 1_000_000), computerId: computer?.computerId ?? '', timeAtTarget: at },
        ...{ namespaceId: 1, eventNumber: 156, sourceId: 219, updateId: undefined, revisionNumber: 0, win32HResult: 0 },
        ...{ appName: '', replacementStrings: [], miscData: [`${tag}=${ids.join(';')}`] },
      });
      const ids = [1, 2, 3].map(updateOf);
      await low.store.recordReportingEvents([event('U', ids, new Date(Date.now() - 9000))], now());
      const first = await report(low.store, middle.url);
      assert.deepEqual([first.statuses, first.states], [1, 3]);
      await low.store.recordReportingEvents([event('U', ids.slice(0, 2), new Date(Date.now() - 5000))], now());
      const second = await report(low.store, middle.url);
      assert.deepEqual([second.statuses, second.states], [1, 1]);
      await report(middle.store, top.url);
      const counts = await Promise.all(ids.map((id) => top.store.countDownstreamOf(id)));
      assert.deepEqual(
        counts.map(({ needed }) => needed),
        [1, 1, 0],
      );
    });

    it('everything again to a server that forgot them', async () => {
      await top.store.removeDownstreamServer((await top.store.listDownstreamServers())[0]?.serverId ?? '', author);
      const again = await report(middle.store, top.url);
      assert.deepEqual([again.servers, again.computers, again.statuses], [2, 1, 1]);
      assert.deepEqual(await top.store.countDownstreamOf(updateOf(1)), { needed: 1, failed: 0 });
    });
  });
}
