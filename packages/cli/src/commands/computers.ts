// moult computers: which there are, in which groups, and which share an identity.

import { listClones, listComputers, removeComputers, setMemberships, showComputer } from '@moult/administration';
import { visibleText } from '@moult/formats/text';
import { type ComputerSort, computerSorts, type PagedComputer, type UpdateState, updateStates } from '@moult/store';
import { type Command, Option } from 'commander';
import {
  type Column,
  endOf,
  type ListFlags,
  listDocument,
  listOf,
  type SortFlags,
  showList,
  withList,
} from '../lists.ts';
import { wholeNumber } from '../numbers.ts';
import { moment, present, table, utc } from '../output.ts';
import { perform, type RemoteFlags, withRemoteOptions } from '../remote/perform.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { administer } from '../server-options.ts';
import { UsageError } from '../terminal.ts';

interface ComputerFlags extends RemoteFlags, ListFlags, SortFlags<ComputerSort> {
  json?: true;
  search?: string;
  group?: string[];
  below?: true;
  agent?: string;
  system?: string;
  needed?: true;
  failed?: true;
  silent?: number;
  update?: string;
  state?: UpdateState[];
}

const states = Object.keys(updateStates) as UpdateState[];

export function register(program: Command): void {
  const computers = program.command('computers').description('list, show, move and remove computers');
  registerList(computers);
  withServerOptions(computers.command('show').argument('<computer>', 'name, address or SusClientId of the computer'))
    .description('show one computer and the state of its updates')
    .addOption(new Option('--state <states>', 'only updates in these states').argParser(listOf('state', states)))
    .addOption(new Option('--limit <n>', 'show this number of updates. 0 for all').argParser(limit).default(1000))
    .option('--cursor <text>', 'show the next page, from the last line of the page before')
    .action(show);
  for (const [name, isMember, what] of [
    ['add-to-group', true, 'add computers to a group'],
    ['remove-from-group', false, 'remove computers from a group'],
  ] as const) {
    withServerOptions(computers.command(name).argument('<names...>', 'one computer or more, and last the group'))
      .description(what)
      .action((names: string[], flags: AdministrationFlags) => move(names, isMember, flags));
  }
  withList(withServerOptions(computers.command('clones')), { limit: 1000, columns: cloneColumns })
    .description('list identities (SusClientId) that several computers share')
    .addOption(new Option('--days <n>', 'seen within so many days').argParser(wholeNumber(1, 36_500)).default(30))
    .action(clones);
  withServerOptions(computers.command('remove').argument('<computers...>', 'names, addresses or SusClientIds'))
    .description('remove computers with their names, events and pings. They return with their next contact')
    .action(remove);
}

const limit = wholeNumber(0, 1_000_000);

function registerList(computers: Command): void {
  withList(withRemoteOptions(computers.command('list', { isDefault: true })), {
    ...{ limit: 1000, columns: columns, sorts: computerSorts },
  })
    .description('list computers')
    .option('--search <text>', 'only computers with this text in the name or address')
    .option('--group <group>', 'only computers directly in this group. You can give it again', collect)
    .option('--below', 'with --group: also computers in groups inside of it')
    .option('--agent <agent>', 'only computers with this agent: sus, wsus, unknown, or the beginning of a version')
    .option('--system <text>', 'only computers with this text in the name of the system, for example "Server 2022"')
    .option('--needed', 'only computers that need an update or wait for a restart')
    .option('--failed', 'only computers on which an update failed')
    .addOption(
      new Option('--silent <days>', 'only computers without a contact for so many days').argParser(
        wholeNumber(1, 36_500),
      ),
    )
    .option('--update <update>', 'show the state of this update: GUID, KB number, or title or a part of it')
    .addOption(
      new Option(
        '--state <states>',
        `only computers with one of these states of the update in --update: ${states.join(', ')}`,
      ).argParser(listOf('state', states)),
    )
    .action(list);
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

const columns: readonly Column<PagedComputer>[] = [
  { name: 'name', cell: (one) => one.dnsName || '(no name yet)' },
  { name: 'address', cell: (one) => one.address },
  { name: 'agent', cell: (one) => [one.agentGeneration, one.agentVersion].filter(Boolean).join(' ') },
  { name: 'system', cell: (one) => one.osName ?? one.osDescription ?? one.osVersion },
  { name: 'state', cell: (one) => one.state },
  { name: 'state-since', cell: (one) => one.stateSince, isExtra: true },
  { name: 'needed', cell: (one) => one.needed },
  { name: 'failed', cell: (one) => one.failed },
  { name: 'last-contact', cell: (one) => one.lastContact },
  { name: 'last-sync', cell: (one) => one.lastSync, isExtra: true },
  { name: 'last-report', cell: (one) => one.lastReport },
  { name: 'groups', cell: (one) => one.groups.join(', ') },
  { name: 'requested-groups', cell: (one) => one.requestedGroups.join(', '), isExtra: true },
  { name: 'identity', cell: (one) => identityOf(one) },
  { name: 'id', cell: (one) => one.computerId },
];

async function list(flags: ComputerFlags): Promise<void> {
  const { search, group, below, agent, system, needed, failed, silent, update, state } = flags;
  if (state && update === undefined) throw new UsageError('--state needs --update: the state of which update?');
  if (below && !group) throw new UsageError('--below needs --group.');
  const { sort, descending, limit: most, cursor } = flags;
  const found = await perform(
    flags,
    (administration) =>
      listComputers(administration, {
        ...{ search, groups: group, below, agent, system, isNeeding: needed, isFailing: failed, silentDays: silent },
        ...{ update, states: state, sort, isDescending: descending, limit: most, cursor },
      }),
    (api) =>
      api.list<PagedComputer>('/computers', {
        ...{ search, group, below, agent, system, needed, failed, silentDays: silent, update, state },
        ...{ sort, order: descending && 'desc', limit: most, cursor },
      }),
  );
  // Without an update it has no state to show.
  const shown = columns.filter(({ name }) => update !== undefined || name !== 'state');
  showList(found, flags, shown, ['computer', 'computers']);
}

async function show(
  computer: string,
  flags: AdministrationFlags & { state?: UpdateState[]; limit: number; cursor?: string },
): Promise<void> {
  const { state, limit: most, cursor } = flags;
  const { updates: page, ...rest } = await administer(flags, (administration) =>
    showComputer(administration, computer, { states: state, limit: most, cursor }),
  );
  const document = { ...rest, updates: listDocument(page) };
  present(document, flags, ({ updates, states: counts, identity, registration, ...found }) => [
    ...(Object.entries({ ...found, ...hardwareIn(registration) }) as [string, unknown][])
      .map(([name, value]) => [name, asText(value)] as const)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => `${name.padEnd(20)} ${visibleText(value)}`),
    `${'updates'.padEnd(20)} ${Object.entries(counts)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ')}`,
    '',
    ...(identity.length === 0 ? [] : [...identityLines(identity, found.sharedAt), '']),
    ...table(
      ['STATE', 'SINCE (UTC)', 'UPDATE', 'ID'],
      updates.items.map(({ state: one, changedAt, title, updateId }) => [
        one,
        moment(changedAt),
        title || '(not in the catalog)',
        updateId,
      ]),
    ),
    endOf(page, flags, ['update with a reported state', 'updates with a reported state']),
  ]);
}

/** The machine's own facts from RegisterComputer. */
function hardwareIn(registration: Record<string, unknown>): Record<string, unknown> {
  const names = ['computerManufacturer', 'computerModel', 'processorArchitecture', 'biosVersion', 'osLocale'] as const;
  return Object.fromEntries(names.map((name) => [name, registration[name]]));
}

interface Marked {
  identityChangedAt: Date | undefined;
  sharedAt: Date | undefined;
}

/** The parts of an identity that an administrator should look at: marks of the last 30 days. */
function identityOf({ identityChangedAt, sharedAt }: Marked): string {
  const since = Date.now() - 30 * 86_400_000;
  if (sharedAt && sharedAt.getTime() >= since) return 'shared';
  return identityChangedAt && identityChangedAt.getTime() >= since ? 'changed' : '';
}

function identityLines(
  changes: readonly { at: Date; aspect: string; before: string; after: string }[],
  sharedAt: Date | undefined,
): string[] {
  const shared = `Two computers used this identity at the same time, last seen ${utc(sharedAt)}. "moult computers clones" shows the names.`;
  return [
    ...(sharedAt ? [shared] : []),
    ...table(
      ['CHANGED (UTC)', 'WHAT', 'BEFORE', 'AFTER'],
      changes.map(({ at, aspect, before, after }) => [moment(at), aspect, before, after]),
    ),
  ];
}

function asText(value: unknown): string {
  if (typeof value === 'number' && value > 0) return String(value);
  if (value instanceof Date) return utc(value);
  if (Array.isArray(value)) return value.join(', ');
  return typeof value === 'string' ? value : '';
}

async function move(names: string[], isMember: boolean, flags: AdministrationFlags): Promise<void> {
  const [computers, group] = [names.slice(0, -1), names.at(-1)];
  if (computers.length === 0 || group === undefined)
    throw new UsageError('Name one computer or more, and last the group.');
  const done = await administer(flags, (administration) =>
    setMemberships(administration, { computers, group, isMember }),
  );
  present(listDocument({ items: done, total: done.length, next: undefined }), flags, ({ items }) =>
    items.map(({ dnsName, group: name }) => `${dnsName} is ${isMember ? 'now' : 'not any more'} in "${name}".`),
  );
}

interface CloneLine {
  computerId: string;
  dnsName: string;
  address: string;
  firstSeen: Date;
  lastSeen: Date;
  timesSeen: number;
}

const cloneColumns: readonly Column<CloneLine>[] = [
  { name: 'id', cell: (one) => one.computerId },
  { name: 'name', cell: (one) => one.dnsName },
  { name: 'address', cell: (one) => one.address },
  { name: 'first-seen', cell: (one) => one.firstSeen },
  { name: 'last-seen', cell: (one) => one.lastSeen },
  { name: 'times', cell: (one) => one.timesSeen },
];

async function clones(flags: AdministrationFlags & ListFlags & { days: number; json?: true }): Promise<void> {
  const { days, limit: most, cursor } = flags;
  const page = await administer(flags, (administration) => listClones(administration, { days, limit: most, cursor }));
  if (flags.json) return showList(page, flags, [], ['', '']);
  const lines = page.items.flatMap(({ computerId, names }) => names.map((one) => ({ computerId, ...one })));
  const counted = ['shared identity', 'shared identities'] as const;
  // The lines of one identity belong together: it is identities that are counted.
  showList({ ...page, items: lines }, flags, cloneColumns, counted, { ends: page });
}

async function remove(computers: string[], flags: AdministrationFlags): Promise<void> {
  const removed = await administer(flags, (administration) => removeComputers(administration, computers));
  present(listDocument({ items: removed, total: removed.length, next: undefined }), flags, ({ items }) =>
    items.map(
      ({ dnsName, computerId, events }) =>
        `${dnsName || 'A computer without a name'} (${computerId}) is forgotten, with ${events} of its events and pings.`,
    ),
  );
}
