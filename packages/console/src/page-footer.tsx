import type { HomeDocument } from '@moult/server/home-document';
import { type ReactNode, useEffect, useState } from 'react';
import { since, Time } from './time.tsx';

const tickMs = 10_000;

/** The server's version and age, and the ways to the documentation that it brings. */
export function PageFooter({ home }: { home: HomeDocument }): ReactNode {
  const { server } = home;
  return (
    <footer>
      <p>
        Moult{server.version && ` ${server.version}`}, up for {since(server.startedAt, useServerTime(home.generatedAt))}{' '}
        (started <Time at={server.startedAt} />)
      </p>
      <nav aria-label="Documentation">
        <a href="/docs/getting-started">Getting started</a>
        <a href="/docs/self-update">How self-update works</a>
        <a href="/docs/errors">Error codes</a>
        <a href="/docs/">All documentation</a>
        <a href="/api/home">This page as JSON</a>
      </nav>
    </footer>
  );
}

/** The server's clock, carried on from its last word: this computer's own clock may be wrong. */
function useServerTime(lastWord: string): string {
  const [now, setNow] = useState(lastWord);
  useEffect(() => {
    const heardAt = performance.now();
    const tick = () => setNow(new Date(Date.parse(lastWord) + performance.now() - heardAt).toISOString());
    tick();
    const timer = setInterval(tick, tickMs);
    return () => clearInterval(timer);
  }, [lastWord]);
  return now;
}
