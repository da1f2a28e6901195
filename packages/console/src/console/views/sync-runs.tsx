// Synchronisations that were, newest first.
import type { ReactNode } from 'react';
import { Size } from '../kit/size.tsx';
import { Age, Moment } from '../kit/time.tsx';
import { useWords, type Words } from '../kit/words.tsx';
import type { ListDefinition } from '../list/definition.ts';
import { Marked } from './marks.tsx';

export interface SyncRun {
  runId: number;
  upstream: string;
  startedAt: string;
  endedAt?: string;
  state: keyof Words['sync']['states'];
  step: string;
  listed: number;
  fetched: number;
  failed: number;
  added: number;
  calls: number;
  bytes: number;
  error?: { code: string; message: string };
}

const tones = { running: 'pending', done: 'good', failed: 'bad', 'given-up': 'quiet' } as const;

/** `isRunning`: a process works on it now. Else a run that did not end is one that was interrupted. */
export function RunState({ run, isRunning = false }: { run: SyncRun; isRunning?: boolean }): ReactNode {
  const words = useWords();
  return <Marked tone={tones[run.state]} text={isRunning ? words.sync.isRunning : words.sync.states[run.state]} />;
}

const amount = (name: 'added' | 'listed' | 'fetched' | 'failed') => ({
  ...{
    name,
    label: (words: Words) => words.sync[name],
    width: name === 'failed' ? 'minmax(7.5rem, 1fr)' : 'minmax(5rem, 1fr)',
    isNumber: true as const,
  },
  cell: (run: SyncRun) => run[name],
});

export const runList: ListDefinition<SyncRun> = {
  operation: 'listSyncRuns',
  title: (words) => words.nav.sync,
  empty: (words) => words.sync.noRuns,
  idOf: ({ runId }) => String(runId),
  columns: [
    {
      ...{ name: 'started', label: (words) => words.sync.started, width: 'minmax(11rem, 2fr)' },
      cell: ({ startedAt }) => <Moment at={startedAt} />,
    },
    {
      ...{ name: 'state', label: (words) => words.sync.state, width: 'minmax(9rem, 1fr)' },
      cell: (run) => <RunState run={run} />,
    },
    amount('added'),
    amount('fetched'),
    amount('failed'),
    {
      ...{ name: 'size', label: (words) => words.sync.size, width: 'minmax(6rem, 1fr)', isNumber: true },
      cell: ({ bytes }) => <Size bytes={bytes} />,
    },
    {
      ...{ name: 'reason', label: (words) => words.sync.reason, width: 'minmax(10rem, 3fr)' },
      cell: ({ error }) => <bdi>{error?.message ?? ''}</bdi>,
    },
    {
      ...{ name: 'ended', label: (words) => words.sync.ended, width: 'minmax(8rem, 1fr)', isExtra: true },
      cell: ({ endedAt }) => (endedAt === undefined ? '–' : <Age at={endedAt} />),
    },
    { ...amount('listed'), isExtra: true },
    {
      ...{ name: 'upstream', label: (words) => words.sync.upstream, width: 'minmax(12rem, 2fr)', isExtra: true },
      cell: ({ upstream }) => <bdi>{upstream}</bdi>,
    },
  ],
  filters: [],
};
