// My account: its password, its sessions and its tokens.
import { type ReactNode, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import { Refusal } from '../api/call.ts';
import { change } from '../api/changes.ts';
import type { Role } from '../api/documents.ts';
import { say } from '../kit/announce.tsx';
import { FormDialog } from '../kit/form-dialog.tsx';
import { useSession } from '../kit/session.tsx';
import { Asked } from '../kit/states.tsx';
import { Age } from '../kit/time.tsx';
import { useWords } from '../kit/words.tsx';
import { SessionTable, type ShownSession } from './session-table.tsx';
import { type ShownToken, TokenTable } from './token-table.tsx';

interface OwnAccount {
  account: string;
  role: Role;
  hasPassword: boolean;
  loggedOnAt?: string;
  sessions: Omit<ShownSession, 'account'>[];
  tokens: Omit<ShownToken, 'account'>[];
}

export default function MyAccount(): ReactNode {
  const words = useWords();
  const own = useAnswer<OwnAccount>('showOwnAccount', {});
  return (
    <>
      <div className="view-head">
        <h1 id="view-title" tabIndex={-1}>
          {words.nav.account}
        </h1>
      </div>
      <Asked kept={own}>
        {(account) => (
          <>
            <Facts account={account} />
            <SessionTable sessions={account.sessions} end="endOwnSession" />
            <Tokens tokens={account.tokens} />
          </>
        )}
      </Asked>
    </>
  );
}

function Facts({ account: { account, role, hasPassword, loggedOnAt } }: { account: OwnAccount }): ReactNode {
  const words = useWords();
  const { isWholeServer, groups } = useSession();
  const [isChanging, setIsChanging] = useState(false);
  return (
    <section className="card" aria-labelledby="own-facts">
      <div className="card-head">
        <h2 id="own-facts">
          <bdi>{account}</bdi>
        </h2>
        {hasPassword && (
          <button type="button" className="primary" onClick={() => setIsChanging(true)}>
            {words.own.changePassword}
          </button>
        )}
      </div>
      <dl className="facts">
        <div>
          <dt>{words.accounts.role}</dt>
          <dd>{words.roles[role]}</dd>
        </div>
        <div>
          <dt>{words.accounts.reach}</dt>
          <dd>
            <bdi>{isWholeServer ? words.accounts.wholeServer : groups.join(', ')}</bdi>
          </dd>
        </div>
        <div>
          <dt>{words.accounts.loggedOn}</dt>
          <dd>
            <Age at={loggedOnAt} />
          </dd>
        </div>
      </dl>
      {!hasPassword && <p className="dim">{words.own.noPassword}</p>}
      {isChanging && <PasswordDialog account={account} onClose={() => setIsChanging(false)} />}
    </section>
  );
}

function PasswordDialog({ account, onClose }: { account: string; onClose(): void }): ReactNode {
  const words = useWords();
  const save = async (form: FormData) => {
    const [password, newPassword, again] = ['password', 'new', 'again'].map((name) => String(form.get(name) ?? ''));
    if (newPassword !== again) throw new Refusal(422, 'CONSOLE_DIFFERENT', words.setUp.differ);
    await change('changeOwnPassword', { body: { password, newPassword } });
    say(words.own.changedPassword);
  };
  return (
    <FormDialog title={words.own.changePassword} onSave={save} onClose={onClose}>
      {/* For password managers. */}
      <input type="text" name="name" defaultValue={account} autoComplete="username" readOnly hidden />
      <label>
        {words.own.present}
        <input name="password" type="password" required maxLength={512} autoComplete="current-password" />
      </label>
      <label>
        {words.own.next}
        <input name="new" type="password" required minLength={12} maxLength={512} autoComplete="new-password" />
      </label>
      <label>
        {words.setUp.again}
        <input name="again" type="password" required minLength={12} maxLength={512} autoComplete="new-password" />
      </label>
      <p className="dim">{words.own.othersEnd}</p>
    </FormDialog>
  );
}

function Tokens({ tokens }: Pick<OwnAccount, 'tokens'>): ReactNode {
  const words = useWords();
  return (
    <section className="card" aria-labelledby="tokens">
      <h2 id="tokens">{words.accounts.tokens}</h2>
      <TokenTable tokens={tokens} none={words.own.noTokens} revoke="revokeOwnToken" />
    </section>
  );
}
