// moult tokens: secrets for programs. A program with a token calls the API in the name of an account.
import { addToken, listTokens, revokeToken, roles } from '@moult/administration/accounts';
import type { ApiToken, Role } from '@moult/store';
import { type Command, Option } from 'commander';
import { type Column, type ListFlags, listDocument, showList, wholeList, withList } from '../lists.ts';
import { wholeNumber } from '../numbers.ts';
import { present, utc } from '../output.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { administer } from '../server-options.ts';

const columns: readonly Column<ApiToken>[] = [
  { name: 'name', cell: (one) => one.name },
  { name: 'user', cell: (one) => one.account },
  { name: 'role', cell: (one) => one.role },
  { name: 'expires', cell: (one) => one.expiresAt },
  { name: 'last-use', cell: (one) => one.usedAt },
  { name: 'revoked', cell: (one) => one.revokedAt },
  { name: 'created', cell: (one) => one.createdAt, isExtra: true },
  { name: 'id', cell: (one) => one.tokenId },
];

interface AddFlags extends AdministrationFlags {
  user: string;
  role?: Role;
  days: number;
}

export function register(program: Command): void {
  const tokens = program.command('tokens').description('tokens for programs that use the API');
  withList(withServerOptions(tokens.command('list', { isDefault: true })), { limit: 0, columns })
    .description('list tokens, also those that ended')
    .action(list);
  withServerOptions(tokens.command('add').argument('<name>', 'name of the token, to recognise it later'))
    .description('make a token of an account, and print its secret once')
    .requiredOption('--user <name>', 'account of the token')
    .addOption(new Option('--role <role>', 'role of the token. It never may more than its account').choices(roles))
    .addOption(
      new Option('--days <n>', 'number of days until the token ends').argParser(wholeNumber(1, 3650)).default(90),
    )
    .action(add);
  withServerOptions(tokens.command('revoke').argument('<tokens...>', 'names or ids of tokens'))
    .description('revoke tokens')
    .action(revoke);
}

async function list(flags: AdministrationFlags & ListFlags & { json?: true }): Promise<void> {
  showList(wholeList(await administer(flags, listTokens)), flags, columns, ['token', 'tokens']);
}

async function add(name: string, flags: AddFlags): Promise<void> {
  const { user, role, days } = flags;
  const token = await administer(flags, (administration) =>
    addToken(administration, { name, account: user, role, days }),
  );
  console.error(
    `moult: token "${token.name}" of ${token.account}, role ${token.role}, until ${utc(token.expiresAt)}. This is the only time that you see it:`,
  );
  present(token, flags, ({ secret }) => [secret]);
}

async function revoke(named: string[], flags: AdministrationFlags): Promise<void> {
  const revoked = await administer(flags, async (administration) => {
    const tokens: ApiToken[] = [];
    for (const one of named) tokens.push(await revokeToken(administration, one));
    return tokens;
  });
  present(listDocument(wholeList(revoked)), flags, ({ items }) =>
    items.map(({ name, account }) => `Token "${name}" of ${account} is revoked.`),
  );
}
