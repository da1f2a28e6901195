// The reports as lists: their operation, columns, filters, and the bars of their plot.
import type { Query } from '../api/call.ts';
import type { Severity, Update } from '../api/documents.ts';
import { hrefOf } from '../kit/address.ts';
import { Link } from '../kit/link.tsx';
import { Age } from '../kit/time.tsx';
import { useWords, type Words } from '../kit/words.tsx';
import type { Column, Filter, ListDefinition } from '../list/definition.ts';
import { SeverityText } from './marks.tsx';
import { newestDays, type Part } from './report-plot.tsx';

export type ReportKind = keyof Words['reports']['kinds'];

export interface ReportList<Item> {
  list: ListDefinition<Item>;
  /** Undefined: it has no plot. */
  partsOf?(item: Item): readonly Part[];
  /** The list that the plot shows, if it is not the first page of this one. */
  plotQuery?(query: Query): Query;
  isShare?: boolean;
  isForGroups: boolean;
}

interface ReportedGroup {
  groupId: string;
  group: string;
  computers: number;
  upToDate: number;
  percent?: number;
  needing: number;
  failing: number;
  neverReported: number;
  silent: number;
}

interface Failure {
  code: string;
  name?: string;
  meaning: string;
  finding?: string;
  step?: string;
  computers: number;
  updates: number;
  failures: number;
  lastAt: string;
}

interface Silent {
  computerId: string;
  dnsName: string;
  address: string;
  agentVersion?: string;
  days: number;
  lastContact: string;
  lastReport?: string;
  groups: string[];
}

const group: Filter = { name: 'group', kind: 'group', label: (words) => words.computers.group };
const below: Filter = { name: 'below', kind: 'flag', label: (words) => words.computers.below };
const days: Filter = { name: 'days', kind: 'number', label: (words) => words.reports.silentDays };
const since: Filter = { name: 'since', kind: 'day', label: (words) => words.reports.since };

/** A number is dim where it is 0. */
function amount<Item>(
  name: keyof Item & string,
  label: (words: Words) => string,
  { isBad = false }: { isBad?: boolean } = {},
): Column<Item> {
  return {
    ...{ name, label, width: 'minmax(6.5rem, 1fr)', isNumber: true },
    cell: (item) => {
      const value = Number(item[name] ?? 0);
      return <span className={value === 0 ? 'dim' : isBad ? 'bad' : ''}>{value}</span>;
    },
  };
}

const computers = <Item extends { computers: number }>() =>
  amount<Item>('computers' as keyof Item & string, (words) => words.nav.computers);

const bar =
  <Item,>(name: keyof Item, className: string) =>
  (item: Item): readonly Part[] => [{ amount: Number(item[name]), className }];

const compliance: ListDefinition<ReportedGroup> = {
  operation: 'reportCompliance',
  title: (words) => words.nav.reports,
  empty: (words) => words.reports.empty,
  idOf: ({ groupId }) => groupId,
  filters: [group, below, days],
  columns: [
    {
      ...{ name: 'group', label: (words) => words.reports.group, width: 'minmax(12rem, 4fr)' },
      cell: (one) => (
        <Link href={hrefOf('computers', { group: one.group })} tabIndex={-1}>
          <bdi>{one.group}</bdi>
        </Link>
      ),
    },
    computers(),
    amount('upToDate', (words) => words.reports.upToDate),
    {
      ...{ name: 'percent', label: (words) => words.reports.percent, width: 'minmax(5rem, 1fr)', isNumber: true },
      cell: ({ percent = '–' }) => percent,
    },
    amount('needing', (words) => words.reports.needing),
    amount('failing', (words) => words.reports.failing, { isBad: true }),
    amount('neverReported', (words) => words.reports.neverReported),
    amount('silent', (words) => words.reports.silent),
  ],
};

type ReportedDay = ReportedGroup & { day: string };

const history: ListDefinition<ReportedDay> = {
  operation: 'reportHistory',
  title: (words) => words.nav.reports,
  empty: (words) => words.reports.empty,
  idOf: ({ day, groupId }) => `${day} ${groupId}`,
  filters: [group, { name: 'days', kind: 'number', label: (words) => words.reports.days }],
  columns: [
    {
      ...{ name: 'day', label: (words) => words.reports.day, width: 'minmax(8rem, 2fr)' },
      cell: ({ day }) => day,
    },
    ...(compliance.columns.slice(1) as Column<ReportedGroup>[]),
  ] as Column<ReportedDay>[],
};

type NeededUpdate = Pick<
  Update,
  'updateId' | 'title' | 'articles' | 'classification' | 'importedAt' | 'isSuperseded'
> & {
  severity: Severity;
  needed: number;
  failed: number;
};

const needed: ListDefinition<NeededUpdate> = {
  operation: 'reportNeeded',
  title: (words) => words.nav.reports,
  empty: (words) => words.reports.empty,
  idOf: ({ updateId }) => updateId,
  hrefOf: ({ updateId }) => hrefOf(`updates/${encodeURIComponent(updateId)}`),
  filters: [
    {
      ...{ name: 'severity', kind: 'choice', label: (words) => words.updates.severity },
      choices: ({ severities }) => Object.entries(severities),
    },
    { name: 'classification', kind: 'text', label: (words) => words.updates.classification },
    { name: 'product', kind: 'text', label: (words) => words.updates.product },
    since,
  ],
  columns: [
    {
      ...{ name: 'title', label: (words) => words.updates.title, width: 'minmax(14rem, 6fr)' },
      cell: ({ updateId, title }) => (
        <Link href={hrefOf(`updates/${encodeURIComponent(updateId)}`)} tabIndex={-1}>
          <bdi>{title}</bdi>
        </Link>
      ),
    },
    amount('needed', (words) => words.updates.needed),
    amount('failed', (words) => words.updates.failed, { isBad: true }),
    {
      ...{ name: 'severity', label: (words) => words.updates.severity, width: 'minmax(8.5rem, 1fr)' },
      cell: ({ severity }) => <SeverityText severity={severity} />,
    },
    {
      ...{ name: 'classification', label: (words) => words.updates.classification, width: 'minmax(8rem, 2fr)' },
      isExtra: true,
      cell: ({ classification }) => classification ?? '',
    },
    {
      ...{ name: 'articles', label: () => 'KB', width: 'minmax(6rem, 1fr)' },
      cell: ({ articles }) => articles.join(', '),
    },
    {
      ...{ name: 'imported', label: (words) => words.updates.imported, width: 'minmax(8rem, 1fr)' },
      cell: ({ importedAt }) => <Age at={importedAt} />,
    },
  ],
};

const failed: ListDefinition<Failure> = {
  operation: 'reportFailures',
  title: (words) => words.nav.reports,
  empty: (words) => words.reports.empty,
  idOf: ({ code }) => code,
  filters: [since, group, below],
  columns: [
    {
      ...{ name: 'code', label: (words) => words.reports.code, width: 'minmax(8rem, 1fr)' },
      cell: ({ code }) => <code>{code}</code>,
    },
    computers(),
    { ...amount<Failure>('updates', (words) => words.nav.updates), isExtra: true },
    amount('failures', (words) => words.reports.failures),
    {
      ...{ name: 'meaning', label: (words) => words.reports.meaning, width: 'minmax(12rem, 5fr)' },
      cell: ({ meaning, name }) => <span title={name}>{meaning}</span>,
    },
    {
      ...{ name: 'finding', label: (words) => words.reports.finding, width: 'minmax(13rem, 2fr)' },
      cell: ({ finding }) => finding && <a href={`/docs/findings/${encodeURIComponent(finding)}`}>{finding}</a>,
    },
    {
      ...{ name: 'last', label: (words) => words.reports.last, width: 'minmax(8rem, 1fr)' },
      cell: ({ lastAt }) => <Age at={lastAt} />,
    },
    {
      ...{ name: 'name', label: (words) => words.reports.name, width: 'minmax(12rem, 2fr)', isExtra: true },
      cell: ({ name }) => name ?? '',
    },
    {
      ...{ name: 'step', label: (words) => words.reports.step, width: 'minmax(16rem, 5fr)', isExtra: true },
      cell: ({ step }) => step ?? '',
    },
  ],
};

const silent: ListDefinition<Silent> = {
  operation: 'reportSilent',
  title: (words) => words.nav.reports,
  empty: (words) => words.reports.empty,
  idOf: ({ computerId }) => computerId,
  hrefOf: ({ computerId }) => hrefOf(`computers/${encodeURIComponent(computerId)}`),
  filters: [days, group, below],
  columns: [
    {
      ...{ name: 'name', label: (words) => words.computers.name, width: 'minmax(13rem, 4fr)' },
      cell: ({ computerId, dnsName, address }) => (
        <Link href={hrefOf(`computers/${encodeURIComponent(computerId)}`)} tabIndex={-1}>
          <bdi>{dnsName || address}</bdi>
        </Link>
      ),
    },
    amount('days', (words) => words.reports.days),
    {
      ...{ name: 'contact', label: (words) => words.computers.lastContact, width: 'minmax(8rem, 1fr)' },
      cell: ({ lastContact }) => <Age at={lastContact} />,
    },
    {
      ...{ name: 'report', label: (words) => words.computers.lastReport, width: 'minmax(8rem, 1fr)' },
      cell: ({ lastReport }) => <Age at={lastReport} />,
    },
    {
      ...{ name: 'groups', label: (words) => words.nav.groups, width: 'minmax(9rem, 2fr)' },
      cell: ({ groups }) => <bdi>{groups.join(', ')}</bdi>,
    },
    {
      ...{ name: 'address', label: (words) => words.computers.address, width: 'minmax(7.5rem, 1fr)' },
      cell: ({ address }) => address,
    },
  ],
};

interface CountedAge {
  age: string;
  reported: number;
  seen: number;
}

function WordOfAge({ age }: { age: string }): string {
  return useWords().reports.ages[age] ?? age;
}

const ages: ListDefinition<CountedAge> = {
  operation: 'reportAges',
  title: (words) => words.nav.reports,
  empty: (words) => words.reports.empty,
  idOf: ({ age }) => age,
  filters: [group, below],
  columns: [
    {
      ...{ name: 'age', label: (words) => words.reports.age, width: 'minmax(10rem, 2fr)' },
      cell: ({ age }) => <WordOfAge age={age} />,
    },
    amount('reported', (words) => words.reports.reported),
    amount('seen', (words) => words.reports.seen),
  ],
};

interface CountedSystem {
  system: string;
  version: string;
  computers: number;
}

function NameOrNot({ name }: { name: string }): string {
  const words = useWords();
  return name === '' ? words.reports.notKnown : name;
}

const systems: ListDefinition<CountedSystem> = {
  operation: 'reportSystems',
  title: (words) => words.nav.reports,
  empty: (words) => words.reports.empty,
  idOf: ({ system, version }) => `${system} ${version}`,
  filters: [group, below],
  columns: [
    {
      ...{ name: 'system', label: (words) => words.reports.system, width: 'minmax(13rem, 4fr)' },
      cell: ({ system }) => (
        <bdi>
          <NameOrNot name={system} />
        </bdi>
      ),
    },
    computers(),
    {
      ...{ name: 'version', label: (words) => words.reports.version, width: 'minmax(9rem, 1fr)' },
      cell: ({ version }) => version,
    },
  ],
};

interface CountedAgent {
  generation: 'sus' | 'wsus' | 'unknown';
  version: string;
  computers: number;
}

function WordOfGeneration({ generation }: Pick<CountedAgent, 'generation'>): string {
  return useWords().generations[generation];
}

const agents: ListDefinition<CountedAgent> = {
  operation: 'reportAgents',
  title: (words) => words.nav.reports,
  empty: (words) => words.reports.empty,
  idOf: ({ generation, version }) => `${generation} ${version}`,
  filters: [group, below],
  columns: [
    {
      ...{ name: 'agent', label: (words) => words.reports.agent, width: 'minmax(9rem, 2fr)' },
      cell: ({ generation }) => <WordOfGeneration generation={generation} />,
    },
    {
      ...{ name: 'version', label: (words) => words.reports.version, width: 'minmax(9rem, 2fr)' },
      cell: ({ version }) => version,
    },
    computers(),
  ],
};

interface CountedHours {
  from: number;
  to: number;
  computers: number;
}

function WordsOfHours({ from, to }: Pick<CountedHours, 'from' | 'to'>): string {
  return useWords().reports.fromTo(from, to);
}

const hours: ListDefinition<CountedHours> = {
  operation: 'reportHours',
  title: (words) => words.nav.reports,
  empty: (words) => words.reports.empty,
  idOf: ({ from }) => String(from),
  filters: [group, below],
  columns: [
    {
      ...{ name: 'hours', label: (words) => words.reports.hours, width: 'minmax(9rem, 2fr)' },
      cell: ({ from, to }) => <WordsOfHours from={from} to={to} />,
    },
    computers(),
  ],
};

const partsOfCompliance = (one: ReportedGroup): readonly Part[] => [
  { amount: one.upToDate, className: 'fill-state-installed' },
  { amount: one.computers - one.upToDate - one.neverReported, className: 'fill-state-notInstalled' },
  { amount: one.neverReported, className: 'fill-unknown' },
];

/** In the order of their tabs. */
export const reportLists = {
  compliance: {
    list: compliance,
    isShare: true,
    isForGroups: true,
    partsOf: partsOfCompliance,
  },
  history: { list: history, isShare: true, isForGroups: true, partsOf: partsOfCompliance, plotQuery: newestDays },
  needed: { list: needed, isForGroups: false, partsOf: bar<NeededUpdate>('needed', 'fill-state-notInstalled') },
  failed: { list: failed, isForGroups: true, partsOf: bar<Failure>('computers', 'fill-state-failed') },
  silent: { list: silent, isForGroups: true },
  ages: { list: ages, isForGroups: true, partsOf: bar<CountedAge>('reported', 'fill-wsus') },
  systems: { list: systems, isForGroups: true, partsOf: bar<CountedSystem>('computers', 'fill-wsus') },
  agents: { list: agents, isForGroups: true, partsOf: bar<CountedAgent>('computers', 'fill-wsus') },
  hours: { list: hours, isForGroups: true, partsOf: bar<CountedHours>('computers', 'fill-wsus') },
} as const satisfies { [Kind in ReportKind]: ReportList<never> };
