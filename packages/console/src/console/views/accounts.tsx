// Accounts, tokens and sessions.
import { type ReactNode, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import { call } from '../api/call.ts';
import { change } from '../api/changes.ts';
import type { Role } from '../api/documents.ts';
import { useDoing } from '../kit/doing.ts';
import { useMay } from '../kit/session.tsx';
import { Asked } from '../kit/states.tsx';
import { Age } from '../kit/time.tsx';
import { useWords } from '../kit/words.tsx';
import { AccountDialog, TokenDialog } from './account-dialogs.tsx';
import { ReachDialog } from './account-reach.tsx';
import { SessionTable, type ShownSession } from './session-table.tsx';
import { type ShownToken, TokenTable } from './token-table.tsx';

interface Account {
  accountId: string;
  name: string;
  role: Role;
  isDisabled: boolean;
  hasPassword: boolean;
  groupIds: string[];
  groups: string[];
  loggedOnAt?: string;
}

type Whole<Item> = { items: Item[] };

export default function Accounts(): ReactNode {
  const words = useWords();
  return (
    <>
      <div className="view-head">
        <h1 id="view-title" tabIndex={-1}>
          {words.nav.accounts}
        </h1>
      </div>
      <AccountTable />
      <Tokens />
      <Sessions />
    </>
  );
}

function AccountTable(): ReactNode {
  const words = useWords();
  const mayAdminister = useMay('administer');
  const accounts = useAnswer<Whole<Account>>('listAccounts', {});
  const [isAdding, setIsAdding] = useState(false);
  return (
    <section className="card" aria-labelledby="accounts">
      <div className="card-head">
        <h2 id="accounts">{words.nav.accounts}</h2>
        {mayAdminister && (
          <button type="button" className="primary" onClick={() => setIsAdding(true)}>
            {words.accounts.add}
          </button>
        )}
      </div>
      <Asked kept={accounts}>
        {({ items }) => (
          <div className="scroll">
            <table>
              <thead>
                <tr>
                  <th scope="col">{words.session.name}</th>
                  <th scope="col">{words.accounts.role}</th>
                  <th scope="col">{words.accounts.reach}</th>
                  <th scope="col">{words.accounts.state}</th>
                  <th scope="col">{words.accounts.loggedOn}</th>
                  {mayAdminister && <th scope="col">{words.groups.change}</th>}
                </tr>
              </thead>
              <tbody>
                {items.map((account) => (
                  <tr key={account.accountId}>
                    <th scope="row">
                      <bdi>{account.name}</bdi>
                    </th>
                    <td data-label={words.accounts.role}>
                      {mayAdminister ? <RoleChoice account={account} /> : words.roles[account.role]}
                    </td>
                    <td className="wrap" data-label={words.accounts.reach}>
                      <bdi>{account.groups.join(', ') || words.accounts.wholeServer}</bdi>
                    </td>
                    <td data-label={words.accounts.state}>
                      {account.isDisabled ? words.accounts.disabled : words.accounts.enabled}
                    </td>
                    <td data-label={words.accounts.loggedOn}>
                      <Age at={account.loggedOnAt} />
                    </td>
                    {mayAdminister && (
                      <td>
                        <AccountButtons account={account} />
                      </td>
                    )}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Asked>
      {isAdding && <AccountDialog onClose={() => setIsAdding(false)} />}
    </section>
  );
}

/** The change is for the account as it is now. */
async function changeAccount(name: string, body: object | undefined): Promise<void> {
  const path = { user: name };
  const { etag = '' } = await call('showAccount', { path });
  if (body) await change('changeAccount', { path, ifMatch: etag, body });
  else await change('removeAccount', { path, ifMatch: etag });
}

function RoleChoice({ account: { name, accountId, role } }: { account: Account }): ReactNode {
  const words = useWords();
  const doing = useDoing();
  return (
    <select
      value={role}
      aria-label={words.accounts.roleOf(name)}
      onChange={(event) => {
        const to = event.currentTarget.value as Role;
        doing(() => changeAccount(accountId, { role: to }), words.accounts.changed(name));
      }}
    >
      {(Object.keys(words.roles) as Role[]).map((one) => (
        <option key={one} value={one}>
          {words.roles[one]}
        </option>
      ))}
    </select>
  );
}

function AccountButtons({ account }: { account: Account }): ReactNode {
  const { name, accountId, isDisabled } = account;
  const [isChoosing, setIsChoosing] = useState(false);
  const words = useWords();
  const doing = useDoing();
  const [isSure, setIsSure] = useState(false);
  return (
    <span className="cell-buttons">
      <button type="button" onClick={() => setIsChoosing(true)}>
        {words.accounts.changeReach}
      </button>
      {isChoosing && (
        <ReachDialog
          account={account}
          onSave={(groups) => changeAccount(accountId, { groups })}
          onClose={() => setIsChoosing(false)}
        />
      )}
      <button
        type="button"
        onClick={() => doing(() => changeAccount(accountId, { isDisabled: !isDisabled }), words.accounts.changed(name))}
      >
        {isDisabled ? words.accounts.enable : words.accounts.disable}
      </button>
      {isSure ? (
        <button
          type="button"
          className="danger"
          onClick={() => doing(() => changeAccount(accountId, undefined), words.computers.removed(name))}
        >
          {words.accounts.removeSurely}
        </button>
      ) : (
        <button type="button" onClick={() => setIsSure(true)}>
          {words.computers.remove}
        </button>
      )}
    </span>
  );
}

function Tokens(): ReactNode {
  const words = useWords();
  const mayAdminister = useMay('administer');
  const tokens = useAnswer<Whole<ShownToken>>('listTokens', {});
  const [isAdding, setIsAdding] = useState(false);
  return (
    <section className="card" aria-labelledby="tokens">
      <div className="card-head">
        <h2 id="tokens">{words.accounts.tokens}</h2>
        {mayAdminister && (
          <button type="button" onClick={() => setIsAdding(true)}>
            {words.accounts.addToken}
          </button>
        )}
      </div>
      <Asked kept={tokens}>
        {({ items }) => (
          <TokenTable
            tokens={items}
            none={words.accounts.noTokens}
            revoke={mayAdminister ? 'revokeToken' : undefined}
          />
        )}
      </Asked>
      {isAdding && <TokenDialog onClose={() => setIsAdding(false)} />}
    </section>
  );
}

function Sessions(): ReactNode {
  const mayAdminister = useMay('administer');
  const sessions = useAnswer<Whole<ShownSession>>('listSessions', {});
  return (
    <Asked kept={sessions}>
      {({ items }) => <SessionTable sessions={items} end={mayAdminister ? 'endSession' : undefined} />}
    </Asked>
  );
}
