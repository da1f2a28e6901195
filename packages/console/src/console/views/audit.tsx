// The record of changes by administrators: who, from where, what, before and after.
import type { ReactNode } from 'react';
import { Moment } from '../kit/time.tsx';
import type { ListDefinition } from '../list/definition.ts';
import { ListView } from '../list/list-view.tsx';

interface AuditRecord {
  auditId: number;
  at: string;
  actor: string;
  action: string;
  subject: string;
  subjectName: string;
  before?: unknown;
  after?: unknown;
}

const textOf = (value: unknown) => (value === undefined || value === null ? '' : JSON.stringify(value));

const list: ListDefinition<AuditRecord> = {
  operation: 'listAudit',
  title: (words) => words.nav.audit,
  empty: (words) => words.audit.empty,
  idOf: ({ auditId }) => String(auditId),
  columns: [
    {
      ...{ name: 'action', label: (words) => words.audit.action, width: 'minmax(12rem, 2fr)' },
      cell: ({ action }) => action,
    },
    {
      ...{ name: 'subject', label: (words) => words.audit.subject, width: 'minmax(10rem, 3fr)' },
      cell: ({ subject, subjectName }) => <bdi>{subjectName || subject}</bdi>,
    },
    {
      ...{ name: 'actor', label: (words) => words.decide.by, width: 'minmax(9rem, 2fr)' },
      cell: ({ actor }) => <bdi>{actor}</bdi>,
    },
    {
      ...{ name: 'at', label: (words) => words.decide.at, width: 'minmax(11rem, 1fr)' },
      cell: ({ at }) => <Moment at={at} />,
    },
    {
      ...{ name: 'before', label: (words) => words.events.before, width: 'minmax(7rem, 2fr)' },
      cell: ({ before }) => <code>{textOf(before)}</code>,
    },
    {
      ...{ name: 'after', label: (words) => words.events.after, width: 'minmax(7rem, 2fr)' },
      cell: ({ after }) => <code>{textOf(after)}</code>,
    },
  ],
  filters: [
    { name: 'action', kind: 'text', label: (words) => words.audit.action },
    { name: 'actor', kind: 'text', label: (words) => words.decide.by },
    { name: 'since', kind: 'day', label: (words) => words.events.since },
    { name: 'until', kind: 'day', isEnd: true, label: (words) => words.events.until },
    { name: 'group', kind: 'group', label: (words) => words.computers.group },
    { name: 'computer', kind: 'text', label: (words) => words.events.computer },
    { name: 'update', kind: 'text', label: (words) => words.computers.update },
  ],
};

export default function Audit(): ReactNode {
  return <ListView list={list} />;
}
