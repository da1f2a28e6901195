import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import pino from 'pino';
import { openDatabase } from '../../../store/src/database.ts';
import { openStore, type Store } from '../../../store/src/index.ts';
import { startPostgres, type TestPostgres } from '../../../store/test/postgres.ts';
import { type ComputerAgeingParts, createComputerAgeing } from './computer-ageing.ts';

const dayMs = 86_400_000;
const start = new Date('2026-01-01T00:00:00Z').getTime();
const log = pino({ level: 'silent' });
const author = { name: 'tester', at: new Date(start) };
const idOf = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const [stranger, agent, faithful, grouped, pinged] = [1, 2, 3, 4, 5].map(idOf) as [
  string,
  string,
  string,
  string,
  string,
];

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`computers that never come back (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    let folder = '';
    let address = '';
    let store: Store;
    let now = start;
    let isCrowded = false;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'moult-ageing-'));
      address = (await postgres?.createDatabase()) ?? join(folder, 'moult.sqlite');
      store = await openStore(address, { now: () => new Date(now) });
      now = start;
      isCrowded = false;
    });
    afterEach(async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    });
    after(() => postgres?.stop());

    const rightClock = () => ({
      ...{
        now: () => new Date(now),
        ageingNow: () => new Date(now),
        newestBelievable: () => new Date(now + 3 * dayMs),
      },
      state: () => ({ kind: 'right' as const }),
    });
    const ageing = (parts: Partial<ComputerAgeingParts> = {}) =>
      createComputerAgeing({
        ...{ store, log, strangerDays: 7, silentComputerDays: 0, clientSideTargeting: false },
        count: { isCrowded: () => isCrowded, refresh: async () => undefined },
        clock: rightClock(),
        ...{ everyMs: 0, pauseMs: 0, computersPerStep: 2 },
        ...parts,
      });
    const authorize = (computerId: string, at: number) =>
      store.noteAuthorization(
        { computerId, dnsName: `name-${computerId}`, address: '192.0.2.7', requestedGroups: [], at: new Date(at) },
        { assign: false },
      );
    const register = (computerId: string, at: number) =>
      store.registerComputer({
        ...{ computerId, dnsName: 'a', address: '', agentVersion: '7.9', osVersion: '10.0', osDescription: '' },
        ...{ architecture: '', manufacturer: '', model: '', registration: {}, at: new Date(at) },
      });
    const contact = (computerId: string, at: number) =>
      store.noteContacts(new Map([[computerId, { at: new Date(at), synced: true, reported: true }]]));
    const report = (computerId: string) =>
      store.recordReportingEvents(
        [
          {
            ...{ instanceId: `e${computerId.slice(1)}`, computerId, timeAtTarget: new Date(start), namespaceId: 1 },
            ...{ eventNumber: 156, sourceId: 101, updateId: undefined, revisionNumber: 0, win32HResult: 0 },
            ...{ appName: '', replacementStrings: [], miscData: [`V=${idOf(99)}`] },
          },
        ],
        new Date(start),
      );
    const ping = (computerId: string, at: number) =>
      store.recordSelfUpdateEvents([
        {
          ...{ receivedAt: new Date(at), occurredAt: new Date(at), computerId, address: '', userAgent: '' },
          ...{ component: 'au', activity: 'd', item: '', device: '', platform: '', language: '', status: 's' },
          ...{ resultCode: '00000000', message: '', agentGeneration: undefined, agentVersion: undefined },
        },
      ]);
    const left = async () => {
      const computers = await store.listComputers({ limit: 1000 });
      return computers.map(({ computerId }) => computerId).sort();
    };
    const countRows = async (computerId: string) => {
      await using database = await openDatabase(address);
      const counts: Record<string, number> = {};
      for (const table of [
        'computer_names',
        'computer_update_status',
        'reporting_events',
        'self_update_events',
      ] as const) {
        const rows = await database.tables
          .selectFrom(table)
          .where('computer_id', '=', computerId)
          .selectAll()
          .execute();
        counts[table] = rows.length;
      }
      return counts;
    };

    /** One of each kind, all of them here on the first day, two of them also later. */
    const populate = async () => {
      for (const one of [stranger, agent, faithful, grouped]) await authorize(one, start);
      for (const one of [agent, faithful]) {
        await register(one, start);
        await contact(one, start + 60_000);
      }
      await contact(faithful, start + 2 * dayMs);
      await store.createGroup('Test', undefined, author);
      await store.setMembership(grouped, 'Test', true, author);
      await ping(pinged, start);
      await ping(pinged, start + 2 * dayMs);
      for (const one of [stranger, agent]) await report(one);
      await ping(stranger, start);
    };

    it('strangers go after their days with all that they left, and nobody else does', async () => {
      await populate();
      now = start + 6 * dayMs;
      assert.equal(await ageing().sweep(), 0);
      now = start + 1000 * dayMs;
      assert.equal(await ageing({ strangerDays: 0 }).sweep(), 0, '0 is never');
      assert.equal(await ageing().sweep(), 1);
      assert.deepEqual(await left(), [agent, faithful, grouped, pinged]);
      const nothing = { computer_names: 0, computer_update_status: 0, reporting_events: 0, self_update_events: 0 };
      assert.deepEqual(await countRows(stranger), nothing);
      assert.equal((await countRows(agent)).reporting_events, 1);
      const [record] = await store.listAudit({ limit: 1 });
      assert.equal(record?.action, 'remove silent computers');
      assert.deepEqual(record?.after, { strangers: 1, silent: 0 });
      assert.equal(await ageing().sweep(), 0);
    });

    it('a group that a client gave itself keeps nobody', async () => {
      await populate();
      now = start + 8 * dayMs;
      await ageing({ clientSideTargeting: true }).sweep();
      assert.deepEqual(await left(), [agent, faithful, pinged]);
    });

    it('when there are nearly too many, strangers go within minutes, and who was here on one day only within another', async () => {
      await populate();
      isCrowded = true;
      now = start + 9 * 60_000;
      assert.equal(await ageing().sweep(), 0);
      now = start + 12 * 60_000;
      assert.equal(await ageing().sweep(), 1);
      now = start + dayMs + 120_000;
      assert.equal(await ageing().sweep(), 1);
      assert.deepEqual(await left(), [faithful, grouped, pinged]);
    });

    it('with a setting, any computer goes that had no contact for so long, and one that comes back is a new one', async () => {
      await populate();
      now = start + 102 * dayMs - 1;
      await ageing({ silentComputerDays: 100 }).sweep();
      assert.deepEqual(await left(), [faithful, pinged]);
      await authorize(agent, now);
      assert.equal((await store.loadTargeting(agent))?.isRegistered, false);
    });

    it('a clock that jumped takes nobody away', async () => {
      await populate();
      const jumped = { ...rightClock(), ageingNow: () => new Date(start + dayMs) };
      now = start + 3650 * dayMs;
      assert.equal(await ageing({ clock: jumped }).sweep(), 0);
      assert.equal((await left()).length, 5);
    });

    it('computers that were here under a wrong clock age from now on, and their last contact is right again', async () => {
      const tenYears = 3652 * dayMs;
      const [before, known] = [idOf(1), idOf(2)];
      for (const [id, at] of [
        [before, start - tenYears],
        [known, start + tenYears],
      ] as const) {
        await authorize(id, at);
        await register(id, at);
        await contact(id, at);
      }
      // Again, by a clock that went back: nobody was here later than that.
      await authorize(idOf(3), start);
      await authorize(idOf(3), start - tenYears);
      now = start + dayMs;
      const unsure = {
        ...rightClock(),
        state: () => ({ kind: 'ahead' as const, now: new Date(now), reference: new Date(now) }),
      };
      assert.equal(await ageing({ silentComputerDays: 30, clock: unsure }).sweep(), 0);
      assert.equal(await ageing({ silentComputerDays: 30 }).sweep(), 0);
      const contacts = await store.listComputers({ limit: 10 });
      assert.deepEqual(
        Object.fromEntries(contacts.map(({ computerId, lastContact }) => [computerId, lastContact.getTime()])),
        { [before]: now, [known]: now, [idOf(3)]: start },
      );
      assert.equal((await store.loadHomeFacts()).lastContactAt?.getTime(), now);
      now += 31 * dayMs;
      assert.equal(await ageing({ silentComputerDays: 30 }).sweep(), 3);
    });
  });
}
