// Updates, and one update.
import type { ReactNode } from 'react';
import type { Update } from '../api/documents.ts';
import { hrefOf } from '../kit/address.ts';
import { Link } from '../kit/link.tsx';
import { useMay } from '../kit/session.tsx';
import { Age } from '../kit/time.tsx';
import type { ListDefinition } from '../list/definition.ts';
import { ListView } from '../list/list-view.tsx';
import { BulkButtons } from './bulk-buttons.tsx';
import { DecideButtons } from './decide-buttons.tsx';
import { JobOf } from './job.tsx';
import { ApprovalMark, SeverityText } from './marks.tsx';
import { UpdateView } from './update.tsx';

const updateHref = ({ updateId }: Update) => hrefOf(`updates/${encodeURIComponent(updateId)}`);

const list: ListDefinition<Update> = {
  operation: 'listUpdates',
  title: (words) => words.nav.updates,
  empty: (words) => words.updates.empty,
  idOf: ({ updateId }) => updateId,
  hrefOf: updateHref,
  sort: { name: 'title', order: 'asc' },
  columns: [
    {
      ...{ name: 'title', label: (words) => words.updates.title, width: 'minmax(14rem, 6fr)', sort: 'title' },
      cell: (update) => (
        <Link href={updateHref(update)} tabIndex={-1}>
          <bdi>{update.title}</bdi>
        </Link>
      ),
    },
    {
      ...{ name: 'approval', label: (words) => words.updates.approval, width: 'minmax(10rem, 1fr)' },
      cell: ({ approval, isExpired }) => <ApprovalMark approval={approval} isExpired={isExpired} />,
    },
    {
      ...{ name: 'severity', label: (words) => words.updates.severity, width: 'minmax(8.5rem, 1fr)' },
      ...{ sort: 'severity', isDescending: true },
      cell: ({ severity }) => <SeverityText severity={severity} />,
    },
    {
      ...{ name: 'needed', label: (words) => words.updates.needed, width: 'minmax(5.5rem, 1fr)', sort: 'needed' },
      ...{ isDescending: true, isNumber: true },
      cell: ({ needed = '–' }) => <span className={Number(needed) > 0 ? '' : 'dim'}>{needed}</span>,
    },
    {
      ...{ name: 'failed', label: (words) => words.updates.failed, width: 'minmax(5.5rem, 1fr)', sort: 'failed' },
      ...{ isDescending: true, isNumber: true },
      cell: ({ failed = '–' }) => <span className={Number(failed) > 0 ? 'bad' : 'dim'}>{failed}</span>,
    },
    {
      ...{ name: 'classification', label: (words) => words.updates.classification, width: 'minmax(8rem, 2fr)' },
      ...{ isExtra: true },
      cell: ({ classification }) => classification ?? '',
    },
    {
      ...{ name: 'articles', label: () => 'KB', width: 'minmax(6rem, 1fr)', isExtra: true },
      cell: ({ articles }) => articles.join(', '),
    },
    {
      ...{ name: 'imported', label: (words) => words.updates.imported, width: 'minmax(8rem, 1fr)', sort: 'imported' },
      ...{ isDescending: true },
      cell: ({ importedAt }) => <Age at={importedAt} />,
    },
    {
      ...{ name: 'products', label: (words) => words.updates.products, width: 'minmax(10rem, 2fr)', isExtra: true },
      cell: ({ products }) => products.join(', '),
    },
    {
      ...{ name: 'groups', label: (words) => words.updates.groups, width: 'minmax(10rem, 2fr)', isExtra: true },
      cell: ({ decisions }) => <bdi>{decisions.map(({ group, action }) => `${group}: ${action}`).join(', ')}</bdi>,
    },
    {
      ...{ name: 'id', label: (words) => words.updates.id, width: 'minmax(20rem, 3fr)', isExtra: true },
      cell: ({ updateId }) => <code>{updateId}</code>,
    },
  ],
  filters: [
    { name: 'search', kind: 'text', label: (words) => words.updates.search, isWide: true },
    { name: 'kb', kind: 'text', label: () => 'KB' },
    {
      ...{ name: 'approval', kind: 'choice', label: (words) => words.updates.approval },
      choices: ({ approvals }) => Object.entries(approvals),
    },
    {
      ...{ name: 'severity', kind: 'choice', label: (words) => words.updates.severity },
      choices: ({ severities }) => Object.entries(severities),
    },
    { name: 'group', kind: 'group', label: (words) => words.updates.approvedFor },
    { name: 'needed', kind: 'flag', label: (words) => words.updates.onlyNeeded },
    { name: 'failed', kind: 'flag', label: (words) => words.updates.onlyFailed },
    {
      ...{ name: 'superseded', kind: 'choice', label: (words) => words.updates.superseded },
      choices: ({ yesNo }) => [
        ['true', yesNo.yes],
        ['false', yesNo.no],
      ],
    },
    {
      ...{ name: 'expired', kind: 'choice', label: (words) => words.updates.expired },
      choices: ({ yesNo }) => [
        ['true', yesNo.yes],
        ['false', yesNo.no],
      ],
    },
    { name: 'classification', kind: 'text', label: (words) => words.updates.classification },
    { name: 'product', kind: 'text', label: (words) => words.updates.product },
    { name: 'newDays', kind: 'number', label: (words) => words.updates.newDays },
  ],
};

export default function Updates({ id }: { id: string | undefined }): ReactNode {
  const mayDecide = useMay('decide');
  if (id !== undefined) return <UpdateView id={id} />;
  if (!mayDecide) return <ListView list={list} />;
  return (
    <ListView
      list={list}
      withSelected={(ids) => <DecideButtons updateIds={ids} />}
      withAll={(total, asked) => <BulkButtons total={total} asked={asked} />}
    >
      <JobOf operations={['approveMatchingUpdates', 'declineMatchingUpdates']} />
    </ListView>
  );
}
