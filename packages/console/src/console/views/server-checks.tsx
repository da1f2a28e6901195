// The clock, the certificate and the database of the server.
import type { ReactNode } from 'react';
import { useAnswer } from '../api/cached.ts';
import { change } from '../api/changes.ts';
import { useDoing } from '../kit/doing.ts';
import { useMay } from '../kit/session.tsx';
import { Asked } from '../kit/states.tsx';
import { SureButton } from '../kit/sure-button.tsx';
import { Moment } from '../kit/time.tsx';
import { ViewHead } from '../kit/view-head.tsx';
import { useWords } from '../kit/words.tsx';
import { JobOf, startJob } from './job.tsx';
import { Marked } from './marks.tsx';

interface Clock {
  now: string;
  state: 'right' | 'behind-program' | 'behind-data' | 'ahead';
  headline?: string;
  cause?: string;
  remedy?: string;
}

interface Certificate {
  port: number | 'off';
  source: 'own' | 'files' | 'pfx' | 'off';
  names?: string;
  issuer?: string;
  validTo?: string;
}

export function ServerChecks({ tabs }: { tabs: ReactNode }): ReactNode {
  const words = useWords();
  const mayAdminister = useMay('administer');
  const clock = useAnswer<Clock>('readClock', {});
  const certificate = useAnswer<Certificate>('readTls', {});
  return (
    <>
      <ViewHead
        title={words.settings.tabs.checks}
        at={clock.at}
        again={() => [clock, certificate].forEach(({ again }) => void again())}
      />
      {tabs}
      <div className="columns">
        <section className="card" aria-labelledby="clock">
          <h2 id="clock">{words.settings.clock}</h2>
          <Asked kept={clock}>{(found) => <ClockState clock={found} />}</Asked>
        </section>
        <section className="card" aria-labelledby="tls">
          <h2 id="tls">{words.settings.certificate}</h2>
          <Asked kept={certificate}>{(found) => <CertificateState certificate={found} />}</Asked>
        </section>
        {mayAdminister && <Database />}
      </div>
    </>
  );
}

function ClockState({ clock: { now, state, headline, cause, remedy } }: { clock: Clock }): ReactNode {
  const words = useWords();
  const mayAdminister = useMay('administer');
  return (
    <>
      <p>
        <Marked tone={state === 'right' ? 'good' : 'bad'} text={headline ?? words.settings.clockRight} />{' '}
        <Moment at={now} />
      </p>
      {cause && <p className="wrap">{`${cause} ${remedy ?? ''}`}</p>}
      {state !== 'right' && mayAdminister && (
        <p>
          <SureButton
            label={words.settings.acceptClock}
            title={words.settings.acceptClock}
            text={words.settings.acceptClockText}
            onSure={() => change('acceptClock', { body: { now: new Date().toISOString() } })}
          />
        </p>
      )}
    </>
  );
}

function CertificateState({ certificate }: { certificate: Certificate }): ReactNode {
  const words = useWords();
  const mayAdminister = useMay('administer');
  const { port, source, names, issuer, validTo } = certificate;
  return (
    <>
      <p>{port === 'off' ? words.settings.noTls : words.settings.tlsOn(port, words.settings.sources[source])}</p>
      {names && (
        <p className="wrap">
          <bdi>{names}</bdi> · <bdi>{issuer}</bdi>
        </p>
      )}
      {validTo && (
        <p>
          {words.settings.validTo} <Moment at={validTo} />
        </p>
      )}
      {source === 'own' && mayAdminister && (
        <p>
          <SureButton
            label={words.settings.issue}
            title={words.settings.issue}
            text={words.settings.issueText}
            onSure={() => change('issueCertificate', { body: {} })}
          />
        </p>
      )}
    </>
  );
}

function Database(): ReactNode {
  const words = useWords();
  const doing = useDoing();
  return (
    <section className="card" aria-labelledby="database">
      <h2 id="database">{words.settings.database}</h2>
      <p>{words.settings.databaseText}</p>
      <p>
        <button type="button" onClick={() => doing(() => startJob('checkDatabase', { body: {} }), words.jobs.began)}>
          {words.settings.check}
        </button>
      </p>
      <JobOf operations={['checkDatabase']} />
    </section>
  );
}
