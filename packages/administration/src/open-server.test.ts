// The door: which server is meant, by flag, environment, configuration file and default place; and that it makes none.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openStore } from '@moult/store';
import { administer, findServer, requireDatabase, requireServer } from './open-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-door-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const nowhere = { configFile: join(folder, 'no.toml'), dataDir: join(folder, 'no'), newDataDir: join(folder, 'new') };
const now = () => new Date();

function configuration(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

describe('which server is meant', () => {
  const file = configuration('server.toml', `data-dir = "/by-file"\ndatabase = "/by-file.sqlite"\n`);
  const flag = '/by-flag';
  const variable = '/by-variable';
  for (const [what, flags, environment, expected] of [
    ['a flag wins over all', { dataDir: flag, config: file }, { MOULT_DATA_DIR: variable }, flag],
    ['the environment wins over the file', { config: file }, { MOULT_DATA_DIR: variable }, variable],
    ['the file that a flag names', { config: file }, {}, '/by-file'],
    ['the file that the environment names', {}, { MOULT_CONFIG: file }, '/by-file'],
    ['an empty variable names nothing', {}, { MOULT_CONFIG: file, MOULT_DATA_DIR: '' }, '/by-file'],
  ] as const) {
    it(what, () => assert.equal(findServer(flags, { environment, places: nowhere }).dataDir, expected));
  }

  it('its database and content are where the same sources say, and else in the data directory', () => {
    const found = findServer({ dataDir: flag }, { environment: {}, places: nowhere });
    assert.deepEqual([found.database, found.contentDir], [join(flag, 'moult.sqlite'), join(flag, 'content')]);
    const elsewhere = { MOULT_DATABASE: 'postgres://db/moult', MOULT_CONTENT_DIR: '/files' };
    const named = findServer({ dataDir: flag, config: file }, { environment: elsewhere, places: nowhere });
    assert.deepEqual([named.database, named.contentDir], ['postgres://db/moult', '/files']);
    assert.equal(findServer({ config: file }, { environment: {}, places: nowhere }).database, '/by-file.sqlite');
  });

  it('the default places, in order, and only when they are there', () => {
    const data = join(folder, 'var-lib');
    mkdirSync(data);
    const places = { ...nowhere, dataDir: data };
    assert.equal(findServer({}, { environment: {}, places }).dataDir, data);
    const etc = configuration('etc.toml', 'data-dir = "/by-etc"');
    assert.equal(findServer({}, { environment: {}, places: { ...places, configFile: etc } }).dataDir, '/by-etc');
    const port = configuration('port.toml', 'port = 9000');
    const found = findServer({}, { environment: {}, places: { ...places, configFile: port } });
    assert.deepEqual([found.dataDir, found.config.dataDir, found.config.port], [data, data, 9000]);
  });

  it('a new place is for those who make a server; for all others no server is named', () => {
    const parts = { environment: {}, places: nowhere };
    assert.equal(findServer({}, parts, { mayBeNew: true }).dataDir, nowhere.newDataDir);
    assert.throws(() => findServer({}, parts), { code: 'ADMINISTRATION_NO_SERVER', message: /No server is named/ });
    mkdirSync(nowhere.newDataDir);
    assert.throws(() => findServer({}, parts), { message: /There is one in .*new/ });
  });

  it('an SQLite file that is named alone lies in its data directory; PostgreSQL alone is enough to look at it', () => {
    const parts = { environment: {}, places: { ...nowhere, newDataDir: join(folder, 'never') } };
    assert.equal(findServer({ database: '/a/server/moult.sqlite' }, parts).dataDir, '/a/server');
    const postgres = { database: 'postgres://db/moult' };
    assert.throws(() => findServer(postgres, parts), { code: 'ADMINISTRATION_NO_SERVER' });
    assert.equal(findServer(postgres, parts, { databaseOnly: true }).database, 'postgres://db/moult');
  });

  it('a configuration file that cannot be read, or says nonsense, is an error that names it', () => {
    const parts = { environment: {}, places: nowhere };
    assert.throws(() => findServer({ config: join(folder, 'gone.toml') }, parts), {
      code: 'ADMINISTRATION_UNREADABLE',
      message: /gone\.toml/,
    });
    const bad = configuration('bad.toml', 'data-dri = "x"');
    assert.throws(() => findServer({ config: bad }, parts), { code: 'SERVER_BAD_CONFIG', message: /data-dri/ });
  });
});

describe('the door', () => {
  const parts = { environment: {}, now, places: nowhere };

  it('opens a server that is there, and closes it', async () => {
    const dataDir = join(folder, 'there');
    mkdirSync(dataDir);
    await (await openStore(join(dataDir, 'moult.sqlite'), { now })).close();
    const groups = await administer({ dataDir }, parts, ({ store }) => store.loadGroups());
    assert.equal(groups.length, 2);
    await assert.rejects(
      administer({ dataDir }, parts, () => Promise.reject(new Error('in between'))),
      /in between/,
    );
  });

  it('makes nothing where nothing is', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    for (const flags of [
      { dataDir: join(folder, 'mistyped') },
      { dataDir: empty },
      { dataDir: empty, database: join(folder, 'mistyped.sqlite') },
      { dataDir: configuration('a-file', '') },
    ]) {
      const before = readdirSync(folder);
      await assert.rejects(
        administer(flags, parts, async () => {}),
        { code: 'ADMINISTRATION_NO_SERVER' },
      );
      assert.deepEqual([readdirSync(folder), readdirSync(empty)], [before, []], JSON.stringify(flags));
    }
    assert.equal(existsSync(join(folder, 'mistyped')), false);
    assert.equal(requireServer({ dataDir: empty }, parts).dataDir, empty);
    const mistyped = join(empty, 'mistyped.sqlite');
    for (const [flags, environment] of [
      [{ database: mistyped }, {}],
      [{ dataDir: empty, database: mistyped }, {}],
      [{}, { MOULT_DATABASE: mistyped }],
    ] as const) {
      assert.throws(() => requireServer(flags, { ...parts, environment }), { code: 'ADMINISTRATION_NO_SERVER' });
    }
  });

  it('says that a database is lost where there was one, and shows no password', () => {
    const lost = join(folder, 'lost');
    mkdirSync(join(lost, 'keys'), { recursive: true });
    writeFileSync(join(lost, 'keys', 'cookie.key'), 'x');
    assert.throws(() => requireDatabase(requireServer({ dataDir: lost }, parts)), { code: 'SERVER_DATABASE_LOST' });
  });
});
