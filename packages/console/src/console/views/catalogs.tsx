// Catalogs of other vendors: where they are from, and their packages. Computers get nothing of them before an approval.
import { type ReactNode, useState } from 'react';
import { call } from '../api/call.ts';
import { noteChange } from '../api/changes.ts';
import { goWith, hrefOf } from '../kit/address.ts';
import { say } from '../kit/announce.tsx';
import { FormDialog, textOf } from '../kit/form-dialog.tsx';
import { Link } from '../kit/link.tsx';
import { useMay } from '../kit/session.tsx';
import { SureButton } from '../kit/sure-button.tsx';
import { Tabs } from '../kit/tabs.tsx';
import { Age } from '../kit/time.tsx';
import { WebLink } from '../kit/web-link.tsx';
import { useWords } from '../kit/words.tsx';
import type { ListDefinition } from '../list/definition.ts';
import { ListView } from '../list/list-view.tsx';
import { JobOf, startJob } from './job.tsx';
import { ApprovePackages, packages, waiting } from './packages.tsx';

interface Catalog {
  name: string;
  address: string;
  signerName?: string;
  packages: number;
  withheld: number;
  published: number;
  addedAt: string;
  updatedAt: string;
}

const catalogs: ListDefinition<Catalog> = {
  operation: 'listCatalogs',
  title: (words) => words.nav.catalogs,
  empty: (words) => words.catalogs.empty,
  idOf: ({ name }) => name,
  columns: [
    {
      ...{ name: 'name', label: (words) => words.catalogs.name, width: 'minmax(10rem, 2fr)' },
      cell: ({ name }) => (
        <Link href={hrefOf('catalogs/packages', { catalog: name })} tabIndex={-1}>
          <bdi>{name}</bdi>
        </Link>
      ),
    },
    {
      ...{ name: 'packages', label: (words) => words.catalogs.packages, width: 'minmax(5rem, 1fr)', isNumber: true },
      cell: (one) => one.packages,
    },
    {
      ...{ name: 'published', label: (words) => words.catalogs.published, width: 'minmax(7rem, 1fr)', isNumber: true },
      cell: ({ published }) => published,
    },
    {
      ...{ name: 'withheld', label: (words) => words.catalogs.withheld, width: 'minmax(7.5rem, 1fr)', isNumber: true },
      cell: ({ withheld }) => withheld,
    },
    {
      ...{ name: 'read', label: (words) => words.catalogs.readAt, width: 'minmax(8rem, 1fr)' },
      cell: ({ updatedAt }) => <Age at={updatedAt} />,
    },
    {
      ...{ name: 'address', label: (words) => words.catalogs.address, width: 'minmax(12rem, 4fr)' },
      cell: ({ address }) => (
        <WebLink href={address}>
          <bdi>{address}</bdi>
        </WebLink>
      ),
    },
    {
      ...{ name: 'signer', label: (words) => words.catalogs.signer, width: 'minmax(10rem, 2fr)', isExtra: true },
      cell: ({ signerName }) => <bdi>{signerName ?? '–'}</bdi>,
    },
  ],
  filters: [],
};

export default function Catalogs({ id }: { id: string | undefined }): ReactNode {
  const words = useWords();
  const mayAdminister = useMay('administer');
  const mayDecide = useMay('decide');
  const [isAdding, setIsAdding] = useState(false);
  const all = [
    ['', words.catalogs.tabs.catalogs],
    ['packages', words.catalogs.tabs.packages],
    ['waiting', words.catalogs.tabs.waiting],
  ] as const;
  const chosen = all.find(([name]) => name === id)?.[0] ?? '';
  const tabs = <Tabs label={words.nav.catalogs} view="catalogs" tabs={all} chosen={chosen} />;
  if (chosen === 'waiting') return <ListView list={waiting}>{tabs}</ListView>;
  if (chosen === 'packages')
    return (
      <ListView list={packages} withSelected={mayDecide ? (ids) => <ApprovePackages ids={ids} /> : undefined}>
        {tabs}
        <JobOf operations={['approveUpdates']} />
      </ListView>
    );
  return (
    <ListView
      list={catalogs}
      withSelected={mayAdminister ? (names) => <WithCatalogs names={names} /> : undefined}
      actions={
        mayAdminister && (
          <button type="button" className="primary" onClick={() => setIsAdding(true)}>
            {words.catalogs.add}
          </button>
        )
      }
    >
      {tabs}
      <JobOf operations={['addCatalog', 'refreshCatalog']} />
      {isAdding && <NewCatalog onClose={() => setIsAdding(false)} />}
    </ListView>
  );
}

function WithCatalogs({ names }: { names: readonly string[] }): ReactNode {
  const words = useWords();
  const refresh = async () => {
    for (const catalog of names) await startJob('refreshCatalog', { path: { catalog }, body: {} });
    say(words.jobs.began);
  };
  const remove = async () => {
    try {
      for (const catalog of names) await call('removeCatalog', { path: { catalog } });
      say(words.catalogs.removed(names.length));
      goWith({ selected: undefined });
    } finally {
      noteChange();
    }
  };
  const isNone = names.length === 0;
  return (
    <>
      <SureButton
        label={words.catalogs.refresh}
        title={words.catalogs.refresh}
        text={words.catalogs.refreshText}
        isDisabled={isNone}
        onSure={refresh}
      />
      <SureButton
        label={words.catalogs.remove}
        title={words.catalogs.remove}
        text={words.catalogs.removeText}
        isDisabled={isNone}
        onSure={remove}
      />
    </>
  );
}

function NewCatalog({ onClose }: { onClose(): void }): ReactNode {
  const words = useWords();
  const save = async (form: FormData) => {
    const name = textOf(form, 'name');
    const flag = (field: string) => (form.get(field) === null ? {} : { [field]: true });
    await startJob('addCatalog', {
      body: {
        address: textOf(form, 'address'),
        ...(name !== '' && { name }),
        ...flag('allowPrivate'),
        ...flag('dryRun'),
      },
    });
    say(words.jobs.began);
  };
  return (
    <FormDialog title={words.catalogs.add} onSave={save} onClose={onClose}>
      <p>{words.catalogs.addText}</p>
      <label>
        {words.catalogs.address}
        <input name="address" type="url" required maxLength={2048} autoComplete="off" />
      </label>
      <label>
        {words.catalogs.nameField}
        <input name="name" maxLength={64} autoComplete="off" />
      </label>
      <label className="choice">
        <input type="checkbox" name="allowPrivate" />
        {words.catalogs.allowPrivate}
      </label>
      <label className="choice">
        <input type="checkbox" name="dryRun" />
        {words.catalogs.dryRun}
      </label>
    </FormDialog>
  );
}
