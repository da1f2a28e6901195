// Health of the self-update service, in the words of the WSUS console: without it, no client becomes a WSUS client.
import type { HomeDocument, HomeFault, HomePort, SiteName } from '@moult/server/home-document';
import type { ReactNode } from 'react';
import { Mark } from './mark.tsx';
import { Time } from './time.tsx';

const siteWords: Record<SiteName, string> = {
  main: 'Main site',
  'self-update': 'Self-update site',
  tls: 'Main site, TLS',
};

export function SelfUpdate({ selfUpdate }: { selfUpdate: HomeDocument['selfUpdate'] }): ReactNode {
  const { state, ports, releases, malformedPings } = selfUpdate;
  const faults = ports.flatMap((port) => port.fault ?? []);
  return (
    <section aria-labelledby="self-update-heading" className={`card health health-${state}`}>
      <h2 id="self-update-heading">
        <Mark tone={state === 'available' ? 'good' : 'bad'} />
        {headlineOf(selfUpdate)}
      </h2>
      {faults.map((fault) => (
        <Fault key={fault.headline} fault={fault} named={faults.length > 1 || state === 'not-available'} />
      ))}
      <div className="pair ports">
        <table className="stacked">
          <caption>SelfUpdate service, port by port</caption>
          <thead>
            <tr>
              <th scope="col">Port</th>
              <th scope="col">State</th>
              <th scope="col">What clients ask for first</th>
            </tr>
          </thead>
          <tbody>
            {ports.map((port) => (
              <Port key={`${port.site} ${port.port}`} port={port} />
            ))}
          </tbody>
        </table>
        <Releases releases={releases} />
      </div>
      {malformedPings > 0 && (
        <p className="dim">
          {malformedPings.toLocaleString('en')} request{malformedPings === 1 ? '' : 's'} to <code>/wutrack.bin</code>{' '}
          could not be read as a status ping.
        </p>
      )}
    </section>
  );
}

/** One fault that does not stop everything has the section's headline for its own. */
function headlineOf({ state, ports }: HomeDocument['selfUpdate']): string {
  const [fault, ...others] = ports.flatMap((port) => port.fault ?? []);
  if (state === 'available') return 'The SelfUpdate service is available';
  if (state === 'not-available') return 'The SelfUpdate service is not available';
  return fault && others.length === 0 ? fault.headline : 'The SelfUpdate service is not available on every port';
}

function Port({ port }: { port: HomePort }): ReactNode {
  return (
    <tr>
      <th scope="row">
        <span className="number">{port.port}</span> <span className="dim note">{siteWords[port.site]}</span>
      </th>
      <td className="state">
        {port.state === 'off' ? (
          <span className="dim">Switched off</span>
        ) : (
          <>
            <Mark tone={port.state === 'available' ? 'good' : 'bad'} />
            {port.state === 'available' ? 'Available' : 'Not available'}
          </>
        )}
        {port.checkedAt && port.files.length > 0 && (
          <span className="dim note">
            asked at <Time at={port.checkedAt} />
          </span>
        )}
      </td>
      <td>
        {port.files.length === 0 ? (
          <span className="dim">Not asked</span>
        ) : (
          <ul className="files">
            {port.files.map((file) => (
              <li key={file.path}>
                <code>{file.path}</code> <span className={file.fine ? 'dim' : 'bad'}>{file.answer}</span>
              </li>
            ))}
          </ul>
        )}
      </td>
    </tr>
  );
}

/** `named`: with its own headline, because the section's does not say it already. */
function Fault({ fault, named }: { fault: HomeFault; named: boolean }): ReactNode {
  return (
    <div className="fault">
      {named && <h3>{fault.headline}</h3>}
      <dl>
        <dt>Cause</dt>
        <dd>{fault.cause}</dd>
        <dt>Remedy</dt>
        <dd>{fault.remedy}</dd>
        <dt>In WSUS</dt>
        <dd>
          {fault.wsusEvents.map((event) => (
            <span key={event.id} className="event-id">
              Event {event.id}: “{event.text}”
            </span>
          ))}
          <a href="/docs/self-update-not-available">What to do, step by step</a>
        </dd>
      </dl>
    </div>
  );
}

function Releases({ releases }: { releases: HomeDocument['selfUpdate']['releases'] }): ReactNode {
  if (releases.length === 0) return <p className="dim">The self-update tree holds no agent release yet.</p>;
  return (
    <table>
      <caption>Agent releases in the self-update tree</caption>
      <thead>
        <tr>
          <th scope="col">Client</th>
          <th scope="col">Version</th>
          <th scope="col">Signed by</th>
        </tr>
      </thead>
      <tbody>
        {releases.map((release) => (
          <tr key={`${release.generation} ${release.version}`}>
            <th scope="row">{release.generation === 'sus' ? 'SUS client' : 'WSUS client'}</th>
            <td className="number">{release.version}</td>
            <td className="wrap">{release.signer}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
