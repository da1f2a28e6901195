// Groups of computers: list, make, rename, remove.
import { type ReactNode, type SyntheticEvent, useState } from 'react';
import { call } from '../api/call.ts';
import { change, noteChange } from '../api/changes.ts';
import type { Group } from '../api/documents.ts';
import { goWith, hrefOf } from '../kit/address.ts';
import { say } from '../kit/announce.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { Link } from '../kit/link.tsx';
import { useMay } from '../kit/session.tsx';
import { wordsOf } from '../kit/states.tsx';
import { useWords } from '../kit/words.tsx';
import type { ListDefinition } from '../list/definition.ts';
import { ListView } from '../list/list-view.tsx';

const groupHref = ({ name }: Group) => hrefOf('computers', { group: name });

const list: ListDefinition<Group> = {
  operation: 'listGroups',
  title: (words) => words.nav.groups,
  empty: (words) => words.groups.empty,
  idOf: ({ groupId }) => groupId,
  hrefOf: groupHref,
  columns: [
    {
      ...{ name: 'name', label: (words) => words.computers.name, width: 'minmax(14rem, 3fr)' },
      cell: (group) => (
        <Link href={groupHref(group)} tabIndex={-1}>
          <bdi>{group.name}</bdi>
        </Link>
      ),
    },
    {
      ...{ name: 'computers', label: (words) => words.groups.own, width: 'minmax(7rem, 1fr)', isNumber: true },
      cell: ({ computers }) => computers,
    },
    {
      ...{ name: 'id', label: (words) => words.groups.id, width: 'minmax(20rem, 2fr)', isExtra: true },
      cell: ({ groupId }) => <code>{groupId}</code>,
    },
  ],
  filters: [{ name: 'search', kind: 'text', label: (words) => words.computers.name, isWide: true }],
};

export default function Groups(): ReactNode {
  const words = useWords();
  const mayAdminister = useMay('administer');
  const [isAdding, setIsAdding] = useState(false);
  return (
    <ListView
      list={list}
      withSelected={mayAdminister ? (ids) => <Chosen ids={ids} /> : undefined}
      actions={
        mayAdminister && (
          <button type="button" className="primary" onClick={() => setIsAdding(true)}>
            {words.groups.add}
          </button>
        )
      }
    >
      {isAdding && (
        <NameDialog
          title={words.groups.addTitle}
          onClose={() => setIsAdding(false)}
          onName={async (name) => {
            await change('addGroup', { body: { name } });
            say(words.groups.added(name));
          }}
        />
      )}
    </ListView>
  );
}

/** The actions for the chosen groups. The server refuses changes of those that are built in. */
function Chosen({ ids }: { ids: readonly string[] }): ReactNode {
  const words = useWords();
  const [renaming, setRenaming] = useState<{ name: string; etag: string } | undefined>();
  const [isRemoving, setIsRemoving] = useState(false);
  const [groupId = ''] = ids;
  // The state that is changed is the one of now: somebody else may have renamed it.
  const show = async (group: string) => {
    const { document: found, etag = '' } = await call<Group>('showGroup', { path: { group } });
    return { name: found.name, etag };
  };
  const failed = (error: unknown) => say(wordsOf(error, words), { isBad: true });
  const remove = async () => {
    setIsRemoving(false);
    try {
      for (const group of ids) {
        const { name, etag } = await show(group);
        await call('removeGroup', { path: { group }, ifMatch: etag });
        say(words.groups.removed(name));
      }
      goWith({ selected: undefined });
    } catch (error) {
      failed(error);
    } finally {
      noteChange();
    }
  };
  return (
    <>
      <button type="button" disabled={ids.length !== 1} onClick={() => void show(groupId).then(setRenaming, failed)}>
        {words.groups.rename}
      </button>
      <button type="button" disabled={ids.length === 0} onClick={() => setIsRemoving(true)}>
        {words.computers.remove}
      </button>
      {renaming && (
        <NameDialog
          title={words.groups.renameTitle(renaming.name)}
          name={renaming.name}
          onClose={() => setRenaming(undefined)}
          onName={async (to) => {
            await change('renameGroup', { path: { group: groupId }, ifMatch: renaming.etag, body: { name: to } });
            say(words.groups.renamed(renaming.name, to));
          }}
        />
      )}
      {isRemoving && (
        <Dialog title={words.groups.removeTitle(ids.length)} onClose={() => setIsRemoving(false)}>
          <p>{words.groups.removeText}</p>
          <div className="dialog-foot">
            <button type="button" onClick={() => setIsRemoving(false)}>
              {words.kit.cancel}
            </button>
            <button type="button" className="danger" onClick={() => void remove()}>
              {words.computers.remove}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

interface NameProps {
  title: string;
  name?: string;
  onName(name: string): Promise<void>;
  onClose(): void;
}

export function NameDialog({ title, name = '', onName, onClose }: NameProps): ReactNode {
  const words = useWords();
  const [error, setError] = useState('');
  const save = async (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    try {
      await onName(String(new FormData(event.currentTarget).get('name')).trim());
      onClose();
    } catch (failed) {
      setError(wordsOf(failed, words));
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form className="form" onSubmit={(event) => void save(event)}>
        <label>
          {words.computers.name}
          <input name="name" required maxLength={256} defaultValue={name} autoComplete="off" />
        </label>
        <p role="alert" className="bad">
          {error}
        </p>
        <div className="dialog-foot">
          <button type="button" onClick={onClose}>
            {words.kit.cancel}
          </button>
          <button type="submit" className="primary">
            {words.kit.save}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
