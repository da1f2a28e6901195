// The self-update service, port by port, and the agent releases that clients are led to.
import type { HomeDocument, HomePort } from '@moult/server/home-document';
import type { ReactNode } from 'react';
import { Mark } from '../../mark.tsx';
import { Age } from '../kit/time.tsx';
import { useWords } from '../kit/words.tsx';

export function HomeSelfUpdate({ home: { selfUpdate } }: { home: HomeDocument }): ReactNode {
  const words = useWords();
  const tone = selfUpdate.state === 'available' ? 'good' : 'bad';
  return (
    <section className="card" aria-labelledby="home-self-update" id="self-update">
      <h2 id="home-self-update">
        <Mark tone={tone} word={words.tones[tone]} />
        {words.home.selfUpdate.states[selfUpdate.state]}
      </h2>
      <table>
        <thead>
          <tr>
            <th scope="col">{words.home.selfUpdate.port}</th>
            <th scope="col">{words.home.selfUpdate.state}</th>
            <th scope="col">{words.home.selfUpdate.checked}</th>
          </tr>
        </thead>
        <tbody>
          {selfUpdate.ports.map((port) => (
            <Port key={port.port} port={port} />
          ))}
        </tbody>
      </table>
      {selfUpdate.releases.length > 0 && (
        <table>
          <caption>{words.home.selfUpdate.releases}</caption>
          <tbody>
            {selfUpdate.releases.map(({ generation, version, signer }) => (
              <tr key={`${generation} ${version}`}>
                <th scope="row">{words.generations[generation]}</th>
                <td>{version}</td>
                <td className="wrap">{signer}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Port({ port: { port, site, state, checkedAt, fault } }: { port: HomePort }): ReactNode {
  const words = useWords();
  const tone = state === 'available' ? 'good' : state === 'off' ? 'quiet' : 'bad';
  return (
    <>
      <tr>
        <th scope="row">
          {port} <span className="dim">{site}</span>
        </th>
        <td>
          <Mark tone={tone} word={words.tones[tone]} />
          {words.home.selfUpdate.ports[state]}
        </td>
        <td>{checkedAt ? <Age at={checkedAt} /> : '–'}</td>
      </tr>
      {fault && (
        <tr>
          <td colSpan={3}>
            <strong>{fault.headline}</strong> {fault.cause} {fault.remedy}{' '}
            <a href={`/docs/findings/${fault.code}`}>{fault.code}</a>
          </td>
        </tr>
      )}
    </>
  );
}
