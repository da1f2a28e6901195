// moult groups: target groups, a tree under All Computers.
import { addGroup, removeGroup, renameGroup } from '@moult/administration';
import type { Command } from 'commander';
import { present, table } from '../output.ts';
import { type AdministrationFlags, administer, withServerOptions } from '../server-options.ts';

export function register(program: Command): void {
  const groups = program.command('groups').description('list, add, rename and remove computer groups');
  withServerOptions(groups.command('list', { isDefault: true }))
    .description('list all groups, with the number of their own computers')
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

async function list(flags: AdministrationFlags): Promise<void> {
  const groups = await administer(flags, ({ store }) => store.countGroups());
  const names = new Map(groups.map(({ groupId, name }) => [groupId, name]));
  present(groups, flags, () =>
    table(
      ['GROUP', 'COMPUTERS', 'INSIDE OF', 'ID'],
      groups.map(({ name, computers, parentId, groupId }) => [name, computers, names.get(parentId ?? ''), groupId]),
    ),
  );
}

async function change(
  flags: AdministrationFlags,
  done: string,
  work: Parameters<typeof administer<{ groupId: string; name: string }>>[1],
): Promise<void> {
  const group = await administer(flags, work);
  present(group, flags, ({ name, groupId }) => [`Group "${name}" (${groupId}) is ${done}.`]);
}
