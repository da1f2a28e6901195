// The live stream of the API: what changed, without a gap, and for as long as the reader is welcome.
import assert from 'node:assert/strict';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { waitUntil } from '../../../../../scripts/wait-until.ts';
import { liveBounds } from '../../bounds.ts';
import { createLive } from './live.ts';

type Topic = Parameters<Parameters<Parameters<typeof createLive>[0]['subscribe']>[0]>[0];

const limits = {
  ...liveBounds,
  ...{
    maxStreams: 3,
    maxStreamsPerAccount: 2,
    heartbeatMs: 40,
    pollMs: 60_000,
    minIntervalMs: 20,
    busyIntervalMs: 150,
  },
};

interface Followed {
  status: number;
  text(): string;
  until(wanted: RegExp): Promise<RegExpMatchArray>;
  ended: Promise<unknown>;
  close(): void;
}

async function withLive(
  given: Partial<typeof limits>,
  work: (world: {
    generations: Map<Topic, number>;
    state: { isWelcome: boolean; isAway: boolean };
    change(topic: Topic): void;
    tell(accountId: string, document: unknown): void;
    follow(account: string, seen?: string): Promise<Followed>;
  }) => Promise<void>,
): Promise<void> {
  const generations = new Map<Topic, number>([['updates', 1]]);
  const state = { isWelcome: true, isAway: false };
  let announce: (topic: Topic) => void = () => undefined;
  const live = createLive({
    async loadGenerations() {
      if (state.isAway) throw new Error('away');
      return new Map(generations) as never;
    },
    subscribe(changed) {
      announce = changed;
      return () => undefined;
    },
    failed: () => undefined,
    limits: { ...limits, ...given },
  });
  const server = createServer((request, response) => {
    const accountId = (request.url ?? '').slice(1);
    const seen = request.headers['last-event-id'] as string | undefined;
    const isWelcome = async () => state.isWelcome;
    if (!live.open(response, { accountId, seen, isWelcome })) response.writeHead(503).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const follow = (account: string, seen?: string) => followed(`http://127.0.0.1:${port}/${account}`, seen);
  try {
    await work({
      ...{ generations, state, follow },
      change: (topic) => announce(topic),
      tell: (accountId, document) => live.tell(accountId, 'job', document),
    });
  } finally {
    live.close();
    server.close();
    server.closeAllConnections();
  }
}

async function followed(url: string, seen: string | undefined): Promise<Followed> {
  const headers = seen === undefined ? {} : { 'last-event-id': seen };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { headers, agent: false }, resolve).on('error', reject);
  });
  let text = '';
  let look = () => undefined as unknown;
  response.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
    look();
  });
  response.on('error', () => undefined);
  return {
    status: response.statusCode ?? 0,
    text: () => text,
    ended: new Promise((resolve) => response.once('close', resolve)),
    close: () => response.destroy(),
    until: (wanted) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`no ${wanted} in ${JSON.stringify(text)}`)), 10_000);
        look = () => {
          const found = wanted.exec(text);
          if (!found) return;
          clearTimeout(late);
          resolve(found);
        };
        look();
      }),
  };
}

describe('the live stream', () => {
  it('greets, then names what changed here, and what another process changed', () =>
    withLive({ pollMs: 30 }, async ({ generations, change, follow }) => {
      const stream = await follow('anna');
      await stream.until(/^retry: 2000\n\nid: updates=1\nevent: hello\ndata: \{\}\n\n/);
      change('groups');
      await stream.until(/id: updates=1\nevent: change\ndata: \{"topics":\["groups"\]\}/);
      generations.set('updates', 2);
      await stream.until(/id: updates=2\nevent: change\ndata: \{"topics":\["updates"\]\}/);
    }));

  it('a reader that comes back is told what it missed, also what no count has', () =>
    withLive({ maxStreams: 9, maxStreamsPerAccount: 9 }, async ({ generations, follow }) => {
      generations.set('deployments', 7);
      const stream = await follow('anna', 'updates=1,deployments=6');
      const told = await stream.until(/event: change\ndata: \{"topics":(\[.*?\])\}/);
      assert.deepEqual(JSON.parse(told[1] ?? ''), [
        ...['computers', 'deployments', 'jobs', 'reporting-events', 'self-update-events'],
      ]);
      for (const wrong of ['nonsense', 'updates=1;x', `${'updates=1,'.repeat(200)}groups=1`, 'updates=-1']) {
        const other = await follow('bert', wrong);
        await other.until(/event: hello/);
      }
    }));

  it('a thousand changes at once are one message, and check-ins come seldom', () =>
    withLive({}, async ({ change, follow }) => {
      const stream = await follow('anna');
      await stream.until(/hello/);
      change('computers');
      await stream.until(/"computers"/);
      const before = performance.now();
      for (let count = 0; count < 1000; count++) change('computers');
      await stream.until(/"computers"[\s\S]*"computers"/);
      assert.ok(performance.now() - before > limits.busyIntervalMs * 0.8);
      change('updates');
      change('groups');
      await stream.until(/\["groups","updates"\]/);
      assert.equal(stream.text().match(/event: change/g)?.length, 3);
    }));

  it('a change is told later when the database is away, and the stream stays', () =>
    withLive({ pollMs: 30 }, async ({ state, change, follow }) => {
      const stream = await follow('anna');
      await stream.until(/hello/);
      state.isAway = true;
      change('groups');
      await stream.until(/still here/);
      assert.ok(!stream.text().includes('groups'));
      state.isAway = false;
      await stream.until(/"groups"/);
    }));

  it('gives a sign of life, and ends when session or token ended', () =>
    withLive({}, async ({ state, follow }) => {
      const stream = await follow('anna');
      await stream.until(/(?:: still here\n\n[\s\S]*){2}/);
      state.isWelcome = false;
      await stream.ended;
    }));

  it('tells a job to its own account alone, and has room for others when one account takes many', () =>
    withLive({}, async ({ tell, follow }) => {
      const [one, other] = [await follow('anna'), await follow('anna')];
      assert.equal((await follow('anna')).status, 503);
      const bert = await follow('bert');
      assert.equal(bert.status, 200);
      assert.equal((await follow('carla')).status, 503, 'the room of all');
      tell('anna', { jobId: 'x' });
      for (const stream of [one, other]) await stream.until(/event: job\ndata: \{"jobId":"x"\}/);
      await bert.until(/still here/);
      assert.ok(!bert.text().includes('jobId'));
      one.close();
      await one.ended;
      // The server hears of the end a moment later.
      await waitUntil('carla has room', async () => (await follow('carla')).status === 200, { everyMs: 5 });
    }));

  it('a reader that takes nothing is cut off', () =>
    withLive({ maxWaitingBytes: 4096 }, async ({ tell, follow }) => {
      const stream = await follow('anna');
      await stream.until(/hello/);
      for (let count = 0; count < 3; count++) tell('anna', { text: 'x'.repeat(1_000_000) });
      await stream.ended;
    }));
});
