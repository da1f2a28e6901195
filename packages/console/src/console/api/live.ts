// Changes as they happen, by one stream for all tabs of this browser. The tab that has the lock listens and tells the
// others. A hidden tab lets go of it. Browsers open six connections to a server at most, and a stream is one of them.
import { addressOf } from './call.ts';
import { noteChange } from './changes.ts';

/** Views ask again at most so often, however much happens. */
const pauseMs = 4_000;
const spreadMs = 1_000;

/** Follows changes until the function it answers is called. `refused`: the stream ended for good, as with the session. */
export function followChanges(refused: () => void): () => void {
  if (!('locks' in navigator) || !('BroadcastChannel' in globalThis)) return () => undefined;
  const channel = new BroadcastChannel('moult-live');
  let holding: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = 0;
  const heard = () => {
    if (document.hidden || timer !== undefined) return;
    timer = setTimeout(
      () => {
        timer = undefined;
        last = Date.now();
        noteChange({ isBackground: true });
      },
      // All browsers hear of it at the same moment, as of a server that is back.
      Math.max(spreadMs * Math.random(), last + pauseMs - Date.now()),
    );
  };
  channel.addEventListener('message', heard);

  const listen = () => {
    if (document.hidden || holding) return;
    const own = new AbortController();
    holding = own;
    navigator.locks
      .request('moult-live', { signal: own.signal }, () => streamUntil(own.signal, tell, refused))
      .catch(() => undefined);
  };
  const tell = () => {
    heard();
    channel.postMessage('change');
  };
  const letGo = () => {
    holding?.abort();
    holding = undefined;
  };
  const followVisibility = () => (document.hidden ? letGo() : listen());
  document.addEventListener('visibilitychange', followVisibility);
  listen();
  return () => {
    document.removeEventListener('visibilitychange', followVisibility);
    letGo();
    clearTimeout(timer);
    channel.close();
  };
}

/** Ends with `signal`: also when it holds the lock. */
function streamUntil(signal: AbortSignal, heard: () => void, refused: () => void): Promise<void> {
  return new Promise((resolve) => {
    const stream = new EventSource(addressOf('followChanges', {}));
    stream.addEventListener('change', heard);
    stream.addEventListener('error', () => {
      // It connects again by itself, unless the server refused it.
      if (stream.readyState === EventSource.CLOSED) refused();
    });
    signal.addEventListener('abort', () => {
      stream.close();
      resolve();
    });
  });
}
