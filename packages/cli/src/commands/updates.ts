// moult updates: which can be approved, which decisions there are, and the states on the computers.

import { type ApprovalState, listUpdates, showUpdate } from '@moult/administration';
import { visibleText } from '@moult/formats/text';
import { type Command, Option } from 'commander';
import { wholeNumber } from '../numbers.ts';
import { moment, present, table } from '../output.ts';
import { type AdministrationFlags, administer, withServerOptions } from '../server-options.ts';

interface ListFlags extends AdministrationFlags {
  approval?: ApprovalState;
  search?: string;
  superseded?: true;
  limit: number;
}

export function register(program: Command): void {
  const updates = program.command('updates').description('list and show updates');
  withServerOptions(updates.command('list', { isDefault: true }))
    .description('list updates with their decisions')
    .addOption(
      new Option('--approval <state>', 'only updates in this state').choices(['approved', 'unapproved', 'declined']),
    )
    .option('--search <text>', 'only updates with this text in the title')
    .option('--superseded', 'only updates that a later update supersedes')
    .addOption(
      new Option('--limit <n>', 'at most this number of lines').argParser(wholeNumber(1, 1_000_000)).default(1000),
    )
    .action(list);
  withServerOptions(updates.command('show').argument('<update>', 'GUID, KB number, or title or a part of it'))
    .description('show one update: decisions by group, and number of computers by state')
    .action(show);
}

async function list(flags: ListFlags): Promise<void> {
  const { search, approval, superseded: isSuperseded, limit } = flags;
  const document = await administer(flags, (administration) =>
    listUpdates(administration, { search, approval, isSuperseded, limit }),
  );
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
  const document = await administer(flags, (administration) => showUpdate(administration, update));
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
