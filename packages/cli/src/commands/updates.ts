// moult updates: which can be approved, which decisions there are, and the states on the computers. One can be imported.

import { type ApprovalState, type ListedUpdate, listUpdates, showUpdate } from '@moult/administration';
import { visibleText } from '@moult/formats/text';
import { type Severity, severities, type UpdateSort, updateSorts } from '@moult/store';
import { type Command, Option } from 'commander';
import { actionWord } from '../decision-words.ts';
import { type Column, type ListFlags, listOf, type SortFlags, showList, withList } from '../lists.ts';
import { wholeNumber } from '../numbers.ts';
import { moment, present, table } from '../output.ts';
import { perform, type RemoteFlags, withRemoteOptions } from '../remote/perform.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { administer } from '../server-options.ts';
import { registerImport } from './updates-import.ts';

interface UpdateFlags extends RemoteFlags, ListFlags, SortFlags<UpdateSort> {
  json?: true;
  search?: string;
  kb?: string;
  classification?: string;
  product?: string;
  severity?: Severity[];
  approval?: ApprovalState;
  group?: string;
  superseded?: boolean;
  expired?: boolean;
  needed?: true;
  failed?: true;
  new?: number;
}

export function register(program: Command): void {
  const updates = program.command('updates').description('list, show and import updates');
  withList(withRemoteOptions(updates.command('list', { isDefault: true })), {
    ...{ limit: 1000, columns, sorts: updateSorts },
  })
    .description('list updates with their decisions, and the number of computers that need them')
    .option('--search <text>', 'only updates with this text in the title')
    .option('--kb <number>', 'only updates of this KB article, for example KB5034441')
    .option('--classification <name>', 'only updates of this classification, for example "Security Updates"')
    .option('--product <name>', 'only updates for this product or family of products, for example "Windows 11"')
    .addOption(
      new Option('--severity <words>', `only updates with one of these ratings: ${severities.join(', ')}`).argParser(
        listOf('severity', severities) as never,
      ),
    )
    .addOption(
      new Option('--approval <state>', 'only updates in this state').choices(['approved', 'unapproved', 'declined']),
    )
    .option('--group <group>', 'only updates that are approved for this group itself')
    .option('--superseded', 'only updates that a later update supersedes')
    .option('--no-superseded', 'only updates that no later update supersedes')
    .option('--expired', 'only updates that their publisher expired')
    .option('--no-expired', 'only updates that their publisher did not expire')
    .option('--needed', 'only updates that some computer needs')
    .option('--failed', 'only updates that failed on some computer')
    .addOption(
      new Option('--new <days>', 'only updates that came within so many days').argParser(wholeNumber(1, 36_500)),
    )
    .action(list);
  registerImport(updates);
  withServerOptions(updates.command('show').argument('<update>', 'GUID, KB number, or title or a part of it'))
    .description('show one update: decisions by group, and number of computers by state')
    .action(show);
}

const columns: readonly Column<ListedUpdate>[] = [
  { name: 'approval', cell: (one) => one.approval },
  { name: 'superseded', cell: (one) => (one.isSuperseded ? 'yes' : '') },
  { name: 'expired', cell: (one) => (one.isExpired ? 'yes' : '') },
  { name: 'needed', cell: (one) => one.needed },
  { name: 'failed', cell: (one) => one.failed },
  { name: 'kb', cell: (one) => one.articles.map((article) => `KB${article}`).join(', ') },
  { name: 'severity', cell: (one) => (one.severity === 'unspecified' ? '' : one.severity) },
  { name: 'classification', cell: (one) => one.classification },
  { name: 'products', cell: (one) => one.products.join(', '), isExtra: true },
  { name: 'imported', cell: (one) => one.importedAt, isExtra: true },
  { name: 'type', cell: (one) => one.updateType, isExtra: true },
  {
    name: 'decisions',
    cell: (one) => one.decisions.map(({ action, group }) => `${actionWord(action)}: ${group}`).join(', '),
  },
  { name: 'title', cell: (one) => one.title },
  { name: 'id', cell: (one) => `${one.updateId}@${one.revisionNumber}` },
];

async function list(flags: UpdateFlags): Promise<void> {
  const { search, kb, classification, product, severity, approval, group, superseded, expired, needed, failed } = flags;
  const { new: newDays, sort, descending, limit, cursor } = flags;
  const page = await perform(
    flags,
    (administration) =>
      listUpdates(administration, {
        ...{ search, article: kb, classification, product, severities: severity, approval, group },
        ...{ isSuperseded: superseded, isExpired: expired, isNeeded: needed, isFailed: failed, newDays },
        ...{ sort, isDescending: descending, limit, cursor },
      }),
    (api) =>
      api.list<ListedUpdate>('/updates', {
        ...{ search, kb, classification, product, severity, approval, group, superseded, expired, needed },
        ...{ failed, newDays },
        ...{ sort, order: descending && 'desc', limit, cursor },
      }),
  );
  showList(page, flags, columns, ['update', 'updates']);
}

async function show(update: string, flags: AdministrationFlags): Promise<void> {
  const document = await administer(flags, (administration) => showUpdate(administration, update));
  present(
    document,
    flags,
    ({ title, updateId, revisionNumber, isDeclined, isExpired, supersededBy, decisions, states }) => [
      `${visibleText(title)}${isDeclined ? ' (declined)' : ''}`,
      `${updateId}@${revisionNumber}`,
      ...(isExpired ? ['expired by its publisher: no computer is offered it, and it cannot be approved'] : []),
      ...supersededBy.map((one) => `superseded by ${visibleText(one.title)} (${one.updateId})`),
      '',
      ...table(
        ['GROUP', 'ACTION', 'DEADLINE (UTC)', 'DECIDED (UTC)', 'BY'],
        decisions.map((one) => [
          one.group,
          actionWord(one.action),
          moment(one.deadline),
          moment(one.changedAt),
          one.administrator,
        ]),
      ),
      '',
      ...table(['STATE', 'COMPUTERS'], Object.entries(states)),
      `moult computers list --update ${updateId} --state failed shows the computers in a state.`,
    ],
  );
}
