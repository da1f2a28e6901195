// Backups that the server makes by itself: whole or not there, rotated by number, with an alarm when one fails or is late.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { showBackups } from '@moult/administration/backups';
import { loadConfig } from '@moult/administration/config';
import { rehearseRestore } from '@moult/store/backup';
import { waitUntil } from '../../../../scripts/wait-until.ts';
import { openStore } from '../../../store/src/index.ts';
import { startPostgres, type TestPostgres } from '../../../store/test/postgres.ts';
import { mountSmallDisk } from '../../test/small-disk.ts';
import { scheduleBackups } from './index.ts';

const hourMs = 3_600_000;
const start = new Date('2026-12-01T12:00:00Z').getTime();
let folder = '';
before(() => (folder = mkdtempSync(join(tmpdir(), 'moult-backups-'))));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

interface LabOptions {
  backupDir?: string;
  keep?: number;
}

let labs = 0;
async function openLab(database: string, { backupDir, keep = 2 }: LabOptions = {}) {
  const dataDir = join(folder, `data-${++labs}`);
  mkdirSync(dataDir);
  const target = backupDir ?? join(folder, `kept-${labs}`);
  const clock = { wall: start, elapsed: 0 };
  const now = () => new Date(clock.wall);
  const address = database === 'sqlite' ? join(dataDir, 'moult.sqlite') : database;
  const store = await openStore(address, { now });
  const flags = { dataDir, backupDir: target, backupEvery: 24, backupKeep: keep };
  const { config } = loadConfig({ flags, environment: {} });
  const log = { info: () => undefined, warn: () => undefined };
  const open = (parts = {}) =>
    scheduleBackups(config, {
      ...{ store, database: address, now, elapsed: () => clock.elapsed, log, changed: () => undefined, everyMs: 0 },
      ...parts,
    });
  return {
    ...{ dataDir, target, clock, store, address, open, schedule: open() },
    pass(hours: number) {
      clock.wall += hours * hourMs;
      clock.elapsed += hours * hourMs;
    },
    kept: () => readdirSync(target).filter((name) => name.startsWith('backup-')),
    records: async () => (await store.listAudit({ limit: 50 })).map(({ action }) => action).reverse(),
    async [Symbol.asyncDispose]() {
      await store.close();
    },
  };
}

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`the schedule of backups (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    before(async () => (postgres = engine === 'postgres' ? await startPostgres() : undefined));
    after(() => postgres?.stop());

    it('makes one that can be restored, the next when it is due, and keeps the newest', async () => {
      await using lab = await openLab((await postgres?.createDatabase()) ?? 'sqlite');
      assert.equal(await lab.schedule.look(), true);
      assert.equal(await lab.schedule.look(), false);
      for (let day = 0; day < 3; day++) {
        lab.pass(23);
        assert.equal(await lab.schedule.look(), false);
        lab.pass(1);
        assert.equal(await lab.schedule.look(), true);
      }
      assert.deepEqual(lab.kept(), ['backup-000003-2026-12-03T12-00-00Z', 'backup-000004-2026-12-04T12-00-00Z']);
      const shown = showBackups(lab.dataDir, new Date(lab.clock.wall));
      assert.deepEqual([shown.health, shown.nextAt], ['fine', '2026-12-05T12:00:00.000Z']);
      const source = join(lab.target, shown.kept[0] ?? '');
      assert.equal(statSync(source).mode & 0o77, 0);
      const author = { name: 'tester', at: new Date(lab.clock.wall) };
      const { problems } = await rehearseRestore({ source, parent: join(folder, 'room'), author });
      assert.deepEqual(problems, []);
      assert.deepEqual(await lab.records(), ['back up', 'back up', 'back up', 'back up']);
      // As after a restart of the server.
      assert.equal(await lab.open().look(), false);
      assert.equal(lab.schedule.facts().lastAt, '2026-12-04T12:00:00.000Z');
    });
  });

describe('the schedule of backups', () => {
  it('says once that it fails, tries again, and says that it is in order again', async () => {
    await using lab = await openLab('sqlite');
    // A file where the folder should be.
    writeFileSync(lab.target, 'x');
    for (let quarter = 0; quarter < 4; quarter++) {
      assert.equal(await lab.schedule.look(), false);
      lab.pass(0.25);
    }
    const [notice] = lab.schedule.notices();
    assert.match(notice?.headline ?? '', /fails since 2026-12-01T12:00:00/);
    assert.equal(showBackups(lab.dataDir, new Date(lab.clock.wall)).failure?.count, 4);
    assert.deepEqual(await lab.records(), ['back up: failed']);
    rmSync(lab.target);
    assert.equal(await lab.schedule.look(), true);
    assert.deepEqual([lab.schedule.facts().health, lab.schedule.notices()], ['fine', []]);
    assert.deepEqual(await lab.records(), ['back up: failed', 'back up']);
  });

  it('is late for a server that was off, until the next one is made', async () => {
    await using lab = await openLab('sqlite');
    await lab.schedule.look();
    lab.pass(31);
    assert.equal(lab.schedule.facts().health, 'late');
    assert.match(lab.schedule.notices()[0]?.headline ?? '', /is late/);
    await lab.schedule.look();
    assert.equal(lab.schedule.facts().health, 'fine');
  });

  it('lets no good backup go while a clock jumps, and removes nothing that is not its own', async () => {
    await using lab = await openLab('sqlite');
    await lab.schedule.look();
    for (const name of ['backup-of-anna', 'removed-notes']) mkdirSync(join(lab.target, name));
    for (let jump = 1; jump <= 6; jump++) {
      lab.clock.wall += (jump % 2 === 0 ? -1 : 1) * 9000 * hourMs * jump;
      lab.clock.elapsed += 60_000;
      assert.equal(await lab.schedule.look(), false);
    }
    assert.equal(lab.kept().filter((name) => /-0{5}/.test(name)).length, 1);
    lab.clock.wall = start - 9_000_000 * 1000;
    for (let day = 0; day < 3; day++) {
      lab.pass(24);
      assert.equal(await lab.schedule.look(), true);
    }
    // The newest by number, whatever their times say.
    assert.deepEqual(
      lab.kept().map((name) => name.slice(0, 13)),
      ['backup-000003', 'backup-000004', 'backup-of-ann'],
    );
    assert.ok(existsSync(join(lab.target, 'removed-notes')));
  });

  it('never shares a folder with another server', async () => {
    await using first = await openLab('sqlite');
    await first.schedule.look();
    await using second = await openLab('sqlite', { backupDir: first.target });
    assert.equal(await second.schedule.look(), false);
    assert.match(second.schedule.facts().failure?.message ?? '', /backups of another server/);
    assert.equal(first.kept().length, 1);
  });

  it('leaves nothing of a backup that is ended by a stop, and no lock', async () => {
    await using lab = await openLab('sqlite');
    // Before it begins, and when it is under way.
    for (const isUnderWay of [false, true]) {
      const schedule = lab.open();
      const looking = schedule.look();
      const unfinished = () =>
        existsSync(lab.target) && readdirSync(lab.target).some((name) => /unfinished/.test(name));
      if (isUnderWay) await waitUntil('it is under way', async () => unfinished());
      await schedule.close();
      assert.equal(await looking, false);
      assert.equal(unfinished(), false);
    }
    assert.deepEqual(lab.kept(), []);
    assert.equal(await lab.open().look(), true);
  });

  it('on a full disk leaves no half of a backup and keeps those before, and goes on when there is room', async () => {
    using disk = mountSmallDisk(join(folder, 'disk'), 8);
    if (!disk) return;
    const backupDir = join(disk.path, 'kept');
    await using lab = await openLab('sqlite', { backupDir });
    await lab.schedule.look();
    const before = readdirSync(backupDir);
    lab.pass(24);
    for (const bytes of [20_000, 0]) {
      disk.free();
      disk.fill(bytes);
      assert.equal(await lab.schedule.look(), false);
      assert.equal(lab.schedule.facts().failure?.code, 'SERVER_DISK_FULL');
      assert.deepEqual(readdirSync(backupDir), before);
      lab.pass(1);
    }
    disk.free();
    assert.equal(await lab.schedule.look(), true);
    assert.equal(lab.kept().length, 2);
  });
});
