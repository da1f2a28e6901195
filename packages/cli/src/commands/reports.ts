// moult reports: how far the fleet is, what it lacks, what failed, and who is silent.
import {
  type ReportedDay,
  type ReportedGroup,
  reportAgents,
  reportAges,
  reportCompliance,
  reportFailures,
  reportHistory,
  reportHours,
  reportNeeded,
  reportSilent,
  reportSystems,
  type SilentComputer,
} from '@moult/administration/fleet';
import { type WordsOfCode, wordsOfCode } from '@moult/doctor/words';
import {
  type CountedAge,
  type CountedAgent,
  type CountedFailure,
  type CountedHours,
  type CountedSystem,
  type Page,
  type PagedUpdate,
  type Severity,
  severities,
} from '@moult/store';
import { type Command, Option } from 'commander';
import { type Column, type ListFlags, listOf, showList, withList } from '../lists.ts';
import { wholeNumber } from '../numbers.ts';
import { perform, type RemoteFlags, withRemoteOptions } from '../remote/perform.ts';
import { timeOf } from '../times.ts';

interface ReportFlags extends RemoteFlags, ListFlags {
  json?: true;
  group?: string[];
  below?: true;
}

type SilenceFlags = ReportFlags & { days: number };
type FailureFlags = ReportFlags & { since?: Date };
type NeededFlags = RemoteFlags &
  ListFlags & { json?: true; classification?: string; product?: string; severity?: Severity[]; since?: Date };

export function register(program: Command): void {
  const reports = program
    .command('reports')
    .description('report how far the fleet is, what it lacks, what failed, and who is silent');
  withSilence(inGroups(reports, 'compliance', groupColumns))
    .description('report how many computers of each group are up to date, need updates, failed, or are silent')
    .action(compliance);
  inGroups(reports, 'history', dayColumns)
    .description('report how far groups were on each day. Without a group: All Computers')
    .addOption(new Option('--days <n>', 'so many days, with today').argParser(wholeNumber(1, 3660)).default(90))
    .action(history);
  withList(withRemoteOptions(reports.command('needed')), { limit: 1000, columns: updateColumns })
    .description('report updates that computers need and that are neither approved nor declined, most needed first')
    .option('--classification <name>', 'only updates of this classification, for example "Security Updates"')
    .option('--product <name>', 'only updates for this product or family of products, for example "Windows 11"')
    .addOption(
      new Option('--severity <words>', `only updates with one of these ratings: ${severities.join(', ')}`).argParser(
        listOf('severity', severities) as never,
      ),
    )
    .addOption(new Option('--since <time>', 'only updates that came into the catalog since then').argParser(timeOf))
    .action(needed);
  inGroups(reports, 'failed', failureColumns)
    .description('report failures by their code, with its meaning and what helps')
    .addOption(new Option('--since <time>', 'only failures since then. Without it: of 30 days').argParser(timeOf))
    .action(failed);
  withSilence(inGroups(reports, 'silent', silentColumns))
    .description('report computers without a contact for days, the longest silence first')
    .action(silent);
  inGroups(reports, 'ages', ageColumns)
    .description('report how old the last status reports and the last contacts are')
    .action(ages);
  inGroups(reports, 'systems', systemColumns)
    .description('report computers by system: the feature releases of Windows')
    .action(systems);
  inGroups(reports, 'agents', agentColumns)
    .description('report computers by generation and version of their agent')
    .action(agents);
  inGroups(reports, 'hours', hourColumns)
    .description('report computers by the hours on a day at which they are connected')
    .action(hours);
}

function inGroups(reports: Command, name: string, columns: readonly { name: string }[]): Command {
  return withList(withRemoteOptions(reports.command(name)), { limit: 1000, columns })
    .option(
      '--group <group>',
      'only computers directly in this group. You can give it again',
      (value: string, before: string[] = []) => [...before, value],
    )
    .option('--below', 'with --group: also computers in groups inside of it');
}

function withSilence(command: Command): Command {
  return command.addOption(
    new Option('--days <n>', 'a computer is silent without a contact for so many days')
      .argParser(wholeNumber(1, 36_500))
      .default(30),
  );
}

const groupColumns: readonly Column<ReportedGroup>[] = [
  { name: 'group', cell: (one) => one.group },
  { name: 'computers', cell: (one) => one.computers },
  { name: 'up-to-date', cell: (one) => one.upToDate },
  { name: 'percent', cell: (one) => one.percent },
  { name: 'needing', cell: (one) => one.needing },
  { name: 'failing', cell: (one) => one.failing },
  { name: 'never-reported', cell: (one) => one.neverReported },
  { name: 'silent', cell: (one) => one.silent },
];

async function compliance(flags: SilenceFlags): Promise<void> {
  const { days, limit, cursor } = flags;
  const page = await perform(
    flags,
    (administration) => reportCompliance(administration, { ...groupsIn(flags), days, limit, cursor }),
    (api) => api.list<ReportedGroup>('/reports/compliance', { ...asked(flags), days, limit, cursor }),
  );
  showList(page, flags, groupColumns, ['group', 'groups']);
}

const dayColumns: readonly Column<ReportedDay>[] = [{ name: 'day', cell: (one) => one.day }, ...groupColumns];

async function history(flags: SilenceFlags): Promise<void> {
  const { days, limit, cursor } = flags;
  const page = await perform(
    flags,
    (administration) => reportHistory(administration, { ...groupsIn(flags), days, limit, cursor }),
    (api) => api.list<ReportedDay>('/reports/history', { ...asked(flags), days, limit, cursor }),
  );
  showList(page, flags, dayColumns, ['day of a group', 'days of groups']);
}

const updateColumns: readonly Column<PagedUpdate>[] = [
  { name: 'needed', cell: (one) => one.needed },
  { name: 'failed', cell: (one) => one.failed },
  { name: 'kb', cell: (one) => one.articles.map((article) => `KB${article}`).join(', ') },
  { name: 'severity', cell: (one) => (one.severity === 'unspecified' ? '' : one.severity) },
  { name: 'classification', cell: (one) => one.classification },
  { name: 'superseded', cell: (one) => (one.isSuperseded ? 'yes' : '') },
  { name: 'imported', cell: (one) => one.importedAt, isExtra: true },
  { name: 'title', cell: (one) => one.title },
  { name: 'id', cell: (one) => one.updateId },
];

async function needed(flags: NeededFlags): Promise<void> {
  const { classification, product, severity, since, limit, cursor } = flags;
  const query = { classification, product, limit, cursor };
  const page = await perform(
    flags,
    (administration) => reportNeeded(administration, { ...query, severities: severity, since }),
    (api) => api.list<PagedUpdate>('/reports/needed', { ...query, severity, since: since?.toISOString() }),
  );
  showList(page, flags, updateColumns, ['update', 'updates']);
}

type FailureLine = Omit<CountedFailure, 'code'> & WordsOfCode;

const failureColumns: readonly Column<FailureLine>[] = [
  { name: 'code', cell: (one) => one.code },
  { name: 'computers', cell: (one) => one.computers },
  { name: 'updates', cell: (one) => one.updates },
  { name: 'failures', cell: (one) => one.failures },
  { name: 'last', cell: (one) => one.lastAt },
  { name: 'name', cell: (one) => one.name },
  { name: 'meaning', cell: (one) => one.meaning },
  { name: 'finding', cell: (one) => one.finding },
  { name: 'step', cell: (one) => one.step, isExtra: true },
];

async function failed(flags: FailureFlags): Promise<void> {
  const { since, limit, cursor } = flags;
  const { isCut, ...page } = await perform(
    flags,
    async (administration): Promise<Page<FailureLine> & { isCut: boolean }> => {
      const { at } = administration.author;
      const from = since ?? new Date(at.getTime() - 30 * 86_400_000);
      const found = await reportFailures(administration, { ...groupsIn(flags), since: from, limit, cursor });
      return { ...found, items: found.items.map((one) => ({ ...one, ...wordsOfCode(one.code) })) };
    },
    async (api) => {
      const query = { ...asked(flags), since: since?.toISOString(), limit, cursor };
      const { isCut: isTold } = (await api.get('/reports/failed', { ...query, limit: 1 })) as { isCut: boolean };
      return { ...(await api.list<FailureLine>('/reports/failed', query)), isCut: isTold === true };
    },
  );
  const help = 'What helps: moult doctor --explain FINDING.';
  const below = [...(isCut ? ['Only the newest failures are counted.'] : []), ...(page.total > 0 ? [help] : [])];
  showList(page, flags, failureColumns, ['code', 'codes'], { fields: { isCut }, below });
}

const silentColumns: readonly Column<SilentComputer>[] = [
  { name: 'name', cell: (one) => one.dnsName || '(no name yet)' },
  { name: 'address', cell: (one) => one.address },
  { name: 'days', cell: (one) => one.days },
  { name: 'last-contact', cell: (one) => one.lastContact },
  { name: 'last-report', cell: (one) => one.lastReport },
  { name: 'agent', cell: (one) => one.agentVersion },
  { name: 'groups', cell: (one) => one.groups.join(', ') },
  { name: 'id', cell: (one) => one.computerId },
];

async function silent(flags: SilenceFlags): Promise<void> {
  const { days, limit, cursor } = flags;
  const page = await perform(
    flags,
    (administration) => reportSilent(administration, { ...groupsIn(flags), days, limit, cursor }),
    (api) => api.list<SilentComputer>('/reports/silent', { ...asked(flags), days, limit, cursor }),
  );
  showList(page, flags, silentColumns, ['computer', 'computers']);
}

const wordsOfAge: Readonly<Record<CountedAge['age'], string>> = {
  day: 'a day',
  week: 'a week',
  month: '30 days',
  quarter: '90 days',
  longer: 'longer ago',
  never: 'never',
};

const ageColumns: readonly Column<CountedAge>[] = [
  { name: 'age', heading: 'WITHIN', cell: (one) => wordsOfAge[one.age] },
  { name: 'reported', cell: (one) => one.reported },
  { name: 'seen', cell: (one) => one.seen },
];

async function ages(flags: ReportFlags): Promise<void> {
  const { limit, cursor } = flags;
  const page = await perform(
    flags,
    (administration) => reportAges(administration, { ...groupsIn(flags), limit, cursor }),
    (api) => api.list<CountedAge>('/reports/ages', { ...asked(flags), limit, cursor }),
  );
  showList(page, flags, ageColumns, ['age', 'ages']);
}

const systemColumns: readonly Column<CountedSystem>[] = [
  { name: 'computers', cell: (one) => one.computers },
  { name: 'system', cell: (one) => one.system || '(not known)' },
  { name: 'version', cell: (one) => one.version },
];

async function systems(flags: ReportFlags): Promise<void> {
  const { limit, cursor } = flags;
  const page = await perform(
    flags,
    (administration) => reportSystems(administration, { ...groupsIn(flags), limit, cursor }),
    (api) => api.list<CountedSystem>('/reports/systems', { ...asked(flags), limit, cursor }),
  );
  showList(page, flags, systemColumns, ['system', 'systems']);
}

const agentColumns: readonly Column<CountedAgent>[] = [
  { name: 'computers', cell: (one) => one.computers },
  { name: 'agent', cell: (one) => one.generation },
  { name: 'version', cell: (one) => one.version },
];

async function agents(flags: ReportFlags): Promise<void> {
  const { limit, cursor } = flags;
  const page = await perform(
    flags,
    (administration) => reportAgents(administration, { ...groupsIn(flags), limit, cursor }),
    (api) => api.list<CountedAgent>('/reports/agents', { ...asked(flags), limit, cursor }),
  );
  showList(page, flags, agentColumns, ['version', 'versions']);
}

const hourColumns: readonly Column<CountedHours>[] = [
  { name: 'hours', heading: 'HOURS A DAY', cell: (one) => `${one.from} to ${one.to}` },
  { name: 'computers', cell: (one) => one.computers },
];

async function hours(flags: ReportFlags): Promise<void> {
  const { limit, cursor } = flags;
  const { unknown, ...page } = await perform(
    flags,
    (administration) => reportHours(administration, { ...groupsIn(flags), limit, cursor }),
    async (api) => {
      const { unknown: told } = (await api.get('/reports/hours', asked(flags))) as { unknown: number };
      return { ...(await api.list<CountedHours>('/reports/hours', { ...asked(flags), limit, cursor })), unknown: told };
    },
  );
  const below = unknown > 0 ? [`Not known of ${unknown}: they were here on one day only, or once.`] : [];
  showList(page, flags, hourColumns, ['line', 'lines'], { fields: { unknown }, below });
}

/** As the rules take them. */
function groupsIn({ group, below }: ReportFlags) {
  return { groups: group, below };
}

/** As the API takes them. */
function asked({ group, below }: ReportFlags) {
  return { group, below };
}
