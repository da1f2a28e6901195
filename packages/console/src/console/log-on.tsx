// Log on with name and password.
import { type ReactNode, type SyntheticEvent, useState } from 'react';
import { call, Refusal } from './api/call.ts';
import { IssuerButton } from './issuer.tsx';
import { wordsOf } from './kit/states.tsx';
import { useWords } from './kit/words.tsx';

export function LogOn({ onDone }: { onDone(): Promise<void> }): ReactNode {
  const words = useWords();
  return (
    <main className="door">
      <h1>{words.session.logOnTo}</h1>
      <LogOnForm onDone={onDone} />
      <IssuerButton />
      <p className="dim">{words.session.noAccount}</p>
      <p>
        <a href="/">{words.session.homePage}</a> · <a href="/docs/">{words.nav.docs}</a>
      </p>
    </main>
  );
}

export function LogOnForm({ name, onDone }: { name?: string; onDone(): Promise<void> }): ReactNode {
  const words = useWords();
  const [error, setError] = useState('');
  const [isBusy, setIsBusy] = useState(false);
  const logOn = async (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setIsBusy(true);
    setError('');
    try {
      await call('logOn', { body: { name: form.get('name'), password: form.get('password') } });
      await onDone();
    } catch (failed) {
      const isWrong = failed instanceof Refusal && failed.status === 401;
      const isOften = failed instanceof Refusal && failed.status === 429;
      setError(isWrong ? words.session.wrong : isOften ? words.session.often : wordsOf(failed, words));
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <form className="form" onSubmit={(event) => void logOn(event)}>
      <label>
        {words.session.name}
        <input name="name" autoComplete="username" required maxLength={64} defaultValue={name} spellCheck={false} />
      </label>
      <label>
        {words.session.password}
        <input
          name="password"
          type="password"
          autoComplete="current-password"
          required
          maxLength={1024}
          data-first-focus={name === undefined ? undefined : ''}
        />
      </label>
      <button type="submit" className="primary" disabled={isBusy}>
        {words.session.logOn}
      </button>
      <p role="alert" className="bad">
        {error}
      </p>
    </form>
  );
}
