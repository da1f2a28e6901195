// Announces changes politely to screen readers: the health of the service and the newest event. Not each row of each
// table.
import type { HomeDocument } from '@moult/server/home-document';
import { type ReactNode, useEffect, useRef, useState } from 'react';

/** Several events within this time are one sentence: a screen reader must not be flooded. */
const gatherMs = 3_000;

export function News({ home }: { home: HomeDocument | undefined }): ReactNode {
  const [sentence, setSentence] = useState('');
  const told = useRef<HomeDocument | undefined>(undefined);
  const latest = useRef<HomeDocument | undefined>(home);
  latest.current = home;
  // The content of a page that opens is read, not announced.
  told.current ??= home;

  useEffect(() => {
    const timer = setInterval(() => {
      const now = latest.current;
      if (!now || now === told.current) return;
      const news = told.current && newsBetween(told.current, now);
      told.current = now;
      if (news) setSentence(news);
    }, gatherMs);
    return () => clearInterval(timer);
  }, []);

  return (
    <p className="visually-hidden" role="status">
      {sentence}
    </p>
  );
}

function newsBetween(before: HomeDocument, now: HomeDocument): string {
  const news: string[] = [];
  if (before.selfUpdate.state !== now.selfUpdate.state) {
    news.push(`The SelfUpdate service is now ${now.selfUpdate.state === 'available' ? 'available' : 'not available'}.`);
  }
  const known = new Set(before.events.map((event) => event.id));
  const fresh = now.events.filter((event) => !known.has(event.id));
  const newest = fresh[0];
  if (newest) {
    const more = fresh.length > 1 ? `${fresh.length} new events. ` : '';
    news.push(`${more}${newest.computer}: ${newest.headline}.`);
  }
  return news.join(' ');
}
