// moult users: accounts of people who administer from elsewhere.
import type { Administration } from '@moult/administration';
import {
  addAccount,
  changeAccount,
  type ListedAccount,
  listAccounts,
  removeAccount,
  roles,
} from '@moult/administration/accounts';
import type { Account, Role } from '@moult/store';
import { type Command, Option } from 'commander';
import { type Column, type ListFlags, listDocument, showList, wholeList, withList } from '../lists.ts';
import { present } from '../output.ts';
import { readSecret } from '../read-secret.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { administer } from '../server-options.ts';
import { UsageError } from '../terminal.ts';

interface PasswordFlags {
  passwordFile?: string;
  /** False by --no-password. */
  password?: boolean;
}

type AddFlags = AdministrationFlags & PasswordFlags & { role: Role; group?: string[] };

const columns: readonly Column<ListedAccount>[] = [
  { name: 'name', cell: (one) => one.name },
  { name: 'role', cell: (one) => one.role },
  { name: 'groups', cell: (one) => one.groups.join(', ') },
  { name: 'state', cell: (one) => (one.isDisabled ? 'disabled' : '') },
  { name: 'origin', cell: (one) => one.issuer ?? 'this server' },
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
    .option('--group <group...>', 'the account reaches these groups only, with all groups inside of them')
    .action((name: string, flags: AddFlags) => add(name, flags));
  withServerOptions(users.command('change').argument('<name>'))
    .description('change the role or the groups of an account. Its sessions end')
    .addOption(new Option('--role <role>', 'what the account may do').choices(roles))
    .option('--group <group...>', 'the account reaches these groups only, with all groups inside of them')
    .addOption(new Option('--whole-server', 'the account reaches all groups').conflicts('group'))
    .action(changeRights);
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

async function changeRights(
  name: string,
  flags: AdministrationFlags & { role?: Role; group?: string[]; wholeServer?: true },
): Promise<void> {
  const { role, wholeServer } = flags;
  const groups = wholeServer ? [] : flags.group;
  if (role === undefined && groups === undefined)
    throw new UsageError('Say what changes: --role, --group or --whole-server.');
  const reach =
    groups === undefined ? undefined : wholeServer ? 'reaches the whole server' : `reaches ${groups.join(', ')}`;
  const done = [role && `has the role ${role}`, reach].filter((one) => one !== undefined).join(' and ');
  await change([name], flags, done, (administration, one) => changeAccount(administration, one, { role, groups }));
}

async function add(name: string, flags: AddFlags): Promise<void> {
  const password = await passwordFor(name, flags);
  const account = await administer(flags, (administration) =>
    addAccount(administration, { name, role: flags.role, password, groups: flags.group }),
  );
  const reach = account.groups.length === 0 ? '' : ` It reaches ${account.groups.join(', ')} only.`;
  present(account, flags, () => [`Account "${account.name}" is added with the role ${account.role}.${reach}`]);
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
