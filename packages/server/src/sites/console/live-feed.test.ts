import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { createLiveFeed, type FeedLimits, type LiveFeed } from './live-feed.ts';

const limits: FeedLimits = {
  maxStreams: 2,
  heartbeatMs: 30,
  pollMs: 10_000,
  minIntervalMs: 20,
  maxWaitingBytes: 64 * 1024,
};

describe('the live feed', () => {
  it('sends the state at once, again after each change, and nothing but heartbeats between', async () => {
    const state = { value: 1 };
    await withFeed(state, {}, async (feed, url) => {
      const stream = await follow(url);
      await stream.until(/data: \{"value":1\}/);
      await stream.until(/event: heartbeat[\s\S]*event: heartbeat[\s\S]*event: heartbeat/);
      assert.equal(stream.text().match(/event: home/g)?.length, 1);
      state.value = 2;
      feed.nudge();
      await stream.until(/id: 2\nevent: home\ndata: \{"value":2\}/);
      stream.close();
    });
  });

  it('finds changes of other processes without a hint', async () => {
    const state = { value: 1 };
    await withFeed(state, { pollMs: 50 }, async (_, url) => {
      const stream = await follow(url);
      await stream.until(/id: 1/);
      state.value = 2;
      await stream.until(/id: 2/);
      stream.close();
    });
  });

  it('loses no change that comes while the store is being read', async () => {
    const state = { value: 1, readMs: 60 };
    await withFeed(state, {}, async (feed, url) => {
      const stream = await follow(url);
      await wait(30);
      state.value = 2;
      feed.nudge();
      await stream.until(/id: 2/);
      stream.close();
    });
  });

  it('sends each viewer its own view, and keeps room for both, with one read', async () => {
    const state = { value: 1, reads: 0 };
    await withFeed(state, { maxStreams: 1 }, async (feed, url) => {
      const own = await follow(url);
      const stranger = await follow(new URL('/counts', url).href);
      assert.equal((await fetch(new URL('/counts', url))).status, 503);
      await own.until(/data: \{"value":1\}/);
      await stranger.until(/id: c1\nevent: home\ndata: \{"counts":1\}/);
      assert.doesNotMatch(stranger.text(), /value/);
      assert.doesNotMatch(own.text(), /counts/);
      assert.deepEqual([(await feed.current('names')).id, (await feed.current('counts')).id], ['1', 'c1']);
      own.close();
      stranger.close();
    });
  });

  it('does not repeat the state that a returning client has seen', async () => {
    await withFeed({ value: 1 }, {}, async (_, url) => {
      const stream = await follow(url, '1');
      await stream.until(/event: heartbeat[\s\S]*event: heartbeat[\s\S]*event: heartbeat/);
      assert.doesNotMatch(stream.text(), /event: home/);
      stream.close();
    });
  });

  it('turns away more streams than it has room for, and has room again when one leaves', async () => {
    await withFeed({ value: 1 }, {}, async (_, url) => {
      const first = await follow(url);
      const second = await follow(url);
      assert.equal((await fetch(url, { headers: { 'user-agent': 'one' } })).status, 503);
      first.close();
      await wait(50);
      const third = await follow(url);
      await third.until(/id: 1/);
      second.close();
      third.close();
    });
  });

  it('shares its streams out by address: one that holds most of them makes room, and nobody else does', async () => {
    await withFeed({ value: 1 }, { maxStreams: 3 }, async (_, url) => {
      const hostile = [];
      for (let count = 0; count < 3; count++) hostile.push(await follow(url, undefined, 'hostile'));
      const honest = await follow(url, undefined, 'honest');
      await honest.until(/id: 1/);
      assert.equal((await fetch(url, { headers: { 'user-agent': 'hostile' } })).status, 503, 'it holds two of three');
      const other = await follow(url, undefined, 'other');
      await other.until(/id: 1/);
      assert.equal((await fetch(url, { headers: { 'user-agent': 'fourth' } })).status, 503, 'each holds one');
      assert.equal(await openStreams(url), 3);
      for (const stream of [...hostile, honest, other]) stream.close();
    });
  });

  it('reads the store once for many, and not more often than the interval', async () => {
    const state = { value: 1, reads: 0 };
    await withFeed(state, { minIntervalMs: 200 }, async (feed) => {
      await Promise.all(Array.from({ length: 50 }, () => feed.current('names')));
      await feed.current('names');
      assert.equal(state.reads, 1);
    });
  });

  it('goes on after a read that failed', async () => {
    const state = { value: 1, broken: true };
    await withFeed(state, { pollMs: 30 }, async (_, url) => {
      const stream = await follow(url);
      await wait(60);
      state.broken = false;
      await stream.until(/id: 1/);
      stream.close();
    });
  });

  it('cuts a stream whose reader has stopped reading', { timeout: 60_000 }, async () => {
    const state = { value: 1, padding: 'x'.repeat(512 * 1024) };
    await withFeed(state, { minIntervalMs: 1 }, async (feed, url) => {
      const stalled = await fetch(url);
      // Ends by itself when the stream is cut; a machine of any speed gets there.
      while ((await openStreams(url)) > 0) {
        state.value++;
        feed.nudge();
        await wait(15);
      }
      await stalled.body?.cancel().catch(() => undefined);
    });
  });
});

interface State {
  value: number;
  reads?: number;
  readMs?: number;
  broken?: boolean;
  padding?: string;
}

async function withFeed(
  state: State,
  change: Partial<FeedLimits>,
  use: (feed: LiveFeed, url: string) => Promise<void>,
): Promise<void> {
  const read = async () => {
    const { value, padding } = state;
    state.reads = (state.reads ?? 0) + 1;
    if (state.readMs) await wait(state.readMs);
    if (state.broken) throw new Error('broken');
    const snapshot = { id: String(value), body: JSON.stringify({ value, ...(padding ? { padding } : {}) }) };
    return { names: snapshot, counts: { id: `c${value}`, body: JSON.stringify({ counts: value }) } };
  };
  const feed = createLiveFeed(read, () => undefined, { ...limits, ...change });
  let open = 0;
  const server = createServer((request, response) => {
    if (request.url === '/open') {
      response.end(String(open));
      return;
    }
    const seen = request.headers['last-event-id'];
    const view = request.url === '/counts' ? 'counts' : 'names';
    const address = String(request.headers['user-agent']);
    if (!feed.open(response, { seen: typeof seen === 'string' ? seen : undefined, view, address })) {
      response.writeHead(503).end();
      return;
    }
    open++;
    response.once('close', () => open--);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(feed, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  } finally {
    feed.close();
    server.closeAllConnections();
    server.close();
  }
}

async function openStreams(url: string): Promise<number> {
  return Number(await (await fetch(new URL('/open', url))).text());
}

async function follow(url: string, seen?: string, address = 'one') {
  const abort = new AbortController();
  const headers = { 'user-agent': address, ...(seen !== undefined && { 'last-event-id': seen }) };
  const response = await fetch(url, { signal: abort.signal, headers });
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  let text = '';
  const reading = (async () => {
    for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString();
  })().catch(() => undefined);
  return {
    text: () => text,
    async until(pattern: RegExp): Promise<void> {
      for (let left = 200; left > 0; left--) {
        if (pattern.test(text)) return;
        await wait(10);
      }
      assert.fail(`${pattern} did not come; got ${text}`);
    },
    close: () => {
      abort.abort();
      return reading;
    },
  };
}
