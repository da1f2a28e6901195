// moult users: accounts of people who administer from elsewhere.
import type { Administration } from '@moult/administration';
import { addAccount, changeAccount, listAccounts, removeAccount, roles } from '@moult/administration/accounts';
import type { Account, Role } from '@moult/store';
import { type Command, Option } from 'commander';
import { type Column, type ListFlags, listDocument, showList, wholeList, withList } from '../lists.ts';
import { present } from '../output.ts';
import { readSecret } from '../read-secret.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { administer } from '../server-options.ts';

interface PasswordFlags {
  passwordFile?: string;
  /** False by --no-password. */
  password?: boolean;
}

const columns: readonly Column<Account>[] = [
  { name: 'name', cell: (one) => one.name },
  { name: 'role', cell: (one) => one.role },
  { name: 'state', cell: (one) => (one.isDisabled ? 'disabled' : '') },
  { name: 'password', cell: (one) => (one.hasPassword ? 'yes' : 'no') },
  { name: 'created', cell: (one) => one.createdAt },
  { name: 'last-log-on', cell: (one) => one.loggedOnAt },
  { name: 'id', cell: (one) => one.accountId, isExtra: true },
];

export function register(program: Command): void {
  const users = program.command('users').description('accounts that administer this server over its API');
  withList(withServerOptions(users.command('list', { isDefault: true })), { limit: 0, columns })
    .description('list accounts')
    .action(list);
  withPassword(withServerOptions(users.command('add').argument('<name>')))
    .description('make an account')
    .addOption(new Option('--role <role>', 'what the account may do').choices(roles).makeOptionMandatory())
    .action((name: string, flags: AdministrationFlags & PasswordFlags & { role: Role }) => add(name, flags));
  withServerOptions(users.command('change').argument('<name>'))
    .description('change the role of an account. Its sessions end')
    .addOption(new Option('--role <role>', 'what the account may do').choices(roles).makeOptionMandatory())
    .action((name: string, flags: AdministrationFlags & { role: Role }) =>
      change([name], flags, `has the role ${flags.role}`, (administration, one) =>
        changeAccount(administration, one, { role: flags.role }),
      ),
    );
  withPassword(withServerOptions(users.command('password').argument('<name>')))
    .description('set the password of an account. Its sessions end')
    .action(setPassword);
  for (const [verb, isDisabled, what] of [
    ['disable', true, 'disable accounts: they and their tokens can do nothing. Their sessions end'],
    ['enable', false, 'enable disabled accounts'],
  ] as const) {
    withServerOptions(users.command(verb).argument('<names...>'))
      .description(what)
      .action((names: string[], flags: AdministrationFlags) =>
        change(names, flags, `is ${verb}d`, (administration, one) =>
          changeAccount(administration, one, { isDisabled }),
        ),
      );
  }
  withServerOptions(users.command('remove').argument('<names...>'))
    .description('remove accounts with their sessions and tokens')
    .action((names: string[], flags: AdministrationFlags) => change(names, flags, 'is removed', removeAccount));
}

function withPassword(command: Command): Command {
  return command
    .option('--password-file <file>', 'read the password from the first line of this file')
    .option('--no-password', 'without a password: the account can only have tokens');
}

async function list(flags: AdministrationFlags & ListFlags & { json?: true }): Promise<void> {
  const accounts = await administer(flags, listAccounts);
  showList(wholeList(accounts), flags, columns, ['account', 'accounts']);
}

async function add(name: string, flags: AdministrationFlags & PasswordFlags & { role: Role }): Promise<void> {
  const password = await passwordFor(name, flags);
  const account = await administer(flags, (administration) =>
    addAccount(administration, { name, role: flags.role, password }),
  );
  present(account, flags, () => [`Account "${account.name}" is added with the role ${account.role}.`]);
}

async function setPassword(name: string, flags: AdministrationFlags & PasswordFlags): Promise<void> {
  const password = (await passwordFor(name, flags)) ?? null;
  const done = password === null ? 'has no password any more' : 'has a new password';
  await change([name], flags, done, (administration, one) => changeAccount(administration, one, { password }));
}

function passwordFor(name: string, { password, passwordFile }: PasswordFlags): Promise<string | undefined> {
  if (password === false) return Promise.resolve(undefined);
  return readSecret(`Password of ${name}`, passwordFile);
}

/** One account alone is answered alone. */
async function change(
  names: readonly string[],
  flags: AdministrationFlags,
  done: string,
  work: (administration: Administration, name: string) => Promise<Account>,
): Promise<void> {
  const changed = await administer(flags, async (administration) => {
    const accounts: Account[] = [];
    for (const name of names) accounts.push(await work(administration, name));
    return accounts;
  });
  const lineOf = ({ name }: Account) => `Account "${name}" ${done}.`;
  const [first] = changed;
  if (first && changed.length === 1) return present(first, flags, (one) => [lineOf(one)]);
  present(listDocument(wholeList(changed)), flags, ({ items }) => items.map(lineOf));
}
