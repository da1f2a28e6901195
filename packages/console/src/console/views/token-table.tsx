// Tokens: of everybody for administrators, or of the own account.
import type { ReactNode } from 'react';
import { change } from '../api/changes.ts';
import type { Role } from '../api/documents.ts';
import { useDoing } from '../kit/doing.ts';
import { Age, Moment } from '../kit/time.tsx';
import { useWords } from '../kit/words.tsx';

export interface ShownToken {
  tokenId: string;
  name: string;
  role: Role;
  expiresAt: string;
  usedAt?: string;
  revokedAt?: string;
  /** Undefined: all are of one account. */
  account?: string;
}

/** `revoke`: the operation that revokes one. Undefined for those who may not. */
export function TokenTable(props: {
  tokens: readonly ShownToken[];
  none: string;
  revoke: 'revokeToken' | 'revokeOwnToken' | undefined;
}): ReactNode {
  const { tokens, none, revoke } = props;
  const words = useWords();
  const doing = useDoing();
  const hasAccounts = tokens.some(({ account }) => account !== undefined);
  if (tokens.length === 0) return <p className="empty">{none}</p>;
  return (
    <div className="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">{words.session.name}</th>
            {hasAccounts && <th scope="col">{words.accounts.account}</th>}
            <th scope="col">{words.accounts.role}</th>
            <th scope="col">{words.accounts.expires}</th>
            <th scope="col">{words.accounts.used}</th>
            {revoke && <th scope="col">{words.groups.change}</th>}
          </tr>
        </thead>
        <tbody>
          {tokens.map(({ tokenId, name, account, role, expiresAt, usedAt, revokedAt }) => (
            <tr key={tokenId}>
              <th scope="row">
                <bdi>{name}</bdi>
              </th>
              {hasAccounts && (
                <td data-label={words.accounts.account}>
                  <bdi>{account}</bdi>
                </td>
              )}
              <td data-label={words.accounts.role}>{words.roles[role]}</td>
              <td data-label={words.accounts.expires}>
                <Moment at={expiresAt} />
              </td>
              <td data-label={words.accounts.used}>
                <Age at={usedAt} />
              </td>
              {revoke && (
                <td>
                  {revokedAt === undefined ? (
                    <button
                      type="button"
                      onClick={() =>
                        doing(() => change(revoke, { path: { token: tokenId } }), words.accounts.revokedToken(name))
                      }
                    >
                      {words.accounts.revoke}
                    </button>
                  ) : (
                    words.accounts.revoked
                  )}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
