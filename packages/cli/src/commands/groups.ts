// moult groups: target groups, a tree under All Computers.
import { addGroup, listGroups, removeGroup, renameGroup } from '@moult/administration';
import type { CountedGroup } from '@moult/store';
import type { Command } from 'commander';
import { type Column, type ListFlags, showList, withList } from '../lists.ts';
import { present } from '../output.ts';
import { type AdministrationFlags, administer, withServerOptions } from '../server-options.ts';

export function register(program: Command): void {
  const groups = program.command('groups').description('list, add, rename and remove computer groups');
  withList(withServerOptions(groups.command('list', { isDefault: true })), { limit: 1000, columns: columnsOf([]) })
    .description('list all groups, with the number of their own computers')
    .option('--search <text>', 'only groups with this text in the name')
    .action(list);
  withServerOptions(groups.command('add').argument('<name>'))
    .description('make a group')
    .option('--parent <group>', 'parent group', 'All Computers')
    .action((name: string, flags: AdministrationFlags & { parent: string }) =>
      change(flags, 'added', (administration) => addGroup(administration, name, flags.parent)),
    );
  withServerOptions(groups.command('rename').argument('<group>').argument('<name>'))
    .description('rename a group. Its approvals stay')
    .action((group: string, name: string, flags: AdministrationFlags) =>
      change(flags, 'renamed', (administration) => renameGroup(administration, group, name)),
    );
  withServerOptions(groups.command('remove').argument('<group>'))
    .description('remove a group. Its computers return to Unassigned Computers')
    .action((group: string, flags: AdministrationFlags) =>
      change(flags, 'removed', (administration) => removeGroup(administration, group)),
    );
}

async function list(flags: AdministrationFlags & ListFlags & { search?: string; json?: true }): Promise<void> {
  const { search, limit, cursor } = flags;
  const [page, all] = await administer(flags, async (administration) => [
    await listGroups(administration, { search, limit, cursor }),
    await administration.store.loadGroups(),
  ]);
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

async function change(
  flags: AdministrationFlags,
  done: string,
  work: Parameters<typeof administer<{ groupId: string; name: string }>>[1],
): Promise<void> {
  const group = await administer(flags, work);
  present(group, flags, ({ name, groupId }) => [`Group "${name}" (${groupId}) is ${done}.`]);
}
