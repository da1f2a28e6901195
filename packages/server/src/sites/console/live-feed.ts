// Server-sent events: the newest state of the page for all viewers, each in the view that they may have. The store is
// read once for each change, however many viewers there are, and never more often than its pause.

import type { ServerResponse } from 'node:http';
import { defaultFeedLimits } from '../../bounds.ts';

export interface FeedLimits {
  /**
   * Streams of one view at once. More are told to ask again later. Strangers take no room from the server's own. The
   * oldest stream of the address with the most makes room.
   */
  maxStreams: number;
  /** A comment-like event at least this often, so that both ends notice a dead line. */
  heartbeatMs: number;
  /** The state is also read this often without a hint: other processes write to the store too. */
  pollMs: number;
  /** Shortest time between two reads. Grows to twenty times what a read takes. */
  minIntervalMs: number;
  /** A stream that lets this many bytes pile up is cut. */
  maxWaitingBytes: number;
}

/** One state of the page: its text, and a short name for its content. */
export interface Snapshot {
  id: string;
  body: string;
}

/** With names, addresses and ids of computers, or with counts and health alone. */
export type View = 'names' | 'counts';
export type Snapshots = Readonly<Record<View, Snapshot>>;

interface Viewer {
  /** The id of the state that it had last. */
  seen: string | undefined;
  view: View;
  /** Key of its address: addresses share the streams of a view. */
  address: string;
}

export interface LiveFeed {
  /** The newest state. At most `minIntervalMs` (or what reading costs) old. */
  current(view: View): Promise<Snapshot>;
  /** Something may have changed. */
  nudge(): void;
  /** Takes the response over. False, untouched, without room. */
  open(response: ServerResponse, viewer: Viewer): boolean;
  close(): void;
}

/** A feed over `read`, whose failures go to `failed` and end no stream: the next read may do better. */
export function createLiveFeed(
  read: () => Promise<Snapshots>,
  failed: (error: unknown) => void,
  limits: FeedLimits = defaultFeedLimits,
): LiveFeed {
  /** The oldest first. */
  const streams = new Map<ServerResponse, Viewer>();
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

  /** Plans the next read, or brings it forward. Never later than already planned. */
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

  /** Whether one more of this address finds room. If need be, the oldest stream of the address with the most ends. */
  const makeRoom = ({ view, address }: Viewer): boolean => {
    const ofAddress = new Map<string, ServerResponse[]>();
    let open = 0;
    for (const [response, stream] of streams) {
      if (stream.view !== view) continue;
      open++;
      const others = ofAddress.get(stream.address);
      if (others) others.push(response);
      else ofAddress.set(stream.address, [response]);
    }
    if (open < limits.maxStreams) return true;
    let most: ServerResponse[] = [];
    for (const responses of ofAddress.values()) if (responses.length > most.length) most = responses;
    const [oldest] = most;
    if (!oldest || most.length <= (ofAddress.get(address)?.length ?? 0) + 1) return false;
    forget(oldest);
    // One that takes nothing holds on to its data.
    if (oldest.writableLength > 0) oldest.destroy();
    else oldest.end();
    return true;
  };

  return {
    async current(view) {
      return (await current())[view];
    },
    nudge() {
      dirty = true;
      plan(0);
    },
    open(response, viewer) {
      if (!makeRoom(viewer)) return false;
      streams.set(response, { ...viewer });
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
