// moult updates: what can be approved, what was decided, and how it stands on the computers.

import { findUpdate } from '@moult/administration';
import { visibleText } from '@moult/formats/text';
import type { Store, StoredDeployment } from '@moult/store';
import { type Command, Option } from 'commander';
import { wholeNumber } from '../numbers.ts';
import { type AdministrationFlags, administer, withServerOptions } from '../open-server.ts';
import { moment, present, table } from '../output.ts';

interface ListFlags extends AdministrationFlags {
  approval?: 'approved' | 'unapproved' | 'declined';
  search?: string;
  superseded?: true;
  limit: number;
}

export function register(program: Command): void {
  const updates = program.command('updates').description('updates: list, show');
  withServerOptions(updates.command('list', { isDefault: true }))
    .description('updates by title, with what was decided')
    .addOption(new Option('--approval <state>', 'only these').choices(['approved', 'unapproved', 'declined']))
    .option('--search <text>', 'only those whose title holds this')
    .option('--superseded', 'only those that a later update supersedes')
    .addOption(new Option('--limit <n>', 'at most so many').argParser(wholeNumber(1, 1_000_000)).default(1000))
    .action(list);
  withServerOptions(updates.command('show').argument('<update>', 'GUID, KB number, or title or a part of it'))
    .description('one update: decisions by group, states by number of computers')
    .action(show);
}

async function list(flags: ListFlags): Promise<void> {
  const document = await administer(flags, async ({ store }) => {
    const found = await store.listUpdates({ search: flags.search, limit: everything });
    const supersededBy = await store.loadSupersededBy();
    const decisions = Map.groupBy(
      await describeDecisions(store, await store.loadDeployments()),
      ({ updateId }) => updateId,
    );
    return found
      .map(({ updateId, revisionNumber, title, updateType, importedAt, isDeclined }) => {
        const decided = decisions.get(updateId) ?? [];
        const approval = isDeclined ? 'declined' : decided.some(isApproval) ? 'approved' : 'unapproved';
        const isSuperseded = supersededBy.has(updateId);
        return { updateId, revisionNumber, title, updateType, importedAt, approval, isSuperseded, decisions: decided };
      })
      .filter(({ approval }) => flags.approval === undefined || approval === flags.approval)
      .filter(({ isSuperseded }) => flags.superseded === undefined || isSuperseded)
      .slice(0, flags.limit);
  });
  present(document, flags, () =>
    table(
      ['APPROVAL', 'SUPERSEDED', 'DECISIONS', 'TITLE', 'ID'],
      document.map(({ approval, isSuperseded, decisions, title, updateId, revisionNumber }) => [
        approval,
        isSuperseded ? 'yes' : '',
        decisions.map(({ action, group }) => `${action}: ${group}`).join(', '),
        title,
        `${updateId}@${revisionNumber}`,
      ]),
    ),
  );
}

async function show(update: string, flags: AdministrationFlags): Promise<void> {
  const document = await administer(flags, async ({ store }) => {
    const found = await findUpdate(store, update);
    const decisions = await describeDecisions(store, await store.listDeploymentsOf(found.updateId));
    const supersededBy = await namesOf(store, (await store.loadSupersededBy()).get(found.updateId) ?? []);
    return { ...found, supersededBy, decisions, states: await store.countStates(found.updateId) };
  });
  present(document, flags, ({ title, updateId, revisionNumber, isDeclined, supersededBy, decisions, states }) => [
    `${visibleText(title)}${isDeclined ? ' (declined)' : ''}`,
    `${updateId}@${revisionNumber}`,
    ...supersededBy.map((one) => `superseded by ${visibleText(one.title)} (${one.updateId})`),
    '',
    ...table(
      ['GROUP', 'ACTION', 'DEADLINE', 'DECIDED', 'BY'],
      decisions.map((one) => [one.group, one.action, moment(one.deadline), moment(one.changedAt), one.administrator]),
    ),
    '',
    ...table(['STATE', 'COMPUTERS'], Object.entries(states)),
  ]);
}

/** By title, as they are called in their newest revision. */
async function namesOf(store: Store, updateIds: Iterable<string>): Promise<{ updateId: string; title: string }[]> {
  const named: { updateId: string; title: string }[] = [];
  for (const updateId of updateIds) {
    named.push({ updateId, title: (await store.findRevisions(updateId)).at(-1)?.title ?? '' });
  }
  return named.sort((a, b) => a.title.localeCompare(b.title));
}

const everything = 1_000_000;

function isApproval({ action }: { action: string }): boolean {
  return action === 'Install' || action === 'OptionalInstall' || action === 'Uninstall';
}

async function describeDecisions(store: Store, deployments: readonly StoredDeployment[]) {
  const names = new Map((await store.loadGroups()).map(({ groupId, name }) => [groupId, name]));
  return deployments.map(({ updateId, groupId, action, deadline, changedAt, administrator }) => ({
    updateId,
    groupId,
    group: names.get(groupId) ?? groupId,
    action,
    deadline,
    changedAt: new Date(changedAt),
    administrator,
  }));
}
