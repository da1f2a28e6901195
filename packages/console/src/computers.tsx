// Computers by generation and version. It shows at a glance which are still SUS clients.
import type { Generation, HomeComputers, HomeDocument, Standing } from '@moult/server/home-document';
import type { ReactNode } from 'react';
import { Mark } from './mark.tsx';
import { Time } from './time.tsx';

const generationWords: Record<Generation, { name: string; meaning: string }> = {
  wsus: { name: 'WSUS client', meaning: 'scans for updates by itself' },
  sus: { name: 'SUS client', meaning: 'self-update comes first: no updates until then' },
  unknown: { name: 'Unknown client', meaning: 'it has not said yet which kind of client it is' },
};

const standingWords: Record<Standing, string> = {
  newest: 'Newest here',
  older: 'Self-update due',
  newer: 'Newer than here',
  windows: 'Windows’ own agent',
  unknown: '',
};

export function Computers({ computers, updates }: Pick<HomeDocument, 'computers' | 'updates'>): ReactNode {
  return (
    <section aria-labelledby="computers-heading" className="card">
      <h2 id="computers-heading">
        {count(computers.total, 'computer')}
        {computers.lastContactAt && (
          <span className="dim aside">
            last contact <Time at={computers.lastContactAt} />
          </span>
        )}
      </h2>
      <div className="pair computers">
        <Share computers={computers} />
        <Versions computers={computers} />
      </div>
      <Identities identities={computers.identities} />
      <p className="dim">
        {count(updates.total, 'update')} in the catalog: {updates.approved.toLocaleString('en')} approved,{' '}
        {updates.declined.toLocaleString('en')} declined.
      </p>
    </section>
  );
}

function Identities({ identities: { shared, changed } }: Pick<HomeComputers, 'identities'>): ReactNode {
  if (shared === 0 && changed === 0) return null;
  return (
    <p className="identities">
      <Mark tone="bad" word="Identities" />
      {shared > 0 && (
        <>
          {count(shared, 'identity', 'identities')} {shared === 1 ? 'is' : 'are'} used by more than one computer:{' '}
          <code>moult computers clones</code> names them.{' '}
        </>
      )}
      {changed > 0 && (
        <>
          {count(changed, 'computer')} changed name, hardware or system within 30 days:{' '}
          <code>moult events --kind identity</code> says how.
        </>
      )}
    </p>
  );
}

function Share({ computers }: { computers: HomeComputers }): ReactNode {
  let left = 0;
  return (
    <div className="share">
      <svg className="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">
        {computers.generations.map(({ generation, computers: amount }) => {
          const width = (100 * amount) / computers.total;
          const bar = <rect key={generation} className={`fill-${generation}`} x={left} width={width} height="8" />;
          left += width;
          return bar;
        })}
      </svg>
      <ul className="legend">
        {computers.generations.map(({ generation, computers: amount }) => (
          <li key={generation}>
            <span className={`swatch swatch-${generation}`} aria-hidden="true" />
            <strong className="big">{amount.toLocaleString('en')}</strong> {generationWords[generation].name}
            {amount === 1 ? '' : 's'} <span className="dim">{generationWords[generation].meaning}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Versions({ computers }: { computers: HomeComputers }): ReactNode {
  const rows = computers.generations.flatMap(({ generation, versions }) =>
    versions.map((version) => ({ generation, ...version })),
  );
  return (
    <table>
      <caption>Computers by agent generation and version</caption>
      <thead>
        <tr>
          <th scope="col">Client</th>
          <th scope="col">Version</th>
          <th scope="col" className="amount">
            Computers
          </th>
          <th scope="col">Standing</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={`${row.generation} ${row.version}`}>
            <th scope="row">
              <span className={`swatch swatch-${row.generation}`} aria-hidden="true" />
              {generationWords[row.generation].name}
            </th>
            <td className="number wrap">
              <bdi>{row.version || 'not known'}</bdi>
            </td>
            <td className="number amount">{row.computers.toLocaleString('en')}</td>
            <td className="dim standing">{standingWords[row.standing]}</td>
          </tr>
        ))}
        {computers.generations.map(
          ({ generation, others }) =>
            others && (
              <tr key={`${generation} others`}>
                <th scope="row">
                  <span className={`swatch swatch-${generation}`} aria-hidden="true" />
                  {generationWords[generation].name}
                </th>
                <td className="dim">and {others.versions.toLocaleString('en')} more</td>
                <td className="number amount">{others.computers.toLocaleString('en')}</td>
                <td className="dim standing" />
              </tr>
            ),
        )}
      </tbody>
    </table>
  );
}

function count(amount: number, what: string, several = `${what}s`): string {
  return `${amount.toLocaleString('en')} ${amount === 1 ? what : several}`;
}
