// Floods, in short: whatever is sent, no more grows than the rates of docs/limits.md allow, and honest computers behind the
// same address are served all the time. `npm run bench -- floods` runs them in full and measures.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { introduce } from '../../../bench/floods/honest.ts';
import { bytesIn, type Flood, type FloodResult, runFlood } from '../../../bench/floods/run-flood.ts';
import { openDatabase } from '../../store/src/database.ts';
import { openStore } from '../../store/src/index.ts';
import { startPostgres, type TestPostgres } from '../../store/test/postgres.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const load = { seconds: 3, checkInsPerSecond: 4, computers: 6 };
const rates = { newComputersPerSecond: 1, newNamesPerSecond: 1, pingsPerSecond: 1 };
const sizes = { reportKibPerSecond: 128, refusalLinesPerSecond: 1, accessLogKibPerSecond: 4 };
const burstSeconds = 60;
const kibibyte = 1024;

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`floods (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    let server: TestServer;
    let address: string;
    let begun = 0;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
      const database = await postgres?.createDatabase();
      begun = performance.now();
      server = await startTestServer({ config: { ...rates, ...sizes, ...(database && { database }) } });
      address = database ?? `${server.dataDir}/moult.sqlite`;
      await introduce(server.url, load.computers);
    });
    after(async () => {
      await server.stop();
      await postgres?.stop();
    });

    const flood = async (kind: Flood['kind'], connections = 30): Promise<FloodResult> => {
      const result = await runFlood(server.url, { kind, connections, from: '127.0.0.1' }, load);
      assert.deepEqual(result.honest.broken, []);
      assert.deepEqual([...result.honest.statuses.keys()], [200], 'honest computers are served');
      assert.equal(result.honest.checkIns, load.seconds * load.checkInsPerSecond);
      return result;
    };
    /** What a rate can have let in since the server was started. */
    const atMost = (perSecond: number) => perSecond * (burstSeconds + Math.ceil((performance.now() - begun) / 1000));
    const count = async (table: 'computers' | 'computer_names' | 'self_update_events') => {
      await using database = await openDatabase(address);
      const row = await database.tables
        .selectFrom(table)
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .executeTakeFirst();
      return Number(row?.count);
    };

    it('of new computers: so many come in, the rest are told ServerBusy', async () => {
      const { answers } = await flood('new computers');
      assert.ok(Number(answers[503]) > 0, JSON.stringify(answers));
      const computers = await count('computers');
      assert.ok(computers <= load.computers + atMost(rates.newComputersPerSecond), `${computers} computers`);
    });

    it('of names: so many are kept, the rest are told ServerBusy', async () => {
      const before = await count('computer_names');
      const { answers } = await flood('names');
      assert.ok(Number(answers[503]) > 0, JSON.stringify(answers));
      const names = (await count('computer_names')) - before;
      assert.ok(names <= 2 + atMost(rates.newNamesPerSecond), `${names} names`);
    });

    it('of pings: all are answered, so many are kept', async () => {
      const { answers } = await flood('pings');
      const ok = Number(answers[200]);
      assert.ok(ok > 0 && !answers[503], JSON.stringify(answers));
      const pings = await count('self_update_events');
      assert.ok(pings <= atMost(rates.pingsPerSecond), `${pings} of ${ok} pings`);
      assert.ok((await count('computers')) <= load.computers + atMost(rates.newComputersPerSecond) + 1);
    });

    it('of refused requests: the logs grow by so much', async () => {
      const lines = () => server.logged.filter(({ msg }) => /^call (?:refused|answered)/.test(String(msg))).length;
      const { answers } = await flood('refused requests');
      assert.ok(Number(answers[400]) > 0 && Number(answers[404]) > 0, JSON.stringify(answers));
      assert.ok(lines() <= atMost(sizes.refusalLinesPerSecond), `${lines()} lines`);
      const logs = bytesIn(`${server.dataDir}/logs`);
      assert.ok(logs <= atMost(sizes.accessLogKibPerSecond) * kibibyte + 10_000, `${logs} bytes of logs`);
    });

    it('of big reports: so much is read, and small reports go on', async () => {
      const { answers } = await flood('big reports', 3);
      // One empties the half of the rate that is there for large ones; each more has to wait until that is full again.
      const refilled = (atMost(sizes.reportKibPerSecond) - burstSeconds * sizes.reportKibPerSecond) / (4 * kibibyte);
      assert.ok(Number(answers[200] ?? 0) <= 1 + Math.ceil(refilled), JSON.stringify(answers));
    });

    it('after all of them honest computers are served, and log and counters say what was held back', async () => {
      const again = await runFlood(
        server.url,
        { kind: 'pings', connections: 1, from: '127.0.0.2' },
        { ...load, seconds: 1 },
      );
      assert.deepEqual(again.honest.broken, []);
      await server.running.stop();
      const kinds = new Set(server.logged.filter(({ msg }) => msg === 'held back by a limit').map(({ what }) => what));
      for (const kind of ['new-computer', 'new-name', 'ping', 'refusal-line', 'access-log-bytes']) {
        assert.ok(kinds.has(kind), `${kind} of ${[...kinds]}`);
      }
      await using store = await openStore(address, { now: () => new Date() });
      const heldBack = await store.loadHeldBack();
      await store.close();
      for (const kind of kinds) assert.ok(Number(heldBack[String(kind)]) > 0, JSON.stringify(heldBack));
    });
  });
}
