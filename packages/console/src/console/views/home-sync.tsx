// Home: the last synchronisation, and the next one.
import type { ReactNode } from 'react';
import { hrefOf } from '../kit/address.ts';
import { Link } from '../kit/link.tsx';
import { numberIn } from '../kit/numbers.ts';
import { Age } from '../kit/time.tsx';
import { useLanguage, useWords } from '../kit/words.tsx';
import { RunState } from './sync-runs.tsx';
import type { SyncDocument } from './sync-state.tsx';

export function HomeSync({ sync: { run, isRunning } }: { sync: SyncDocument }): ReactNode {
  const words = useWords();
  const language = useLanguage();
  return (
    <section className="card" aria-labelledby="home-sync">
      <h2 id="home-sync">
        <Link href={hrefOf('sync')}>{words.nav.sync}</Link>
      </h2>
      {run === undefined ? (
        <p>{words.sync.never}</p>
      ) : (
        <>
          <p>
            <RunState run={run} isRunning={isRunning} /> <Age at={run.endedAt ?? run.startedAt} />
          </p>
          <p className="dim">{`${numberIn(run.added, language)} ${words.sync.counts.added}`}</p>
          {run.error && <p className="bad wrap">{run.error.message}</p>}
        </>
      )}
    </section>
  );
}
