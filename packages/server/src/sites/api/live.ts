// The live stream: server-sent events that say which lists changed, and no more. A client reads the lists that it shows
// again, with its own permissions. The id of a message names the state of every topic. So any server of the database
// can tell a client that comes back exactly what it missed.
import type { ServerResponse } from 'node:http';
import type { Topic } from '@moult/store';
import type { liveBounds } from '../../bounds.ts';

/** The topics that readers are told of: those of the store, and jobs of this server. */
type LiveTopic = Topic | 'jobs';

/** That computers were here is counted nowhere, and true at nearly every moment. */
const busy: ReadonlySet<LiveTopic> = new Set(['computers', 'reporting-events', 'self-update-events']);

interface LiveParts {
  /** How often each topic was changed, by any process. */
  loadGenerations(): Promise<Map<Topic, number>>;
  /** Calls back after each change of this process. Answers how to end that. */
  subscribe(changed: (topic: LiveTopic) => void): () => void;
  /** Told when the store could not be asked. The next look may do better. */
  failed(error: unknown): void;
  limits: typeof liveBounds;
}

interface Viewer {
  accountId: string;
  /** `Last-Event-ID` of a client that comes back. */
  seen: string | undefined;
  /** Whether the session or token behind the stream is still good. */
  isWelcome(): Promise<boolean>;
}

interface Live {
  /** Takes the response over. If all streams are in use, it answers false and leaves the response untouched. */
  open(response: ServerResponse, viewer: Viewer): boolean;
  /** Tells the streams of an account about a job of it. */
  tell(accountId: string, event: 'job', document: unknown): void;
  /** Ends all streams. */
  close(): void;
}

interface Stream extends Omit<Viewer, 'seen'> {
  /** Undefined until its first message. */
  seen: Generations | undefined;
  /** Came back with an id: it may have missed what is counted nowhere. */
  isBack: boolean;
}

type Generations = ReadonlyMap<string, number>;

export function createLive({ loadGenerations, subscribe, failed, limits }: LiveParts): Live {
  const streams = new Map<ServerResponse, Stream>();
  /** Changes of this process that no stream was told yet. */
  const waiting = new Set<LiveTopic>();
  let beating: ReturnType<typeof setInterval> | undefined;
  let planned: ReturnType<typeof setTimeout> | undefined;
  let isLooking = false;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let busyToldAt = Number.NEGATIVE_INFINITY;
  const unsubscribe = subscribe((topic) => {
    if (streams.size === 0 || waiting.has(topic)) return;
    waiting.add(topic);
    plan();
  });

  /** Plans the next look. Again after everything that may bring it forward. */
  function plan(): void {
    if (streams.size === 0 || isLooking) return;
    clearTimeout(planned);
    planned = setTimeout(() => void look(), Math.max(1, dueAt() - performance.now()));
  }

  function dueAt(): number {
    const { minIntervalMs, busyIntervalMs, pollMs } = limits;
    if ([...streams.values()].some(isNew)) return lookedAt + minIntervalMs / 10;
    if ([...waiting].some((topic) => !busy.has(topic))) return lookedAt + minIntervalMs;
    const polled = lookedAt + pollMs;
    return waiting.size > 0
      ? Math.min(polled, Math.max(busyToldAt + busyIntervalMs, lookedAt + minIntervalMs))
      : polled;
  }

  async function look(): Promise<void> {
    planned = undefined;
    isLooking = true;
    lookedAt = performance.now();
    const told = takeWaiting(lookedAt);
    try {
      const generations = await loadGenerations();
      for (const [response, stream] of streams) inform(response, stream, generations, told);
    } catch (error) {
      for (const topic of told) waiting.add(topic);
      failed(error);
    } finally {
      isLooking = false;
    }
    plan();
  }

  function takeWaiting(now: number): LiveTopic[] {
    const isBusyTime = now - busyToldAt >= limits.busyIntervalMs;
    const taken = [...waiting].filter((topic) => isBusyTime || !busy.has(topic));
    if (taken.some((topic) => busy.has(topic))) busyToldAt = now;
    for (const topic of taken) waiting.delete(topic);
    return taken;
  }

  function inform(response: ServerResponse, stream: Stream, generations: Generations, told: LiveTopic[]): void {
    const { seen, isBack } = stream;
    stream.seen = generations;
    stream.isBack = false;
    if (!seen) {
      write(response, `id: ${idOf(generations)}\nevent: hello\ndata: {}\n\n`);
      return;
    }
    const topics = new Set<string>([...told, ...(isBack ? [...busy, 'jobs'] : [])]);
    for (const [topic, count] of generations) if (seen.get(topic) !== count) topics.add(topic);
    if (topics.size === 0) return;
    const data = JSON.stringify({ topics: [...topics].sort() });
    write(response, `id: ${idOf(generations)}\nevent: change\ndata: ${data}\n\n`);
  }

  function write(response: ServerResponse, text: string): void {
    // One that reads nothing keeps no memory of the server.
    if (response.writableLength > limits.maxWaitingBytes) response.destroy();
    else response.write(text);
  }

  function beat(): void {
    for (const [response, { isWelcome }] of streams) {
      write(response, ': still here\n\n');
      isWelcome().then(
        (isGood) => {
          if (!isGood) end(response);
        },
        // The database is away: that ends no session.
        failed,
      );
    }
  }

  function end(response: ServerResponse): void {
    forget(response);
    response.end();
  }

  function forget(response: ServerResponse): void {
    if (!streams.delete(response) || streams.size > 0) return;
    clearInterval(beating);
    clearTimeout(planned);
    beating = planned = undefined;
    waiting.clear();
  }

  return {
    open(response, { seen, ...viewer }) {
      const own = [...streams.values()].filter(({ accountId }) => accountId === viewer.accountId).length;
      if (streams.size >= limits.maxStreams || own >= limits.maxStreamsPerAccount) return false;
      const known = seen === undefined ? undefined : generationsIn(seen);
      streams.set(response, { ...viewer, seen: known, isBack: known !== undefined });
      response.once('close', () => forget(response));
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        'x-content-type-options': 'nosniff',
      });
      response.write('retry: 2000\n\n');
      beating ??= setInterval(beat, limits.heartbeatMs);
      plan();
      return true;
    },
    tell(accountId, event, document) {
      const text = `event: ${event}\ndata: ${JSON.stringify(document)}\n\n`;
      for (const [response, stream] of streams) if (stream.accountId === accountId) write(response, text);
    },
    close() {
      unsubscribe();
      for (const response of [...streams.keys()]) end(response);
    },
  };
}

function isNew({ seen, isBack }: Stream): boolean {
  return seen === undefined || isBack;
}

/** `computers=4,updates=2`. */
function idOf(generations: Generations): string {
  return [...generations].map(([topic, count]) => `${topic}=${count}`).join();
}

/** Undefined for an id that is not one of ours. Such a client is told that it is new. */
function generationsIn(id: string): Generations | undefined {
  if (id.length > 1024 || !/^[a-z-]+=\d{1,15}(?:,[a-z-]+=\d{1,15})*$/.test(id)) return undefined;
  return new Map(
    id.split(',').map((pair) => {
      const [topic = '', count = ''] = pair.split('=');
      return [topic, Number(count)];
    }),
  );
}
