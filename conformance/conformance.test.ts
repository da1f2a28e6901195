// The foreign client against a server of ours, on both engines: a whole session, and one that finds the server changed.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startTestServer, type TestServer } from '../packages/server/test/test-server.ts';
import { openStore } from '../packages/store/src/index.ts';
import { startPostgres, type TestPostgres } from '../packages/store/test/postgres.ts';
import { findPython } from './run.ts';

const moult = fileURLToPath(new URL('../packages/cli/bin/moult.js', import.meta.url));
const program = fileURLToPath(new URL('wusp', import.meta.url));
/** The downstream server of a foreign SOAP client. */
const walk = fileURLToPath(new URL('wsusss', import.meta.url));
const mebibyte = 1_048_576;

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`a foreign SOAP client (${engine})`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'moult-conformance-'));
    const dataDir = join(folder, 'data');
    let postgres: TestPostgres | undefined;
    let database: string | undefined;
    let server: TestServer;
    const config = () => (database ? { database } : {});

    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
      database = await postgres?.createDatabase();
      // Once started and stopped, so that there is something to publish into.
      server = await startTestServer({ dataDir, config: config() });
      await publishLargeUpdate();
    });
    after(async () => {
      await server.stop();
      await postgres?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    for (const version of ['1.1', '1.2']) {
      it(`finds every promise kept through a whole session in SOAP ${version}`, async () => {
        const state = join(folder, `state-${version}.json`);
        const { status, output } = await session(['--soap', version, '--state', state]);
        assert.equal(status, 0, output);
        assert.match(output, /ok {6}[\dA-F]{40}\.cab: [5-9] ranges in shuffled order are 206, exact/);
        assert.match(output, /\b\d+ checks held, 0 did not/);
      });
    }

    it('finds every operation of an upstream server, in both SOAP versions, plain and as Xpress', async () => {
      const { status, output } = await session([], walk);
      assert.equal(status, 0, output);
      assert.match(output, /\b\d+ checks held, 0 did not/);
    });

    it('left one computer per session, with its events once and the state of its updates', async () => {
      await using store = await openStore(database ?? join(dataDir, 'moult.sqlite'), { now: () => new Date() });
      const events = await store.listReportingEvents({ limit: 1000 });
      await store.close();
      const byComputer = Map.groupBy(events, ({ computerId }) => computerId);
      assert.equal(byComputer.size, 2);
      for (const own of byComputer.values()) {
        assert.deepEqual(own.map(({ eventNumber }) => eventNumber).sort(), [147, 156, 167, 183]);
        assert.equal(own[0]?.dnsName, 'moult-conformance');
      }
    });

    it('finds its way back after ServerChanged, in both SOAP versions', async () => {
      await server.stop();
      await using store = await openStore(database ?? join(dataDir, 'moult.sqlite'), { now: () => new Date() });
      await store.saveSetting('server-id', randomUUID());
      await store.close();
      server = await startTestServer({ dataDir, config: config() });
      for (const version of ['1.1', '1.2']) {
        const { status, output } = await session([
          '--soap',
          version,
          '--resume',
          join(folder, `state-${version}.json`),
        ]);
        assert.equal(status, 0, output);
        assert.match(output, /ok {6}a cookie of before is ServerChanged/);
      }
    });

    it('a server that is not there is exit code 2', async () => {
      const { status } = await session(['--url', 'http://127.0.0.1:1']);
      assert.equal(status, 2);
    });

    /** The server is in this process: the sessions must not hold it up. */
    function session(args: string[], main = program): Promise<{ status: number | null; output: string }> {
      return new Promise((resolve, reject) => {
        const child = spawn(findPython() ?? 'python3', ['-B', main, '--url', server.url, ...args]);
        let output = '';
        for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
        child.once('error', reject);
        child.once('close', (status) => resolve({ status, output }));
      });
    }

    async function publishLargeUpdate(): Promise<void> {
      writeFileSync(join(folder, 'payload.bin'), randomBytes(5 * mebibyte + 4321));
      writeFileSync(join(folder, 'setup.mjs'), '');
      writeFileSync(
        join(folder, 'large.yaml'),
        [
          'publisher: Conformance',
          'product: Conformance <&>',
          'title: A large update',
          'files: [payload.bin, setup.mjs]',
          'install: { program: setup.mjs }',
          'installed-when: { FileExists: { path: conformance.txt, csidl: 38 } }',
        ].join('\n'),
      );
      const where = ['--data-dir', dataDir, ...(database ? ['--database', database] : [])];
      for (const args of [
        ['publish', join(folder, 'large.yaml')],
        ['approve', 'A large update'],
      ]) {
        const done = spawnSync(process.execPath, [moult, ...args, ...where], { encoding: 'utf8' });
        assert.equal(done.status, 0, done.stderr);
      }
    }
  });
}
