// Keeps the page at the server's present state. One stream of whole documents: each replaces the last, so a lost
// message costs nothing and a new connection needs no history.
import type { HomeDocument } from '@moult/server/home-document';

export type Connection = 'connecting' | 'live' | 'asking' | 'lost';

export interface Feed {
  home: HomeDocument | undefined;
  /** `asking`: the server has no room for one more stream, so it is asked every few seconds instead. */
  connection: Connection;
}

/** The server sends something at least every 15 seconds. Three missed ones mean that the line is dead. */
const silenceMs = 45_000;
const askAgainMs = 5_000;

/** Calls `changed` with each new state until the function it answers is called. A hidden page holds no connection. */
export function followHome(changed: (feed: Feed) => void): () => void {
  let feed: Feed = { home: undefined, connection: 'connecting' };
  let stream: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;

  const say = (next: Partial<Feed>) => {
    if (ended) return;
    feed = { ...feed, ...next };
    changed(feed);
  };
  const after = (ms: number, what: () => void) => {
    clearTimeout(timer);
    timer = setTimeout(what, ms);
  };
  const hangUp = () => {
    clearTimeout(timer);
    stream?.close();
    stream = undefined;
  };

  const listen = () => {
    hangUp();
    const opened = new EventSource('/api/home/events');
    stream = opened;
    const alive = () => after(silenceMs, listen);
    opened.addEventListener('open', alive);
    opened.addEventListener('heartbeat', alive);
    opened.addEventListener('home', (message) => {
      alive();
      say({ home: JSON.parse(message.data), connection: 'live' });
    });
    opened.addEventListener('error', () => {
      hangUp();
      void ask();
    });
    alive();
  };

  const ask = async () => {
    try {
      const answer = await fetch('/api/home', { headers: { accept: 'application/json' } });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      say({ home: await answer.json(), connection: 'asking' });
    } catch {
      say({ connection: 'lost' });
    }
    if (!ended && !document.hidden) after(askAgainMs, listen);
  };

  const followVisibility = () => (document.hidden ? hangUp() : listen());
  document.addEventListener('visibilitychange', followVisibility);
  if (!document.hidden) listen();
  else void ask();

  return () => {
    ended = true;
    document.removeEventListener('visibilitychange', followVisibility);
    hangUp();
  };
}
