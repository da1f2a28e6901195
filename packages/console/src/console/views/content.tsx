// Update files: which are on the server, and which are missing.
import type { ReactNode } from 'react';
import { Size } from '../kit/size.tsx';
import { useWords } from '../kit/words.tsx';
import type { ListDefinition } from '../list/definition.ts';
import { ListView } from '../list/list-view.tsx';
import { Marked } from './marks.tsx';

interface ContentFile {
  sha1: string;
  fileName?: string;
  sizeBytes: number;
  state: 'present' | 'missing' | 'damaged';
  isApproved: boolean;
}

const list: ListDefinition<ContentFile> = {
  operation: 'listContent',
  title: (words) => words.nav.content,
  empty: (words) => words.content.empty,
  idOf: ({ sha1 }) => sha1,
  columns: [
    {
      ...{ name: 'file', label: (words) => words.content.file, width: 'minmax(14rem, 3fr)' },
      cell: ({ fileName, sha1 }) => <bdi>{fileName ?? sha1}</bdi>,
    },
    {
      ...{ name: 'state', label: (words) => words.content.state, width: 'minmax(8rem, 1fr)' },
      cell: ({ state }) => <State state={state} />,
    },
    {
      ...{ name: 'size', label: (words) => words.content.size, width: 'minmax(6rem, 1fr)', isNumber: true },
      cell: ({ sizeBytes }) => <Size bytes={sizeBytes} />,
    },
    {
      ...{ name: 'sha1', label: () => 'SHA-1', width: 'minmax(22rem, 3fr)' },
      cell: ({ sha1 }) => <code>{sha1}</code>,
    },
  ],
  filters: [
    {
      ...{ name: 'state', kind: 'choice', label: (words) => words.content.state },
      choices: ({ content: { states } }) => Object.entries(states),
    },
    { name: 'all', kind: 'flag', label: (words) => words.content.all },
  ],
};

export default function Content(): ReactNode {
  return <ListView list={list} />;
}

function State({ state }: { state: ContentFile['state'] }): ReactNode {
  const words = useWords();
  const tone = state === 'present' ? 'good' : 'bad';
  return <Marked tone={tone} text={words.content.states[state]} />;
}
