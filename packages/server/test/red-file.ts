// A test that fails with everything running that the helpers start: red-file.test.ts runs it. Not a test of its own.
import assert from 'node:assert/strict';
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { openStore } from '@moult/store';
import { startCutOffProxy } from '../../store/test/cut-off-proxy.ts';
import { startPostgres } from '../../store/test/postgres.ts';
import { startServe } from './serve-process.ts';
import { startTestServer } from './test-server.ts';

it('fails', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'moult-red-'));
  await using postgres = await startPostgres();
  await using proxy = await startCutOffProxy(postgres.port);
  await using store = await openStore(await postgres.createDatabase(), { now: () => new Date() });
  await using server = await startTestServer();
  await using process = await startServe(['--data-dir', join(folder.path, 'data')]);
  await store.countRevisions();
  console.log(`started ${process.child.pid} at ${folder.path} ${server.dataDir} ${proxy.port}`);
  assert.fail('the reason of the test');
});
