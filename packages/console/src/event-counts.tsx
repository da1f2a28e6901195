// The newest events as counts, for viewers who may not see names, with the reason and the remedy.
import type { HomeDocument, HomeEventKind } from '@moult/server/home-document';
import type { ReactNode } from 'react';

const kindWords: Record<HomeEventKind, string> = {
  'self-update': 'Self-update',
  registration: 'Registration',
  scan: 'Scan',
  download: 'Download',
  install: 'Installation',
  other: 'Other',
};

export function EventCounts({
  eventCounts,
  faults,
  names,
}: Pick<HomeDocument, 'eventCounts' | 'faults' | 'names'>): ReactNode {
  return (
    <section aria-labelledby="events-heading" className="card">
      <h2 id="events-heading">Last events</h2>
      {eventCounts.length === 0 ? (
        <p className="dim">Nothing has happened yet.</p>
      ) : (
        <table>
          <caption>The last events of each kind, counted</caption>
          <thead>
            <tr>
              <th scope="col">Kind</th>
              <th scope="col" className="amount">
                Events
              </th>
              <th scope="col" className="amount">
                Failed
              </th>
            </tr>
          </thead>
          <tbody>
            {eventCounts.map(({ kind, total, failed }) => (
              <tr key={kind}>
                <th scope="row">{kindWords[kind]}</th>
                <td className="number amount">{total.toLocaleString('en')}</td>
                <td className={failed > 0 ? 'number amount bad' : 'number amount'}>{failed.toLocaleString('en')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Faults faults={faults} />
      <WithoutNames names={names} />
    </section>
  );
}

/** All that are kept, not only those among the last events. */
export function Faults({ faults }: Pick<HomeDocument, 'faults'>): ReactNode {
  const all = faults.reduce((sum, { total }) => sum + total, 0);
  if (all === 0) return <p className="dim">No fault is on record.</p>;
  const parts = faults.map(({ kind, total }) => `${total.toLocaleString('en')} ${kindWords[kind].toLowerCase()}`);
  return (
    <p>
      {all.toLocaleString('en')} {all === 1 ? 'fault is' : 'faults are'} on record: {parts.join(', ')}.
    </p>
  );
}

function WithoutNames({ names }: Pick<HomeDocument, 'names'>): ReactNode {
  return (
    <div className="without-names">
      <h3>Names of computers are not shown here</h3>
      {names.for === 'nobody' ? <HiddenByChoice /> : <ShownOnTheServer />}
    </div>
  );
}

function HiddenByChoice(): ReactNode {
  return (
    <p>
      The server was started with <code>--home-names nobody</code>. On the server, <code>moult computers list</code> and{' '}
      <code>moult events</code> show names.
    </p>
  );
}

function ShownOnTheServer(): ReactNode {
  const { protocol, port, hostname } = location;
  const number = port || (protocol === 'https:' ? '443' : '80');
  const local = `${protocol}//localhost:${number}/`;
  return (
    <>
      <p>
        This page has no accounts yet. It shows names, addresses and ids only on the server itself, and not through a
        proxy. Choose one of these ways to see them:
      </p>
      <ul>
        <li>
          On the server, open <code>{local}</code> or run <code>moult events</code>.
        </li>
        <li>
          On another computer, run <code>{`ssh -L ${number}:localhost:${number} ${hostname}`}</code>. Then open{' '}
          <code>{local}</code>.
        </li>
        <li>
          If everybody who can open this page may know the names, start the server with{' '}
          <code>--home-names everybody</code>.
        </li>
      </ul>
      <p>
        <a href="/docs/home-page">Who can see what</a>
      </p>
    </>
  );
}
