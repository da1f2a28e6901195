// A new account, and a new token, whose secret is told once.
import { type ReactNode, type SyntheticEvent, useState } from 'react';
import { change } from '../api/changes.ts';
import type { Role } from '../api/documents.ts';
import { say } from '../kit/announce.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { useSession } from '../kit/session.tsx';
import { wordsOf } from '../kit/states.tsx';
import { useWords } from '../kit/words.tsx';

export function AccountDialog({ onClose }: { onClose(): void }): ReactNode {
  const words = useWords();
  const [error, setError] = useState('');
  const add = async (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const name = String(form.get('name'));
    const password = String(form.get('password'));
    try {
      await change('addAccount', { body: { name, role: form.get('role'), ...(password !== '' && { password }) } });
      say(words.accounts.added(name));
      onClose();
    } catch (failed) {
      setError(wordsOf(failed, words));
    }
  };
  return (
    <Dialog title={words.accounts.add} onClose={onClose}>
      <form className="form" onSubmit={(event) => void add(event)}>
        <label>
          {words.session.name}
          <input name="name" required maxLength={64} autoComplete="off" spellCheck={false} />
        </label>
        <RoleField value="reporter" />
        <label>
          {words.accounts.firstPassword}
          <input name="password" type="password" minLength={12} maxLength={512} autoComplete="new-password" />
        </label>
        <Foot error={error} onClose={onClose} />
      </form>
    </Dialog>
  );
}

export function TokenDialog({ onClose }: { onClose(): void }): ReactNode {
  const words = useWords();
  const { account } = useSession();
  const [error, setError] = useState('');
  const [secret, setSecret] = useState('');
  const add = async (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [name, user, role] = [form.get('name'), form.get('user'), form.get('role')];
    try {
      const body = { name, user, role, days: Number(form.get('days')) };
      setSecret((await change<{ secret: string }>('addToken', { body })).secret);
    } catch (failed) {
      setError(wordsOf(failed, words));
    }
  };
  if (secret !== '')
    return (
      <Dialog title={words.accounts.tokenMade} onClose={onClose}>
        <p>{words.accounts.tokenOnce}</p>
        <pre className="lines wrap">{secret}</pre>
        <div className="dialog-foot">
          <button
            type="button"
            onClick={() => void navigator.clipboard?.writeText(secret).then(() => say(words.kit.copied))}
          >
            {words.kit.copy}
          </button>
          <button type="button" className="primary" onClick={onClose}>
            {words.kit.close}
          </button>
        </div>
      </Dialog>
    );
  return (
    <Dialog title={words.accounts.addToken} onClose={onClose}>
      <form className="form" onSubmit={(event) => void add(event)}>
        <label>
          {words.session.name}
          <input name="name" required maxLength={64} autoComplete="off" />
        </label>
        <label>
          {words.accounts.account}
          <input name="user" required maxLength={256} defaultValue={account} autoComplete="off" spellCheck={false} />
        </label>
        <RoleField value="reporter" />
        <label>
          {words.accounts.days}
          <input name="days" type="number" required min={1} max={3650} defaultValue={90} />
        </label>
        <Foot error={error} onClose={onClose} />
      </form>
    </Dialog>
  );
}

function RoleField({ value }: { value: Role }): ReactNode {
  const words = useWords();
  return (
    <label>
      {words.accounts.role}
      <select name="role" defaultValue={value}>
        {(Object.keys(words.roles) as Role[]).map((role) => (
          <option key={role} value={role}>
            {words.roles[role]}
          </option>
        ))}
      </select>
    </label>
  );
}

function Foot({ error, onClose }: { error: string; onClose(): void }): ReactNode {
  const words = useWords();
  return (
    <>
      <p role="alert" className="bad">
        {error}
      </p>
      <div className="dialog-foot">
        <button type="button" onClick={onClose}>
          {words.kit.cancel}
        </button>
        <button type="submit" className="primary">
          {words.kit.save}
        </button>
      </div>
    </>
  );
}
