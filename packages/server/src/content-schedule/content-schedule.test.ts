// A server fetches what is approved by itself, and on demand what clients asked for.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { loadConfig } from '@moult/administration/config';
import { simulatedUpdate } from '@moult/simulator';
import { author, chooseProducts, openLab } from '../../../administration/src/synchronisation/test/upstream.ts';
import { locationsOf } from '../sites/client-web-service/extended-info.ts';
import { scheduleContent } from './index.ts';

const everyComputer = 'a0a08746-4dbe-4a37-9adf-9e7652c0b421';

async function openServer(contentFetch: string) {
  const lab = await openLab({ updates: 4, products: 1 });
  await lab.sync();
  await chooseProducts(lab.store, 1);
  await lab.sync();
  const folder = mkdtempSync(join(tmpdir(), 'moult-content-'));
  const { config } = loadConfig({ flags: { upstream: lab.url, contentFetch }, environment: {} });
  const fetched = Promise.withResolvers<{ fetched: number }>();
  const info = (details: { fetched?: number }) => details.fetched && fetched.resolve(details as { fetched: number });
  const log = { info, warn: fetched.reject, error: fetched.reject } as never;
  const parts = { store: lab.store, folder, log, environment: {}, pollMs: 5 };
  const schedule = scheduleContent(config, parts);
  return {
    ...{ lab, config, schedule, fetched: fetched.promise },
    async [Symbol.asyncDispose]() {
      await schedule.close();
      await lab[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const update = simulatedUpdate(2, { products: 1, changedAt: new Date(0) });

it('a server fetches the files of an update once it is approved', async () => {
  await using server = await openServer('approved');
  const { store, upstream } = server.lab;
  server.schedule.begin();
  const decision = { groupId: everyComputer, action: 'Install' as const, deadline: undefined, administrator: 'anna' };
  await store.deploy({ ...decision, updateId: update.updateId }, author.at);
  assert.equal((await server.fetched).fetched, 1);
  assert.equal(upstream.downloads.length, 1);
});

it('on demand it fetches the file that a client asked for, and no other', async () => {
  await using server = await openServer('demand');
  const sha1 = Buffer.from(update.files[0]?.sha1 ?? '', 'base64').toString('hex');
  server.schedule.begin();
  server.schedule.demand(sha1);
  server.schedule.demand('ff'.repeat(20));
  assert.equal((await server.fetched).fetched, 1);
  assert.deepEqual(server.lab.upstream.downloads, [{ sha1, range: undefined }]);
});

it('with content-fetch = never clients get the address of the publisher, and others that of this server', async () => {
  await using server = await openServer('never');
  server.schedule.begin();
  const { store } = server.lab;
  const [file] = update.files;
  const sha1 = Buffer.from(file?.sha1 ?? '', 'base64').toString('hex');
  const files = [
    { sha1, fileName: 'a.cab' },
    { sha1: '0'.repeat(40), fileName: 'b.cab' },
  ];
  const ask = async (config: object) =>
    (await locationsOf({ store, config } as never, files, 'http://here')).map(({ url }) => url);
  const own = `http://here/Content/00/${'0'.repeat(40)}.cab`;
  assert.deepEqual(await ask(server.config), [file?.url, own]);
  const [here] = await ask({ contentFetch: 'approved' });
  assert.match(here ?? '', /^http:\/\/here\/Content\//);
});

it('a file that cannot be had is tried again and again, and said once', async () => {
  await using lab = await openLab({ updates: 2, products: 1 });
  await lab.sync();
  await chooseProducts(lab.store, 1);
  await lab.sync();
  const folder = mkdtempSync(join(tmpdir(), 'moult-content-'));
  const { config } = loadConfig({ flags: { upstream: lab.url, contentFetch: 'all' }, environment: {} });
  for (const { sha1 } of await lab.store.listContent()) lab.upstream.failContent(sha1, { kind: 'missing' }, 1000);
  const lines: unknown[] = [];
  const write = (details: unknown) => void lines.push(details);
  const often = Promise.withResolvers<void>();
  let looks = 0;
  const listContent = () => {
    if (++looks === 4) often.resolve();
    return lab.store.listContent();
  };
  const store = Object.assign(Object.create(lab.store), { listContent });
  const environment = { HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '127.0.0.1' };
  const log = { info: write, warn: write, error: write } as never;
  const pauses = { pollMs: 1, everyMs: 1 };
  const schedule = scheduleContent(config, { store, folder, log, environment, ...pauses, bounds: { attempts: 1 } });
  schedule.begin();
  await often.promise;
  await schedule.close();
  await lab[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
  assert.equal(lines.length, 1);
  assert.equal((lines[0] as { failures: unknown[] }).failures.length, 2);
});
