// The first account, by the link that the first start prints. Its secret is behind the # of the address, which browsers send
// to no server.
import { type ReactNode, type SyntheticEvent, useState } from 'react';
import { call, Refusal } from './api/call.ts';
import { go, hrefOf } from './kit/address.ts';
import { say } from './kit/announce.tsx';
import { wordsOf } from './kit/states.tsx';
import { useWords } from './kit/words.tsx';

export function SetUp(): ReactNode {
  const words = useWords();
  const [error, setError] = useState('');
  const [isBusy, setIsBusy] = useState(false);
  const secret = location.hash.slice(1);
  const make = async (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const name = String(form.get('name'));
    const password = String(form.get('password'));
    if (password !== form.get('again')) return setError(words.setUp.differ);
    setIsBusy(true);
    setError('');
    try {
      await call('setUp', { body: { secret, name, password } });
      await call('logOn', { body: { name, password } });
      say(words.setUp.done);
      // The page loads again, without the secret in its address.
      history.replaceState(null, '', hrefOf('set-up'));
      location.reload();
    } catch (failed) {
      const isUsed = failed instanceof Refusal && failed.status === 409;
      setError(isUsed ? words.setUp.used : wordsOf(failed, words));
      setIsBusy(false);
    }
  };
  return (
    <main className="door">
      <h1>{words.setUp.title}</h1>
      {secret === '' ? (
        <>
          <p>{words.setUp.noLink}</p>
          <p>
            <button type="button" onClick={() => go(hrefOf(''))}>
              {words.session.logOn}
            </button>
          </p>
        </>
      ) : (
        <>
          <p>{words.setUp.text}</p>
          <form className="form" onSubmit={(event) => void make(event)}>
            <label>
              {words.session.name}
              <input name="name" autoComplete="username" required maxLength={64} spellCheck={false} />
            </label>
            <label>
              {words.setUp.password}
              <input
                name="password"
                type="password"
                autoComplete="new-password"
                required
                minLength={12}
                maxLength={512}
              />
            </label>
            <label>
              {words.setUp.again}
              <input name="again" type="password" autoComplete="new-password" required minLength={12} maxLength={512} />
            </label>
            <button type="submit" className="primary" disabled={isBusy}>
              {words.setUp.make}
            </button>
            <p role="alert" className="bad">
              {error}
            </p>
          </form>
        </>
      )}
    </main>
  );
}
