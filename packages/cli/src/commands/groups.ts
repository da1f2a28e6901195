// moult groups: target groups, a tree under All Computers.
import {
  type Administration,
  addGroup,
  listGroups,
  removeGroups,
  renameGroup,
  setTimeZone,
} from '@moult/administration';
import type { CountedGroup } from '@moult/store';
import type { Command } from 'commander';
import { type Column, type ListFlags, listDocument, showList, wholeList, withList } from '../lists.ts';
import { present } from '../output.ts';
import { perform, type RemoteFlags, withRemoteOptions } from '../remote/perform.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { administer } from '../server-options.ts';

export function register(program: Command): void {
  const groups = program.command('groups').description('list, add, rename and remove computer groups');
  withList(withRemoteOptions(groups.command('list', { isDefault: true })), { limit: 1000, columns: columnsOf([]) })
    .description('list all groups, with the number of their own computers')
    .option('--search <text>', 'only groups with this text in the name')
    .action(list);
  withRemoteOptions(groups.command('add').argument('<names...>'))
    .description('make groups')
    .option('--parent <group>', 'parent group', 'All Computers')
    .action((names: string[], flags: RemoteFlags & { parent: string }) => add(names, flags));
  withServerOptions(groups.command('rename').argument('<group>').argument('<name>'))
    .description('rename a group. Its approvals stay')
    .action((group: string, name: string, flags: AdministrationFlags) =>
      change(flags, 'renamed', async (administration) => [await renameGroup(administration, group, name)]),
    );
  withServerOptions(
    groups
      .command('zone')
      .argument('<group>')
      .argument('[zone]', 'as Europe/Berlin. Without one: that of the parent group'),
  )
    .description('set the time zone of a group, for times of day in rules')
    .action(setZone);
  withServerOptions(groups.command('remove').argument('<groups...>'))
    .description('remove groups. Their computers return to Unassigned Computers')
    .action((named: string[], flags: AdministrationFlags) =>
      change(flags, 'removed', (administration) => removeGroups(administration, named)),
    );
}

async function list(flags: RemoteFlags & ListFlags & { search?: string; json?: true }): Promise<void> {
  const { search, limit, cursor } = flags;
  const [page, all] = await perform(
    flags,
    async (administration) => [
      await listGroups(administration, { search, limit, cursor }),
      await administration.store.loadGroups(),
    ],
    async (api) => [
      await api.list<CountedGroup>('/groups', { search, limit, cursor }),
      (await api.list<CountedGroup>('/groups', { limit: 0 })).items,
    ],
  );
  showList(page, flags, columnsOf(all), ['group', 'groups']);
}

function columnsOf(all: readonly { groupId: string; name: string }[]): readonly Column<CountedGroup>[] {
  const names = new Map(all.map(({ groupId, name }) => [groupId, name]));
  return [
    { name: 'group', cell: (one) => one.name },
    { name: 'computers', cell: (one) => one.computers },
    { name: 'inside-of', cell: (one) => names.get(one.parentId ?? '') },
    { name: 'id', cell: (one) => one.groupId },
  ];
}

type Named = { groupId: string; name: string };

async function add(names: readonly string[], flags: RemoteFlags & { parent: string }): Promise<void> {
  const { parent } = flags;
  const groups = await perform(
    flags,
    async (administration) => {
      const added: Named[] = [];
      for (const name of names) added.push(await addGroup(administration, name, parent));
      return added;
    },
    async (api) => {
      const added: Named[] = [];
      for (const name of names) added.push((await api.send('POST', '/groups', { name, parent })) as Named);
      return added;
    },
  );
  tell(groups, flags, 'added');
}

async function setZone(group: string, zone: string | undefined, flags: AdministrationFlags): Promise<void> {
  const found = await administer(flags, (administration) => setTimeZone(administration, group, zone));
  present({ ...found, timeZone: zone }, flags, ({ name }) => [
    `The time zone of group "${name}" is ${zone ?? 'that of its parent group'}.`,
  ]);
}

async function change(
  flags: AdministrationFlags,
  done: string,
  work: (administration: Administration) => Promise<Named[]>,
): Promise<void> {
  tell(await administer(flags, work), flags, done);
}

/** One group alone is answered alone. */
function tell(groups: Named[], flags: AdministrationFlags, done: string): void {
  const lineOf = ({ name, groupId }: Named) => `Group "${name}" (${groupId}) is ${done}.`;
  const [first] = groups;
  if (first && groups.length === 1) present(first, flags, (one) => [lineOf(one)]);
  else present(listDocument(wholeList(groups)), flags, ({ items }) => items.map(lineOf));
}
