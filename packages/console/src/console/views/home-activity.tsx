// The newest events: self-update, check-ins, downloads, installations.
import type { HomeDocument, HomeEvent } from '@moult/server/home-document';
import type { ReactNode } from 'react';
import { Mark } from '../../mark.tsx';
import { hrefOf } from '../kit/address.ts';
import { Link } from '../kit/link.tsx';
import { Age } from '../kit/time.tsx';
import { useLanguage, useWords, type Words } from '../kit/words.tsx';

const tones = { succeeded: 'good', failed: 'bad', pending: 'pending', information: 'quiet' } as const;

const steps = {
  'self-update': 'selfUpdate',
  scan: 'check',
  download: 'download',
  install: 'install',
  other: 'other',
} as const;

/** The headline of the server is English, and says more. */
function headlineIn(words: Words, { kind, outcome }: HomeEvent): string {
  if (kind === 'registration') return words.home.registered;
  // It can be the start of a client as well: the sign tells how it went.
  return words.steps[steps[kind]][kind === 'self-update' ? 'quiet' : tones[outcome]];
}

export function HomeActivity({ home: { events } }: { home: HomeDocument }): ReactNode {
  const words = useWords();
  const language = useLanguage();
  return (
    <section className="card" aria-labelledby="home-activity">
      <h2 id="home-activity">{words.home.activity}</h2>
      {events.length === 0 ? (
        <p className="empty">{words.home.noActivity}</p>
      ) : (
        <ul className="activity">
          {events.slice(0, 12).map((event) => {
            const { id, at, outcome, computer, computerId, headline, detail } = event;
            return (
              <li key={id}>
                <Mark tone={tones[outcome]} word={words.tones[tones[outcome]]} />
                <span className="wrap">
                  <Link href={hrefOf(`computers/${encodeURIComponent(computerId)}`)}>
                    <bdi>{computer}</bdi>
                  </Link>{' '}
                  {language === 'en' ? headline : headlineIn(words, event)}{' '}
                  {detail && <span className="dim">{detail}</span>}
                </span>
                <span className="dim">
                  <Age at={at} />
                </span>
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}
