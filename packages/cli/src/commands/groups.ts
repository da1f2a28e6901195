// moult groups: target groups, a tree under All Computers.
import { type Administration, addGroup, listGroups, removeGroups, renameGroup } from '@moult/administration';
import type { CountedGroup } from '@moult/store';
import type { Command } from 'commander';
import { type Column, type ListFlags, listDocument, showList, wholeList, withList } from '../lists.ts';
import { present } from '../output.ts';
import { type AdministrationFlags, administer, withServerOptions } from '../server-options.ts';

export function register(program: Command): void {
  const groups = program.command('groups').description('list, add, rename and remove computer groups');
  withList(withServerOptions(groups.command('list', { isDefault: true })), { limit: 1000, columns: columnsOf([]) })
    .description('list all groups, with the number of their own computers')
    .option('--search <text>', 'only groups with this text in the name')
    .action(list);
  withServerOptions(groups.command('add').argument('<names...>'))
    .description('make groups')
    .option('--parent <group>', 'parent group', 'All Computers')
    .action((names: string[], flags: AdministrationFlags & { parent: string }) =>
      change(flags, 'added', async (administration) => {
        const added: Named[] = [];
        for (const name of names) added.push(await addGroup(administration, name, flags.parent));
        return added;
      }),
    );
  withServerOptions(groups.command('rename').argument('<group>').argument('<name>'))
    .description('rename a group. Its approvals stay')
    .action((group: string, name: string, flags: AdministrationFlags) =>
      change(flags, 'renamed', async (administration) => [await renameGroup(administration, group, name)]),
    );
  withServerOptions(groups.command('remove').argument('<groups...>'))
    .description('remove groups. Their computers return to Unassigned Computers')
    .action((named: string[], flags: AdministrationFlags) =>
      change(flags, 'removed', (administration) => removeGroups(administration, named)),
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

type Named = { groupId: string; name: string };

/** One group alone is answered alone. */
async function change(
  flags: AdministrationFlags,
  done: string,
  work: (administration: Administration) => Promise<Named[]>,
): Promise<void> {
  const groups = await administer(flags, work);
  const lineOf = ({ name, groupId }: Named) => `Group "${name}" (${groupId}) is ${done}.`;
  const [first] = groups;
  if (first && groups.length === 1) return present(first, flags, (one) => [lineOf(one)]);
  present(listDocument(wholeList(groups)), flags, ({ items }) => items.map(lineOf));
}
