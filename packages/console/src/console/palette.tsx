// biome-ignore-all lint/a11y/useFocusableInteractive: the field keeps the focus, as in every combobox
// The palette: type a part of a name, and go there. Views at once, computers, updates and groups as the server finds them.
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { useAnswer } from './api/cached.ts';
import type { Computer, Group, Page, Update } from './api/documents.ts';
import { go, hrefOf } from './kit/address.ts';
import { Dialog } from './kit/dialog.tsx';
import { permits, useSession } from './kit/session.tsx';
import { useWords } from './kit/words.tsx';
import { views } from './views.ts';

interface Hit {
  key: string;
  kind: string;
  text: string;
  href: string;
}

const pauseMs = 80;

export function Palette({ onClose }: { onClose(): void }): ReactNode {
  const words = useWords();
  const listId = useId();
  const [typed, setTyped] = useState('');
  const [asked, setAsked] = useState('');
  const [chosen, setChosen] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(typed.trim()), pauseMs);
    return () => clearTimeout(timer);
  }, [typed]);
  const hits = useHits(asked);
  const at = Math.min(chosen, Math.max(0, hits.length - 1));

  const open = (hit: Hit | undefined) => {
    if (!hit) return;
    onClose();
    go(hit.href);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setChosen(Math.min(at + 1, hits.length - 1));
    else if (event.key === 'ArrowUp') setChosen(Math.max(at - 1, 0));
    else if (event.key === 'Enter') open(hits[at]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title={words.palette.title} onClose={onClose} className="palette">
      <input
        ref={input}
        role="combobox"
        aria-expanded={hits.length > 0}
        aria-controls={listId}
        aria-activedescendant={hits.length > 0 ? `${listId}-${at}` : undefined}
        aria-label={words.palette.label}
        autoComplete="off"
        spellCheck={false}
        maxLength={128}
        value={typed}
        placeholder={words.palette.label}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div role="listbox" id={listId} aria-label={words.palette.title}>
        {hits.map((hit, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the field above
          <div
            key={hit.key}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === at}
            onClick={() => open(hit)}
          >
            <span className="wrap">{hit.text}</span> <span className="dim">{hit.kind}</span>
          </div>
        ))}
      </div>
      {hits.length === 0 && asked !== '' && <p className="empty">{words.palette.nothing}</p>}
    </Dialog>
  );
}

function useHits(asked: string): Hit[] {
  const words = useWords();
  const { roles, isWholeServer } = useSession();
  const kb = /^(?:kb)?(\d{5,8})$/i.exec(asked)?.[1];
  const given = (query: Record<string, string | number>) =>
    asked.length < 2 ? undefined : { query: { ...query, limit: 6 } };
  const computers = useAnswer<Page<Computer>>('listComputers', given({ search: asked }));
  const updates = useAnswer<Page<Update>>('listUpdates', given(kb === undefined ? { search: asked } : { kb }));
  const groups = useAnswer<Page<Group>>('listGroups', given({ search: asked }));
  const needle = asked.toLowerCase();
  const found = views
    .filter(({ permission, isForGroups }) => permits(roles, permission) && (isWholeServer || isForGroups))
    .filter(({ label }) => words.nav[label].toLowerCase().includes(needle))
    .map(({ name, label }) => ({
      key: `view ${name}`,
      kind: words.palette.view,
      text: words.nav[label],
      href: hrefOf(name),
    }));
  return [
    ...found,
    ...(computers.document?.items ?? []).map(({ computerId, dnsName, address }) => ({
      ...{ key: computerId, kind: words.palette.computer, text: dnsName || address },
      href: hrefOf(`computers/${computerId}`),
    })),
    ...(updates.document?.items ?? []).map(({ updateId, title }) => ({
      ...{ key: updateId, kind: words.palette.update, text: title, href: hrefOf(`updates/${updateId}`) },
    })),
    ...(groups.document?.items ?? []).map(({ groupId, name }) => ({
      ...{ key: groupId, kind: words.palette.group, text: name, href: hrefOf('computers', { group: name }) },
    })),
  ];
}
