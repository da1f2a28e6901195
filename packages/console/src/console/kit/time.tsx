// Points in time: how long ago, and on hover the moment itself, by the clock of the person and in UTC.
import { type ReactNode, useEffect, useState } from 'react';
import { usePreferences } from './preferences.ts';
import { ageOf } from './spans.ts';
import { useLanguage, useWords } from './words.tsx';

/** "3 hours ago". Follows the clock. */
export function Age({ at }: { at: string | undefined }): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const now = useNow();
  if (at === undefined) return <span className="dim">{words.time.never}</span>;
  return (
    <time dateTime={at} title={both(at)}>
      {Math.abs(Date.parse(at) - now) < 60_000 ? words.time.now : ageOf(at, now, language)}
    </time>
  );
}

/** 2026-12-02 16:50, as the person wants it: local or UTC. */
export function Moment({ at }: { at: string | undefined }): ReactNode {
  const words = useWords();
  const { clock } = usePreferences();
  if (at === undefined) return <span className="dim">{words.time.never}</span>;
  return (
    <time dateTime={at} title={both(at)}>
      {spell(new Date(at), clock === 'utc' ? 'UTC' : undefined)}
    </time>
  );
}

/** The present, every 30 seconds. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

function both(at: string): string {
  const date = new Date(at);
  return `${spell(date, undefined)}\n${spell(date, 'UTC')} UTC`;
}

// sv-SE writes ISO order, which every administrator reads the same way.
function spell(date: Date, timeZone: string | undefined): string {
  return new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', timeZone }).format(date);
}
