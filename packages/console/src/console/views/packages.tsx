// Packages in the catalogs of vendors, and updates that wait for others.
import { type ReactNode, useState } from 'react';
import { goWith } from '../kit/address.ts';
import { say } from '../kit/announce.tsx';
import { FormDialog } from '../kit/form-dialog.tsx';
import { Size } from '../kit/size.tsx';
import { useWords } from '../kit/words.tsx';
import type { ListDefinition } from '../list/definition.ts';
import { type ChosenGroup, GroupPicker } from './group-picker.tsx';
import { startJob } from './job.tsx';
import { Marked } from './marks.tsx';

interface Package {
  packageId: string;
  catalog: string;
  title: string;
  vendor: string;
  product: string;
  classification: string;
  reboot: string;
  sizeBytes: number;
  code: string;
  reason: string;
  publishedRevision?: number;
}

interface Waiting {
  update: string;
  code: string;
  message: string;
}

function PackageState({ one: { code, reason, publishedRevision } }: { one: Package }): ReactNode {
  const words = useWords();
  if (code !== '') return <Marked tone="bad" text={reason} />;
  if (publishedRevision === undefined) return <Marked tone="quiet" text={words.catalogs.notPublished} />;
  return <Marked tone="good" text={words.catalogs.published} />;
}

export const packages: ListDefinition<Package> = {
  operation: 'listPackages',
  title: (words) => words.catalogs.tabs.packages,
  empty: (words) => words.catalogs.noPackages,
  idOf: ({ packageId }) => packageId,
  columns: [
    {
      ...{ name: 'title', label: (words) => words.updates.title, width: 'minmax(14rem, 5fr)' },
      cell: ({ title }) => <bdi>{title}</bdi>,
    },
    {
      ...{ name: 'state', label: (words) => words.content.state, width: 'minmax(10rem, 2fr)' },
      cell: (one) => <PackageState one={one} />,
    },
    {
      ...{ name: 'vendor', label: (words) => words.catalogs.vendor, width: 'minmax(7rem, 1fr)' },
      cell: ({ vendor }) => <bdi>{vendor}</bdi>,
    },
    {
      ...{ name: 'size', label: (words) => words.content.size, width: 'minmax(6rem, 1fr)', isNumber: true },
      cell: ({ sizeBytes }) => <Size bytes={sizeBytes} />,
    },
    {
      ...{ name: 'product', label: (words) => words.updates.product, width: 'minmax(8rem, 2fr)', isExtra: true },
      cell: ({ product }) => <bdi>{product}</bdi>,
    },
    {
      ...{ name: 'catalog', label: (words) => words.catalogs.name, width: 'minmax(8rem, 1fr)', isExtra: true },
      cell: ({ catalog }) => <bdi>{catalog}</bdi>,
    },
    {
      ...{ name: 'id', label: (words) => words.updates.id, width: 'minmax(20rem, 3fr)', isExtra: true },
      cell: ({ packageId }) => <code>{packageId}</code>,
    },
  ],
  filters: [
    { name: 'search', kind: 'text', label: (words) => words.updates.search, isWide: true },
    { name: 'catalog', kind: 'text', label: (words) => words.catalogs.name },
  ],
};

export const waiting: ListDefinition<Waiting> = {
  operation: 'listWaiting',
  title: (words) => words.catalogs.tabs.waiting,
  empty: (words) => words.catalogs.nothingWaits,
  idOf: ({ update }) => update,
  columns: [
    {
      ...{ name: 'update', label: (words) => words.sync.update, width: 'minmax(20rem, 2fr)' },
      cell: ({ update }) => <bdi>{update}</bdi>,
    },
    {
      ...{ name: 'message', label: (words) => words.sync.reason, width: 'minmax(14rem, 5fr)' },
      cell: ({ message }) => <bdi>{message}</bdi>,
    },
    {
      ...{ name: 'code', label: (words) => words.events.code, width: 'minmax(12rem, 2fr)', isExtra: true },
      cell: ({ code }) => <code>{code}</code>,
    },
  ],
  filters: [],
};

/** The server fetches and publishes the packages first: that is a job. */
export function ApprovePackages({ ids }: { ids: readonly string[] }): ReactNode {
  const words = useWords();
  const [isOpen, setIsOpen] = useState(false);
  const [groups, setGroups] = useState<readonly ChosenGroup[]>([]);
  const approve = async () => {
    await startJob('approveUpdates', { body: { updates: ids, groups: groups.map(({ groupId }) => groupId) } });
    say(words.jobs.began);
    goWith({ selected: undefined });
  };
  return (
    <>
      <button
        type="button"
        className="primary"
        data-shortcut="approve"
        disabled={ids.length === 0}
        onClick={() => setIsOpen(true)}
      >
        {words.decide.approve}
      </button>
      {isOpen && (
        <FormDialog
          title={words.decide.approveTitle(ids.length)}
          save={words.decide.confirm(words.actions.Install)}
          isWide
          isIncomplete={groups.length === 0}
          onSave={approve}
          onClose={() => setIsOpen(false)}
        >
          <p>{words.catalogs.approveText}</p>
          <GroupPicker chosen={groups} onChange={setGroups} />
        </FormDialog>
      )}
    </>
  );
}
