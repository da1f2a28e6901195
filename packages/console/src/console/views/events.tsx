// Events: reports of computers, what agents say about their own update, and computers that changed their identity.
import type { ReactNode } from 'react';
import type { Ping, Report } from '../api/documents.ts';
import { hrefOf } from '../kit/address.ts';
import { Link } from '../kit/link.tsx';
import { Age, Moment } from '../kit/time.tsx';
import { useWords } from '../kit/words.tsx';
import type { Column, Filter, ListDefinition } from '../list/definition.ts';
import { ListView } from '../list/list-view.tsx';
import { StepMark } from './marks.tsx';
import { stepOfPing, stepOfReport } from './steps.ts';

interface IdentityChange {
  computerId: string;
  dnsName: string;
  at: string;
  aspect: string;
  before: string;
  after: string;
}

const computerHref = (id: string | undefined) => hrefOf(`computers/${encodeURIComponent(id ?? '')}`);

function computerColumn<Item extends { computerId?: string; dnsName: string }>(): Column<Item> {
  return {
    ...{ name: 'computer', label: (words) => words.computers.name, width: 'minmax(12rem, 2fr)' },
    cell: ({ computerId, dnsName }) =>
      computerId === undefined ? (
        '–'
      ) : (
        <Link href={computerHref(computerId)} tabIndex={-1}>
          <bdi>{dnsName || computerId}</bdi>
        </Link>
      ),
  };
}

const computer: Filter = { name: 'computer', kind: 'text', label: (words) => words.events.computer, isWide: true };
const failed: Filter = { name: 'failed', kind: 'flag', label: (words) => words.events.failed };
const span: readonly Filter[] = [
  { name: 'since', kind: 'day', label: (words) => words.events.since },
  { name: 'until', kind: 'day', isEnd: true, label: (words) => words.events.until },
];

const reports: ListDefinition<Report> = {
  operation: 'listReports',
  title: (words) => words.events.reports,
  empty: (words) => words.home.noActivity,
  idOf: ({ eventId }) => String(eventId),
  hrefOf: ({ computerId }) => computerHref(computerId),
  columns: [
    computerColumn<Report>(),
    {
      ...{ name: 'event', label: (words) => words.events.event, width: 'minmax(14.5rem, 2fr)' },
      cell: (report) => <StepMark step={stepOfReport(report)} />,
    },
    {
      ...{ name: 'update', label: (words) => words.palette.update, width: 'minmax(11rem, 3fr)' },
      cell: ({ updateId, updateTitle }) =>
        updateId === undefined || updateTitle === '' ? (
          ''
        ) : (
          <Link href={hrefOf(`updates/${updateId}`)} tabIndex={-1}>
            <bdi>{updateTitle}</bdi>
          </Link>
        ),
    },
    {
      ...{ name: 'code', label: (words) => words.events.code, width: 'minmax(7rem, 1fr)' },
      cell: (report) => <code>{stepOfReport(report).code}</code>,
    },
    {
      ...{ name: 'received', label: (words) => words.events.received, width: 'minmax(8rem, 1fr)' },
      cell: ({ receivedAt }) => <Age at={receivedAt} />,
    },
    {
      ...{ name: 'happened', label: (words) => words.events.happened, width: 'minmax(11rem, 1fr)', isExtra: true },
      cell: ({ timeAtTarget }) => <Moment at={timeAtTarget} />,
    },
    {
      ...{ name: 'number', label: (words) => words.events.number, width: 'minmax(5rem, 1fr)', isExtra: true },
      ...{ isNumber: true, cell: ({ eventNumber }) => eventNumber },
    },
  ],
  filters: [
    computer,
    { name: 'update', kind: 'text', label: (words) => words.computers.update },
    failed,
    ...span,
    { name: 'event', kind: 'number', label: (words) => words.events.number },
  ],
};

const pings: ListDefinition<Ping> = {
  operation: 'listPings',
  title: (words) => words.events.selfUpdate,
  empty: (words) => words.home.noActivity,
  idOf: ({ eventId }) => String(eventId),
  columns: [
    computerColumn<Ping>(),
    {
      ...{ name: 'event', label: (words) => words.events.event, width: 'minmax(14.5rem, 2fr)' },
      cell: (ping) => <StepMark step={stepOfPing(ping)} />,
    },
    {
      ...{ name: 'text', label: (words) => words.events.text, width: 'minmax(9rem, 3fr)' },
      cell: (ping) => <bdi>{stepOfPing(ping).text}</bdi>,
    },
    {
      ...{ name: 'code', label: (words) => words.events.code, width: 'minmax(7rem, 1fr)' },
      cell: (ping) => <code>{stepOfPing(ping).code}</code>,
    },
    {
      ...{ name: 'received', label: (words) => words.events.received, width: 'minmax(8rem, 1fr)' },
      cell: ({ receivedAt }) => <Age at={receivedAt} />,
    },
    {
      ...{ name: 'address', label: (words) => words.computers.address, width: 'minmax(8rem, 1fr)', isExtra: true },
      cell: ({ address }) => address,
    },
  ],
  filters: [computer, failed, ...span],
};

const identity: ListDefinition<IdentityChange> = {
  operation: 'listIdentityChanges',
  title: (words) => words.events.identity,
  empty: (words) => words.events.noIdentity,
  idOf: ({ computerId, at, aspect }) => `${computerId} ${at} ${aspect}`,
  hrefOf: ({ computerId }) => computerHref(computerId),
  columns: [
    computerColumn<IdentityChange>(),
    {
      ...{ name: 'aspect', label: (words) => words.events.aspect, width: 'minmax(7rem, 1fr)' },
      cell: ({ aspect }) => aspect,
    },
    {
      ...{ name: 'before', label: (words) => words.events.before, width: 'minmax(12rem, 2fr)' },
      cell: ({ before }) => <bdi>{before}</bdi>,
    },
    {
      ...{ name: 'after', label: (words) => words.events.after, width: 'minmax(12rem, 2fr)' },
      cell: ({ after }) => <bdi>{after}</bdi>,
    },
    {
      ...{ name: 'at', label: (words) => words.decide.at, width: 'minmax(8rem, 1fr)' },
      cell: ({ at }) => <Age at={at} />,
    },
  ],
  filters: [computer],
};

export default function Events({ id }: { id: string | undefined }): ReactNode {
  if (id === 'self-update') return <ListView list={pings}>{<Kinds chosen={id} />}</ListView>;
  if (id === 'identity') return <ListView list={identity}>{<Kinds chosen={id} />}</ListView>;
  return <ListView list={reports}>{<Kinds chosen="" />}</ListView>;
}

function Kinds({ chosen }: { chosen: string }): ReactNode {
  const words = useWords();
  const kinds = [
    ['', words.events.reports],
    ['self-update', words.events.selfUpdate],
    ['identity', words.events.identity],
  ] as const;
  return (
    <nav className="kinds" aria-label={words.nav.events}>
      {kinds.map(([name, label]) => (
        <Link key={name} href={hrefOf(name === '' ? 'events' : `events/${name}`)} current={chosen === name}>
          {label}
        </Link>
      ))}
    </nav>
  );
}
