// Log on by an issuer of OpenID Connect: the button, and the page that the issuer sends the browser back to.
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useAnswer } from './api/cached.ts';
import { call } from './api/call.ts';
import { hrefOf } from './kit/address.ts';
import { wordsOf } from './kit/states.tsx';
import { useWords } from './kit/words.tsx';

export function IssuerButton(): ReactNode {
  const words = useWords();
  const { document: ways } = useAnswer<{ issuer: string | null }>('showLogOnWays', {});
  const [error, setError] = useState('');
  if (!ways?.issuer) return null;
  const begin = async () => {
    try {
      const { document } = await call<{ location: string }>('beginLogOn', { body: {} });
      if (/^https?:\/\//i.test(document.location)) location.assign(document.location);
    } catch (failed) {
      setError(wordsOf(failed, words));
    }
  };
  return (
    <div className="form">
      <button type="button" onClick={() => void begin()}>
        {words.session.logOnBy(ways.issuer)}
      </button>
      <p role="alert" className="bad">
        {error}
      </p>
    </div>
  );
}

export function IssuerReturn(): ReactNode {
  const words = useWords();
  const [error, setError] = useState('');
  const isBegun = useRef(false);
  useEffect(() => {
    // Once: the issuer's answer works once.
    if (isBegun.current) return;
    isBegun.current = true;
    const { search } = location;
    // The code is gone from the address and from the history at once.
    history.replaceState(null, '', hrefOf(''));
    call('finishLogOn', { body: { search } }).then(
      () => location.reload(),
      (failed) => setError(wordsOf(failed, words)),
    );
  }, [words]);
  return (
    <main className="door">
      <h1>{words.session.logOnTo}</h1>
      {error === '' ? (
        <p>{words.states.loading}</p>
      ) : (
        <>
          <p role="alert" className="bad">
            {error}
          </p>
          <p>
            <a href={hrefOf('')}>{words.session.logOn}</a>
          </p>
        </>
      )}
    </main>
  );
}
