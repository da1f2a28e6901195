// The clock jumps while the server runs (Debian's faketime, which reads the time from a file): ten years ahead, ten years
// behind, an hour, and back. Clients are served throughout, what was acknowledged stays, and nothing is wrong afterwards.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { follow, Repository } from '@moult/releases/repository';
import { openStore } from '@moult/store';
import { startPostgres, type TestPostgres } from '../../store/test/postgres.ts';
import { isAcknowledged, sendReport } from './acknowledged-writes.ts';
import { openSession } from './agent-session.ts';
import { type ServeProcess, startServe } from './serve-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-clock-jumps-'));
let postgres: TestPostgres | undefined;
before(async () => {
  postgres = await startPostgres();
});
after(async () => {
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
const jumps = {
  'ten years ahead': '+3652d',
  'ten years behind': '-3652d',
  'an hour ahead': '+1h',
  'an hour behind': '-1h',
};

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`a clock that jumps under a running server (${engine})`, { concurrency: false }, () => {
    const dataDir = join(folder, engine);
    const clockFile = join(folder, `${engine}-clock`);
    const acknowledged: string[] = [];
    let server: ServeProcess;
    let address: string;
    let computers = 0;

    before(async () => {
      address =
        engine === 'postgres' ? await (postgres as TestPostgres).createDatabase() : join(dataDir, 'moult.sqlite');
      writeFileSync(clockFile, '+0');
      const { stdout } = await promisify(execFile)('faketime', ['-f', '+0', 'env']);
      const library = /^LD_PRELOAD=(.*)$/m.exec(stdout)?.[1] ?? '';
      const faked = {
        FAKETIME_TIMESTAMP_FILE: clockFile,
        FAKETIME_CACHE_DURATION: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      };
      const env = { ...process.env, ...faked, LD_PRELOAD: library, TZ: 'UTC' };
      server = await startServe(['--data-dir', dataDir, '--database', address], env);
    });
    after(() => server?.kill());

    /** The date that the server gives its answers. */
    const serverTime = async () =>
      Date.parse((await fetch(`${server.url}/`, { method: 'HEAD' })).headers.get('date') ?? '');
    const jump = async (offset: string) => {
      const earlier = await serverTime();
      writeFileSync(clockFile, offset);
      // The library looks at the file once a second.
      for (let tries = 0; Math.abs((await serverTime()) - earlier) < 1_800_000; tries++) {
        assert.ok(tries < 200, 'the clock does not move');
        await pause(100);
      }
    };
    const notices = async (): Promise<string[]> => {
      const home = (await (await fetch(`${server.url}/api/home`)).json()) as { notices: { headline: string }[] };
      return home.notices.map(({ headline }) => headline);
    };
    // The page is made again only so often: on a busy machine it may still show the notice of a moment ago.
    const untilClockIsNoted = async (isNoted: boolean) => {
      for (let tries = 0; (await notices()).some((one) => /^The clock of this server/.test(one)) !== isNoted; tries++) {
        assert.ok(tries < 100, `${isNoted ? 'no notice' : 'a notice'} of the clock: ${await notices()}`);
        await pause(100);
      }
    };
    const report = async (session: Awaited<ReturnType<typeof openSession>>) => {
      const id = crypto.randomUUID();
      const answer = await sendReport(server.url, session.cookie, id, 'x');
      assert.ok(isAcknowledged(answer), `${answer.status} ${answer.bytes}`);
      acknowledged.push(id);
    };
    const newComputer = async () => {
      const computerId = `00000000-0000-4000-8000-${String(++computers).padStart(12, '0')}`;
      const session = await openSession(server.url, { computerId, dnsName: `client-${computers}.example.test` });
      await session.syncToTheEnd();
      await report(session);
      return session;
    };
    const treeIsServed = async () => {
      for (const path of ['/selfupdate/wuident.cab', '/iuident.cab', '/tuf/metadata/timestamp.json', '/']) {
        const answer = await fetch(server.url + path, { headers: { 'if-modified-since': new Date().toUTCString() } });
        await answer.arrayBuffer();
        assert.ok(answer.status === 200 || answer.status === 304, `${path}: ${answer.status}`);
      }
      await follow(new Repository(join(dataDir, 'trust')), 1, new Date());
    };

    for (const [words, offset] of Object.entries(jumps)) {
      it(`${words} and back: clients of before, of then and of afterwards are served`, {
        timeout: 120_000,
      }, async () => {
        const early = await newComputer();
        await jump(offset);
        await treeIsServed();
        const then = await newComputer();
        // A cookie of before is taken, or is refused as the protocol says: with another one the client goes on.
        const again = { computerId: early.computerId, dnsName: 'client-1.example.test' };
        await early.sync().catch(async () => void (await openSession(server.url, again)).sync());
        await report(await openSession(server.url, again));
        await untilClockIsNoted(/d$/.test(offset));
        await jump('+0');
        await treeIsServed();
        await report(await openSession(server.url, { computerId: then.computerId, dnsName: 'client-2.example.test' }));
        await newComputer();
        await untilClockIsNoted(false);
      });
    }

    it('has lost nothing that was acknowledged, kept every key, and no log line', async () => {
      const keys = readdirSync(join(dataDir, 'keys'));
      assert.equal(keys.filter((name) => /before|old/.test(name)).length, 0, keys.join());
      await server.stop();
      await using store = await openStore(address, { now: () => new Date() });
      const events = await store.listReportingEvents({ limit: 10_000 });
      await store.close();
      const kept = new Set(events.map(({ instanceId }) => instanceId));
      assert.deepEqual(
        acknowledged.filter((id) => !kept.has(id)),
        [],
      );
      const logs = readdirSync(join(dataDir, 'logs')).filter((name) => /^moult.*\.log$/.test(name));
      const lines = logs.flatMap((name) =>
        readFileSync(join(dataDir, 'logs', name), 'utf8')
          .trim()
          .split('\n'),
      );
      const said = lines.map((line) => JSON.parse(line) as { msg: string; level: string; err?: unknown });
      assert.deepEqual(
        said.filter(({ level }) => level === 'error' || level === 'fatal'),
        [],
      );
      assert.ok(said.some(({ msg }) => /^The clock moved by 3652 days/.test(msg)));
      assert.ok(said.some(({ msg }) => /^The clock is believed again/.test(msg)));
      const access = readdirSync(join(dataDir, 'logs'), { recursive: true, encoding: 'utf8' }).filter((name) =>
        /u_ex/.test(name),
      );
      assert.ok(access.length >= 3, `a file a day: ${access.join()}`);
    });

    it('starts again without a word of it', async () => {
      await using again = await startServe(['--data-dir', dataDir, '--database', address]);
      assert.equal(again.said(), '');
    });
  });
}
