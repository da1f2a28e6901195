// Bounds of what downstream servers report of their computers' systems and installations, on both engines.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { idOf } from '../../administration/src/test/administration.ts';
import { openDatabase } from '../src/database.ts';
import { openStore, type ReportedServer } from '../src/index.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

const now = new Date('2026-11-22T12:00:00Z');
const server = (at: number, said: Partial<ReportedServer> = {}): ReportedServer => ({
  ...{ serverId: idOf(at), parentId: undefined, name: `server-${at}`, version: '10.0', isReplica: false },
  ...{ lastSync: undefined, rolledUpAt: now, summary: undefined, systems: [], ...said },
});
const system = (name: string, ...updates: number[]) => ({
  ...{ system: name, computers: updates.length },
  activities: updates.map((at) => ({ updateId: idOf(at), installed: 1, failed: 2 })),
});

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`what downstream servers report (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    const folder = mkdtempSync(join(tmpdir(), 'moult-downstream-'));
    let databases = 0;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    after(async () => {
      await postgres?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    async function openLab(bounds: { systems?: number; activities?: number } = {}) {
      const address = postgres ? await postgres.createDatabase() : join(folder, `${databases++}.db`);
      const store = await openStore(address, { now: () => now });
      const limits = { servers: 10, computers: 10, statesPerComputer: 10, systems: 100, activities: 100, ...bounds };
      return {
        store,
        report: (...servers: ReportedServer[]) =>
          store.recordDownstreamServers(servers, { now, clockAheadMs: 0, ownIds: [], limits }),
        async rows() {
          await using database = await openDatabase(address);
          const systems = await database.tables
            .selectFrom('downstream_systems')
            .selectAll()
            .orderBy('system')
            .execute();
          const counts = await database.tables
            .selectFrom('downstream_activity')
            .selectAll()
            .orderBy('system')
            .orderBy('update_id')
            .execute();
          return {
            systems: systems.map((row) => `${row.system} ${row.computers}`),
            counts: counts.map((row) => `${row.system} ${row.update_id} ${row.installed} ${row.failed}`),
          };
        },
        [Symbol.asyncDispose]: () => store.close(),
      };
    }

    it('adds counts of installations up, also of a system or an update that comes twice in a report', async () => {
      await using lab = await openLab();
      await lab.report(server(1, { systems: [system('A', 1, 1, 2), system('A', 1)] }));
      await lab.report(server(1, { systems: [system('A', 1, 2, 3)] }));
      assert.deepEqual(await lab.rows(), {
        systems: ['A 3'],
        counts: [`A ${idOf(1)} 4 8`, `A ${idOf(2)} 2 4`, `A ${idOf(3)} 1 2`],
      });
    });

    it('keeps the first ones beyond the limits, and goes on counting them', async () => {
      await using lab = await openLab({ systems: 2, activities: 3 });
      await lab.report(server(1, { systems: [system('A', 1, 2)] }));
      await lab.report(server(1, { systems: [system('B', 1, 2), system('C', 1), system('A', 2, 9)] }));
      await lab.report(server(1, { systems: [system('C', 1), system('B', 1)] }));
      assert.deepEqual(await lab.rows(), {
        systems: ['A 2', 'B 1'],
        counts: [`A ${idOf(1)} 1 2`, `A ${idOf(2)} 2 4`, `B ${idOf(1)} 2 4`],
      });
    });

    it('takes a report of many systems and updates', async () => {
      await using lab = await openLab({ systems: 1000, activities: 5000 });
      const many = Array.from({ length: 1500 }, (_, at) =>
        system(`S${at}`, ...Array.from({ length: 10 }, (_, to) => to)),
      );
      assert.equal(await lab.report(server(1, { systems: many })), 'recorded');
      const { systems, counts } = await lab.rows();
      assert.deepEqual([systems.length, counts.length], [1000, 5000]);
    });

    it('lets no old report put servers above themselves', async () => {
      await using lab = await openLab();
      await lab.report(server(1), server(2, { parentId: idOf(1) }));
      const old = { rolledUpAt: new Date('2020-01-01T00:00:00Z') };
      // As an old report, 2 is below nothing: it changes nothing. So 1 below 2 stays refused.
      const kind = await lab.report(server(2, old), server(1, { parentId: idOf(2) }));
      assert.equal(kind, 'unknown-server');
      const listed = await lab.store.listDownstreamServers();
      assert.deepEqual(
        listed.map(({ name, parentId }) => [name, parentId]),
        [
          ['server-1', undefined],
          ['server-2', idOf(1)],
        ],
      );
    });
  });
}
