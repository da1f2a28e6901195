// The newest events: self-update, check-ins, downloads, installations.
import type { HomeDocument } from '@moult/server/home-document';
import type { ReactNode } from 'react';
import { Mark } from '../../mark.tsx';
import { hrefOf } from '../kit/address.ts';
import { Link } from '../kit/link.tsx';
import { Age } from '../kit/time.tsx';
import { useWords } from '../kit/words.tsx';

const tones = { succeeded: 'good', failed: 'bad', pending: 'pending', information: 'quiet' } as const;

export function HomeActivity({ home: { events } }: { home: HomeDocument }): ReactNode {
  const words = useWords();
  return (
    <section className="card" aria-labelledby="home-activity">
      <h2 id="home-activity">{words.home.activity}</h2>
      {events.length === 0 ? (
        <p className="empty">{words.home.noActivity}</p>
      ) : (
        <ul className="activity">
          {events.slice(0, 12).map(({ id, at, outcome, computer, computerId, headline, detail }) => (
            <li key={id}>
              <Mark tone={tones[outcome]} word={words.tones[tones[outcome]]} />
              <span className="wrap">
                <Link href={hrefOf(`computers/${encodeURIComponent(computerId)}`)}>
                  <bdi>{computer}</bdi>
                </Link>{' '}
                {headline} {detail && <span className="dim">{detail}</span>}
              </span>
              <span className="dim">
                <Age at={at} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
