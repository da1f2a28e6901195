// The home page, which an administrator sees first. From top to bottom: the health of self-update, the clients, the newest
// events.
import { type ReactNode, useEffect, useState } from 'react';
import { Attention } from './attention.tsx';
import { Computers } from './computers.tsx';
import { EventCounts } from './event-counts.tsx';
import { Events } from './events.tsx';
import { FirstSteps } from './first-steps.tsx';
import { type Feed, followHome } from './home-feed.ts';
import { News } from './news.tsx';
import { PageFooter } from './page-footer.tsx';
import { PageHeader } from './page-header.tsx';
import { SelfUpdate } from './self-update.tsx';
import { ClockContext, type ClockSetting, Time } from './time.tsx';

export function App(): ReactNode {
  const [feed, setFeed] = useState<Feed>({ home: undefined, connection: 'connecting' });
  const [clock, setClock] = useState<ClockSetting>('local');
  useEffect(() => followHome(setFeed), []);
  const { home, connection } = feed;
  useEffect(() => {
    document.title = titleOf(feed);
  }, [feed]);

  return (
    <ClockContext value={clock}>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <PageHeader home={home} connection={connection} clock={clock} onClock={setClock} />
      <main id="main" tabIndex={-1}>
        <h1 className="visually-hidden">Moult update server</h1>
        {connection === 'lost' && <Lost since={home?.generatedAt} />}
        {home ? <Facts home={home} /> : connection !== 'lost' && <p className="plain">Reading the server’s state…</p>}
      </main>
      {home && <PageFooter home={home} />}
      <News home={home} />
    </ClockContext>
  );
}

/** A tab among many tells a fault too. */
function titleOf({ home, connection }: Feed): string {
  if (connection === 'lost') return 'No connection – Moult';
  return home && home.selfUpdate.state !== 'available' ? 'SelfUpdate not available – Moult' : 'Moult';
}

function Facts({ home }: { home: NonNullable<Feed['home']> }): ReactNode {
  return (
    <>
      {home.notices.map((notice) => (
        <Notice key={notice.headline} notice={notice} />
      ))}
      <SelfUpdate selfUpdate={home.selfUpdate} />
      {home.computers.total === 0 ? (
        <FirstSteps />
      ) : (
        <>
          <Attention attention={home.computers.attention} />
          <Computers computers={home.computers} updates={home.updates} />
        </>
      )}
      {home.names.shown ? (
        <Events events={home.events} faults={home.faults} />
      ) : (
        <EventCounts eventCounts={home.eventCounts} faults={home.faults} names={home.names} />
      )}
    </>
  );
}

function Notice({ notice }: { notice: NonNullable<Feed['home']>['notices'][number] }): ReactNode {
  return (
    <div className="notice notice-bad" role="alert">
      <h2>{notice.headline}</h2>
      <p>{notice.cause}</p>
      <p>{notice.remedy}</p>
    </div>
  );
}

function Lost({ since: at }: { since: string | undefined }): ReactNode {
  return (
    <div className="notice notice-bad" role="alert">
      <h2>The server does not answer</h2>
      <p>
        {at ? (
          <>
            What you see is the state of <Time at={at} />.{' '}
          </>
        ) : null}
        This page keeps trying by itself. If it stays so, look whether <code>moult serve</code> runs.
      </p>
    </div>
  );
}
