// moult events: the reports of computers, the pings of agents about their own update, and the changes of administrators.

import { listAudit, listGroups, listIdentityChanges, listReports, listStatusPings } from '@moult/administration';
import { describeReport, readMiscData } from '@moult/protocol/reporting';
import type { ListedIdentityChange, Page, PagedAuditRecord, PagedPing, PagedReport } from '@moult/store';
import { type Command, Option } from 'commander';
import { type Column, type ListFlags, showList, withList } from '../lists.ts';
import { wholeNumber } from '../numbers.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { administer } from '../server-options.ts';
import { UsageError } from '../terminal.ts';
import { timeOf } from '../times.ts';
import { verifyAudit } from '../verify-audit.ts';

const kinds = ['reports', 'self-update', 'identity', 'audit'] as const;

interface EventFlags extends AdministrationFlags, ListFlags {
  json?: true;
  kind: (typeof kinds)[number];
  computer?: string;
  update?: string;
  group?: string;
  failed?: true;
  event?: number;
  since?: Date;
  until?: Date;
  actor?: string;
  action?: string;
}

export function register(program: Command): void {
  const verb = program.command('events');
  withList(withServerOptions(verb), { limit: 100, columns: everyColumn() })
    .description(
      'list events, newest first: reports, self-update, computers that changed (identity), changes by administrators (audit)',
    )
    .addOption(new Option('--kind <kind>', 'kind of events').choices([...kinds]).default('reports'))
    .option('--computer <computer>', 'only events of this computer: name, address or SusClientId')
    .option('--update <update>', 'only events about this update: GUID, KB number, or title or a part of it')
    .option('--failed', 'only faults')
    .addOption(new Option('--event <number>', 'only reports with this number').argParser(wholeNumber(0, 65_535)))
    .addOption(new Option('--since <time>', 'only events since this time, for example 2026-11-01').argParser(timeOf))
    .addOption(
      new Option('--until <time>', 'only events before this time, for example 2026-11-01T12:00Z').argParser(timeOf),
    )
    .option('--group <group>', 'audit: only changes of this group')
    .option('--actor <name>', 'audit: only changes by this person')
    .option('--action <text>', 'audit: only changes of this kind, for example "approve"')
    .action(events);
  withServerOptions(verb.command('verify'))
    .description('check that every audit record is as Moult wrote it. Exit code 1 if one is not')
    .action(verifyAudit);
}

const onlyFor: Readonly<Record<string, readonly EventFlags['kind'][]>> = {
  update: ['reports', 'audit'],
  failed: ['reports', 'self-update'],
  event: ['reports'],
  since: ['reports', 'self-update', 'audit'],
  until: ['reports', 'self-update', 'audit'],
  group: ['audit'],
  actor: ['audit'],
  action: ['audit'],
};

async function events(flags: EventFlags): Promise<void> {
  for (const [name, allowed] of Object.entries(onlyFor)) {
    if (flags[name as keyof EventFlags] === undefined || allowed.includes(flags.kind)) continue;
    throw new UsageError(`--${name} is for --kind ${allowed.join(' and --kind ')}, not for ${flags.kind}.`);
  }
  if (flags.kind === 'audit') return showAudit(flags);
  if (flags.kind === 'identity') return showIdentityChanges(flags);
  return flags.kind === 'self-update' ? showSelfUpdate(flags) : showReports(flags);
}

/** The part of the query that all kinds of events share. */
function queryOf({ computer, update, failed, since, until, limit, cursor }: EventFlags) {
  return { computer, update, isFailed: failed, since, until, limit, cursor };
}

type ToldReport = Omit<PagedReport, 'miscData'> &
  ReturnType<typeof describeReport> & { miscData: ReturnType<typeof readMiscData> };

const reportColumns: readonly Column<ToldReport>[] = [
  { name: 'time', cell: (one) => one.timeAtTarget },
  { name: 'received', cell: (one) => one.receivedAt, isExtra: true },
  { name: 'computer', cell: (one) => one.dnsName || one.computerId },
  { name: 'event', cell: (one) => one.eventNumber },
  { name: 'what', cell: (one) => one.headline },
  { name: 'result', cell: (one) => hex(one.win32HResult) },
  { name: 'update', cell: (one) => one.updateTitle || one.updateId },
  { name: 'text', cell: (one) => one.replacementStrings.join(' ') },
  { name: 'computer-id', cell: (one) => one.computerId, isExtra: true },
  { name: 'update-id', cell: (one) => one.updateId, isExtra: true },
];

async function showReports(flags: EventFlags): Promise<void> {
  const page = await administer(flags, (administration) =>
    listReports(administration, { ...queryOf(flags), eventNumber: flags.event }),
  );
  const items = page.items.map((event) => ({
    ...event,
    ...describeReport(event.eventNumber, event.win32HResult),
    miscData: readMiscData(event.miscData),
  }));
  showEvents({ ...page, items }, flags, reportColumns);
}

const pingColumns: readonly Column<PagedPing>[] = [
  { name: 'time', cell: (one) => one.occurredAt },
  { name: 'received', cell: (one) => one.receivedAt, isExtra: true },
  { name: 'computer', cell: (one) => one.dnsName || one.computerId },
  { name: 'address', cell: (one) => one.address },
  { name: 'what', cell: (one) => `${one.component} ${one.activity}` },
  { name: 'status', cell: (one) => one.status },
  { name: 'result', cell: (one) => one.resultCode },
  { name: 'agent', cell: (one) => [one.agentGeneration, one.agentVersion].filter(Boolean).join(' ') },
  { name: 'text', cell: (one) => one.item || one.message },
  { name: 'computer-id', cell: (one) => one.computerId, isExtra: true },
];

async function showSelfUpdate(flags: EventFlags): Promise<void> {
  showEvents(
    await administer(flags, (administration) => listStatusPings(administration, queryOf(flags))),
    flags,
    pingColumns,
  );
}

const identityColumns: readonly Column<ListedIdentityChange>[] = [
  { name: 'time', cell: (one) => one.at },
  { name: 'computer', cell: (one) => one.dnsName },
  { name: 'what', cell: (one) => one.aspect },
  { name: 'before', cell: (one) => one.before },
  { name: 'after', cell: (one) => one.after },
  { name: 'id', cell: (one) => one.computerId },
];

async function showIdentityChanges(flags: EventFlags): Promise<void> {
  const page = await administer(flags, (administration) => listIdentityChanges(administration, queryOf(flags)));
  showEvents(page, flags, identityColumns);
}

const auditColumns: readonly Column<PagedAuditRecord>[] = [
  { name: 'time', cell: (one) => one.at },
  { name: 'who', cell: (one) => one.actor },
  { name: 'did', cell: (one) => one.action },
  { name: 'to', cell: (one) => one.subjectName || one.subject },
  { name: 'before', cell: (one) => (one.before === undefined ? '' : JSON.stringify(one.before)) },
  { name: 'after', cell: (one) => (one.after === undefined ? '' : JSON.stringify(one.after)) },
  { name: 'to-id', cell: (one) => one.subject, isExtra: true },
];

async function showAudit(flags: EventFlags): Promise<void> {
  const { group, actor, action } = flags;
  const { page, groups } = await administer(flags, async (administration) => ({
    page: await listAudit(administration, { ...queryOf(flags), group, actor, action }),
    groups: await listGroups(administration, { limit: 0 }),
  }));
  showEvents(flags.json ? page : namingGroups(page, groups.items), flags, auditColumns);
}

/** Names of groups in place of their ids: a group that is removed keeps its id. */
function namingGroups(
  page: Page<PagedAuditRecord>,
  groups: readonly { groupId: string; name: string }[],
): Page<PagedAuditRecord> {
  const names = new Map(groups.map(({ groupId, name }) => [groupId, name]));
  const named = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value), (_key, held: unknown) =>
      typeof held === 'string' ? (names.get(held) ?? held) : held,
    );
  const items = page.items.map((one) => ({
    ...one,
    ...(one.before === undefined ? {} : { before: named(one.before) }),
    ...(one.after === undefined ? {} : { after: named(one.after) }),
  }));
  return { ...page, items };
}

/** Throws UsageError for `--columns` with a column of another kind of events. */
function showEvents<Item>(
  page: Parameters<typeof showList<Item>>[0],
  flags: EventFlags,
  columns: readonly Column<Item>[],
) {
  for (const name of flags.columns ?? []) {
    if (columns.some((column) => column.name === name)) continue;
    const known = columns.map((column) => column.name).join(', ');
    throw new UsageError(`--kind ${flags.kind} has no column "${name}". Known: ${known}.`);
  }
  showList(page, flags, columns, ['event', 'events']);
}

function everyColumn(): { name: string }[] {
  const all = [reportColumns, pingColumns, identityColumns, auditColumns].flat() as { name: string }[];
  return [...new Set(all.map(({ name }) => name))].map((name) => ({ name }));
}

function hex(result: number): string {
  return result === 0 ? '' : `0x${(result >>> 0).toString(16).padStart(8, '0')}`;
}
