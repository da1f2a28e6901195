// Sessions: of everybody for administrators, or of the own account.
import type { ReactNode } from 'react';
import { change } from '../api/changes.ts';
import { useDoing } from '../kit/doing.ts';
import { Age } from '../kit/time.tsx';
import { useWords } from '../kit/words.tsx';

export interface ShownSession {
  sessionId: string;
  usedAt: string;
  address: string;
  userAgent: string;
  /** Undefined: all are of one account. */
  account?: string;
  /** The session of this browser, which does not end here. */
  isThis?: boolean;
}

/** `end`: the operation that ends one. Undefined for those who may not. */
export function SessionTable(props: {
  sessions: readonly ShownSession[];
  end: 'endSession' | 'endOwnSession' | undefined;
}): ReactNode {
  const { sessions, end } = props;
  const words = useWords();
  const doing = useDoing();
  const hasAccounts = sessions.some(({ account }) => account !== undefined);
  return (
    <section className="card" aria-labelledby="sessions">
      <h2 id="sessions">{words.accounts.sessions}</h2>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              {hasAccounts && <th scope="col">{words.accounts.account}</th>}
              <th scope="col">{words.computers.address}</th>
              <th scope="col">{words.accounts.browser}</th>
              <th scope="col">{words.accounts.used}</th>
              {end && <th scope="col">{words.groups.change}</th>}
            </tr>
          </thead>
          <tbody>
            {sessions.map(({ sessionId, account, address, userAgent, usedAt, isThis = false }) => (
              <tr key={sessionId}>
                {hasAccounts && (
                  <th scope="row">
                    <bdi>{account}</bdi>
                  </th>
                )}
                {hasAccounts ? <td data-label={words.computers.address}>{address}</td> : <th scope="row">{address}</th>}
                <td className="wrap" data-label={words.accounts.browser}>
                  <bdi>{userAgent}</bdi>
                </td>
                <td data-label={words.accounts.used}>
                  <Age at={usedAt} />
                </td>
                {end && (
                  <td>
                    {isThis ? (
                      words.own.thisOne
                    ) : (
                      <button
                        type="button"
                        onClick={() =>
                          doing(
                            () => change(end, { path: { session: sessionId } }),
                            account === undefined ? words.own.ended : words.accounts.ended(account),
                          )
                        }
                      >
                        {words.accounts.end}
                      </button>
                    )}
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
