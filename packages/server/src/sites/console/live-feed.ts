// Server-sent events: the newest state of the page to everybody who looks, in the view that they may have. However many
// look, the store is read once per change, and never more often than it can bear.
import type { ServerResponse } from 'node:http';

export interface FeedLimits {
  /** Streams of one view at once; more are told to ask again later. Strangers take no room from the server's own. */
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

/** With names, addresses and ids of computers, or with counts and health alone. */
export type View = 'names' | 'counts';
export type Snapshots = Readonly<Record<View, Snapshot>>;

export interface LiveFeed {
  /** The newest state; at most `minIntervalMs` (or what reading costs) old. */
  current(view: View): Promise<Snapshot>;
  /** Something may have changed. */
  nudge(): void;
  /** Takes the response over. False, untouched, when there is no room. `seen` is the id the client had last. */
  open(response: ServerResponse, seen: string | undefined, view: View): boolean;
  close(): void;
}

/** A feed over `read`, whose failures go to `failed` and end no stream: the next read may do better. */
export function createLiveFeed(
  read: () => Promise<Snapshots>,
  failed: (error: unknown) => void,
  limits: FeedLimits = defaultFeedLimits,
): LiveFeed {
  const streams = new Map<ServerResponse, { seen: string | undefined; view: View }>();
  let latest: { snapshots: Snapshots; goodUntil: number } | undefined;
  let reading: Promise<Snapshots> | undefined;
  let nextRead: ReturnType<typeof setTimeout> | undefined;
  let nextReadDue = 0;
  // Set by a hint, cleared when a read begins: a hint during a read asks for another one.
  let dirty = false;
  let heartbeat: ReturnType<typeof setInterval> | undefined;

  const current = async (): Promise<Snapshots> => {
    if (latest && performance.now() < latest.goodUntil) return latest.snapshots;
    reading ??= readNow().finally(() => {
      reading = undefined;
    });
    return reading;
  };

  const readNow = async (): Promise<Snapshots> => {
    const started = performance.now();
    dirty = false;
    const snapshots = await read();
    const tookMs = performance.now() - started;
    latest = { snapshots, goodUntil: performance.now() + Math.max(limits.minIntervalMs, 20 * tookMs) };
    return snapshots;
  };

  const publish = async (): Promise<void> => {
    nextRead = undefined;
    try {
      const snapshots = await current();
      for (const [response, { view }] of streams) send(response, snapshots[view]);
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

  const streamsOf = (view: View) => [...streams.values()].filter((stream) => stream.view === view).length;

  return {
    async current(view) {
      return (await current())[view];
    },
    nudge() {
      dirty = true;
      plan(0);
    },
    open(response, seen, view) {
      if (streamsOf(view) >= limits.maxStreams) return false;
      streams.set(response, { seen, view });
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
