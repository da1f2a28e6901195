// Server-sent events: the newest state of the page to everybody who looks. However many look, the store is read once
// per change, and never more often than it can bear.
import type { ServerResponse } from 'node:http';

export interface FeedLimits {
  /** Streams at once; more are told to ask again later. */
  maxStreams: number;
  /** A comment-like event at least this often, so that both ends notice a dead line. */
  heartbeatMs: number;
  /** The state is also read this often without a hint: other processes write to the store too. */
  pollMs: number;
  /** Shortest time between two reads; grows to twenty times what a read takes. */
  minIntervalMs: number;
  /** A stream that lets this many bytes pile up is cut. */
  maxWaitingBytes: number;
}

export const defaultFeedLimits: FeedLimits = {
  maxStreams: 100,
  heartbeatMs: 15_000,
  pollMs: 5_000,
  minIntervalMs: 250,
  maxWaitingBytes: 1 << 20,
};

/** One state of the page: its text, and a short name for its content. */
export interface Snapshot {
  id: string;
  body: string;
}

export interface LiveFeed {
  /** The newest state; at most `minIntervalMs` (or what reading costs) old. */
  current(): Promise<Snapshot>;
  /** Something may have changed. */
  nudge(): void;
  /** Takes the response over. False, untouched, when there is no room. `seen` is the id the client had last. */
  open(response: ServerResponse, seen: string | undefined): boolean;
  close(): void;
}

/** A feed over `read`, whose failures go to `failed` and end no stream: the next read may do better. */
export function createLiveFeed(
  read: () => Promise<Snapshot>,
  failed: (error: unknown) => void,
  limits: FeedLimits = defaultFeedLimits,
): LiveFeed {
  const streams = new Map<ServerResponse, { seen: string | undefined }>();
  let latest: { snapshot: Snapshot; goodUntil: number } | undefined;
  let reading: Promise<Snapshot> | undefined;
  let nextRead: ReturnType<typeof setTimeout> | undefined;
  let nextReadDue = 0;
  // Set by a hint, cleared when a read begins: a hint during a read asks for another one.
  let dirty = false;
  let heartbeat: ReturnType<typeof setInterval> | undefined;

  const current = async (): Promise<Snapshot> => {
    if (latest && performance.now() < latest.goodUntil) return latest.snapshot;
    reading ??= readNow().finally(() => {
      reading = undefined;
    });
    return reading;
  };

  const readNow = async (): Promise<Snapshot> => {
    const started = performance.now();
    dirty = false;
    const snapshot = await read();
    const tookMs = performance.now() - started;
    latest = { snapshot, goodUntil: performance.now() + Math.max(limits.minIntervalMs, 20 * tookMs) };
    return snapshot;
  };

  const publish = async (): Promise<void> => {
    nextRead = undefined;
    try {
      const snapshot = await current();
      for (const response of streams.keys()) send(response, snapshot);
    } catch (error) {
      failed(error);
    }
    plan(dirty ? 0 : limits.pollMs);
  };

  const send = (response: ServerResponse, { id, body }: Snapshot): void => {
    const stream = streams.get(response);
    if (!stream || stream.seen === id) return;
    stream.seen = id;
    write(response, `id: ${id}\nevent: home\ndata: ${body}\n\n`);
  };

  const write = (response: ServerResponse, text: string): void => {
    if (response.writableLength > limits.maxWaitingBytes) response.destroy();
    else response.write(text);
  };

  /** Plans the next read, or brings it forward; never later than already planned. */
  const plan = (ms: number): void => {
    if (streams.size === 0) return;
    const earliest = latest ? latest.goodUntil - performance.now() : 0;
    const due = performance.now() + Math.max(ms, earliest);
    if (nextRead !== undefined && due >= nextReadDue) return;
    clearTimeout(nextRead);
    nextReadDue = due;
    nextRead = setTimeout(publish, Math.max(0, due - performance.now()) + 1);
  };

  const beat = (): void => {
    for (const response of streams.keys()) write(response, 'event: heartbeat\ndata:\n\n');
  };

  const forget = (response: ServerResponse): void => {
    streams.delete(response);
    if (streams.size > 0) return;
    clearInterval(heartbeat);
    clearTimeout(nextRead);
    heartbeat = nextRead = undefined;
  };

  return {
    current,
    nudge() {
      dirty = true;
      plan(0);
    },
    open(response, seen) {
      if (streams.size >= limits.maxStreams) return false;
      streams.set(response, { seen });
      response.once('close', () => forget(response));
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      response.write('retry: 2000\nevent: heartbeat\ndata:\n\n');
      heartbeat ??= setInterval(beat, limits.heartbeatMs);
      plan(0);
      return true;
    },
    close() {
      for (const response of [...streams.keys()]) {
        forget(response);
        response.end();
      }
    },
  };
}
