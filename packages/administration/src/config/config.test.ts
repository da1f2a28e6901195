import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'smol-toml';
import { keyOf, loadConfig, printConfig, settingNames, settings, tlsPortOf, variableOf } from './index.ts';
import { memoryOfProcess } from './machine.ts';

const none = { flags: {}, environment: {} };

describe('the configuration', () => {
  it('flags win over environment, environment over the file, the file over the default', () => {
    const file = { name: 'moult.toml', text: 'port = 1\nself-update-port = "off"\ncookie-minutes = 3' };
    const environment = { MOULT_PORT: '2', MOULT_COOKIE_MINUTES: '4' };
    const { config, origins } = loadConfig({ flags: { port: '3' }, environment, file });
    assert.deepEqual([config.port, origins.port], [3, 'flag']);
    assert.deepEqual([config.cookieMinutes, origins.cookieMinutes], [4, 'environment']);
    assert.deepEqual([config.selfUpdatePort, origins.selfUpdatePort], ['off', 'file']);
    assert.deepEqual([config.maxRequestMib, origins.maxRequestMib], [4, 'default']);
  });

  it('an empty variable counts as not set', () => {
    assert.equal(loadConfig({ flags: {}, environment: { MOULT_PORT: '' } }).config.port, 8530);
  });

  it('a wrong value is refused, and the message says where it stands and what may be there', () => {
    const cases: [Parameters<typeof loadConfig>[0], RegExp][] = [
      [
        { ...none, flags: { port: '99999' } },
        /--port is "99999", and must be a port from 0 to 65535\. It sets: Main site/,
      ],
      [{ ...none, flags: { port: '-1' } }, /--port/],
      [
        { ...none, environment: { MOULT_SELF_UPDATE_PORT: 'on' } },
        /MOULT_SELF_UPDATE_PORT is "on", and must be a port from 0 to 65535, or off/,
      ],
      [{ ...none, file: { name: 'x.toml', text: 'prot = 1' } }, /x\.toml sets prot, which is not a setting/],
      [{ ...none, file: { name: 'x.toml', text: 'port = ' } }, /x\.toml is not valid TOML/],
      [{ ...none, flags: { tlsCert: 'c' } }, /--tls-cert and --tls-key/],
      [{ ...none, flags: { tlsCert: 'c', tlsKey: 'k', tlsPfx: 'p' } }, /not both/],
      [{ ...none, flags: { port: '8080', requireTls: 'on' } }, /--require-tls needs a port/],
      [{ ...none, flags: { adminPort: '8530' } }, /--admin-port 8530/],
      [{ ...none, flags: { port: '443', tlsPort: '443', tlsCert: 'c', tlsKey: 'k' } }, /--tls-port 443/],
      [{ ...none, flags: { logLevel: 'loud' } }, /--log-level is "loud", and must be one of fatal, error, warn/],
    ];
    for (const [sources, message] of cases)
      assert.throws(() => loadConfig(sources), { code: 'SERVER_BAD_CONFIG', message });
  });

  it('the main site may have port 80: it serves the self-update tree itself', () => {
    assert.equal(loadConfig({ ...none, flags: { port: '80' } }).config.selfUpdatePort, 80);
  });

  it('HTTPS that --require-tls needs is wanted: a server without it does not start', () => {
    const wish = (flags: object) => tlsPortOf(loadConfig({ ...none, flags }).config);
    assert.deepEqual(wish({}), { port: 8531, isWanted: false });
    assert.deepEqual(wish({ requireTls: 'on' }), { port: 8531, isWanted: true });
  });

  it('several ports may be 0: each is then a free one', () => {
    assert.equal(loadConfig({ ...none, flags: { port: '0', selfUpdatePort: '0' } }).config.selfUpdatePort, 0);
  });

  it('what is printed is a file that loads to the same, without the password', () => {
    const loaded = loadConfig({ ...none, flags: { database: 'postgres://moult:never-printed@db/moult', port: 0 } });
    const printed = printConfig(loaded);
    assert.ok(!printed.includes('never-printed'));
    assert.match(printed, /port = 0 +# flag/);
    const again = loadConfig({ ...none, file: { name: 'printed', text: printed } });
    assert.deepEqual({ ...again.config, database: '' }, { ...loaded.config, database: '' });
    assert.equal(parse(printed).database, 'postgres://moult:***@db/moult');
  });

  it('each default is what its setting may be, as it is', () => {
    for (const name of settingNames) {
      const { schema, fallback } = settings[name];
      assert.equal(schema.parse(fallback), fallback, name);
    }
  });

  it('flags, variables and keys are made from the names, without two alike', () => {
    assert.equal(keyOf('selfUpdatePort'), 'self-update-port');
    assert.equal(variableOf('selfUpdatePort'), 'MOULT_SELF_UPDATE_PORT');
    assert.equal(new Set(settingNames.map(variableOf)).size, settingNames.length);
  });
});

describe('defaults on a small machine', () => {
  const mib = 1_048_576;
  const on = (memoryMib: number, openFiles = 1_000_000, flags = {}) =>
    loadConfig({ ...none, flags, machine: { memoryBytes: memoryMib * mib, openFiles } }).config;

  it('are what they say where there is room, and fit into 256 MiB', () => {
    const roomy = on(4096);
    for (const name of settingNames) assert.deepEqual(roomy[name], settings[name].fallback, name);
    const { requestMemoryMib, answerMemoryMib, fragmentCacheMib, maxConnections, maxConnectionsPerAddress } = on(256);
    assert.deepEqual([requestMemoryMib, answerMemoryMib, fragmentCacheMib], [8, 16, 8]);
    assert.deepEqual([maxConnections, maxConnectionsPerAddress, on(256).maxRequestMib], [819, 128, 1]);
    // Nothing is lowered twice, and a request that somebody allowed still has room.
    assert.deepEqual([on(512).maxRequestMib, on(512).maxConnectionsPerAddress], [4, 640]);
    const given = on(256, 1_000_000, { maxRequestMib: 16, maxConnectionsPerAddress: '700' });
    assert.deepEqual([given.maxRequestMib, given.requestMemoryMib, given.maxConnectionsPerAddress], [16, 32, 700]);
  });

  it('are called so: their origin is the machine', () => {
    const machine = { memoryBytes: 256 * mib, openFiles: 1_000_000 };
    const { origins } = loadConfig({ ...none, flags: { maxConnections: 819 }, machine });
    assert.deepEqual(
      [origins.maxRequestMib, origins.maxConnections, origins.maxComputers, origins.requestMemoryMib],
      ['machine', 'flag', 'default', 'machine'],
    );
  });

  it('leave files for the server beside its connections, and what was given is as it was given', () => {
    assert.equal(on(4096, 1024).maxConnections, 174);
    assert.equal(on(4096, 1024, { selfUpdatePort: 'off', tlsPort: 'off' }).maxConnections, 524);
    const given = on(64, 300, { requestMemoryMib: 128, maxConnections: '20000' });
    assert.deepEqual([given.requestMemoryMib, given.maxConnections], [128, 20_000]);
    assert.equal(on(64, 300).maxConnections, 100);
  });

  it('the memory of a process is that of its container, if that has a limit', () => {
    assert.equal(memoryOfProcess(8000, 0), 8000);
    assert.equal(memoryOfProcess(8000, 2 ** 63), 8000);
    assert.equal(memoryOfProcess(8000, 256), 256);
  });
});
