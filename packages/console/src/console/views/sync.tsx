// Synchronisation with an upstream server: its state, its history, and what it brings.
import type { ReactNode } from 'react';
import { Tabs } from '../kit/tabs.tsx';
import { useWords } from '../kit/words.tsx';
import { ListView } from '../list/list-view.tsx';
import { type ChoiceKind, SyncChoices } from './sync-choices.tsx';
import { runList } from './sync-runs.tsx';
import { SyncState } from './sync-state.tsx';

const kinds: readonly ChoiceKind[] = ['product', 'classification', 'language'];

export default function Sync({ id = '' }: { id: string | undefined }): ReactNode {
  const words = useWords();
  const { tabs } = words.sync;
  const kind = kinds.find((one) => one === id);
  const all = [['', tabs.state], ['runs', tabs.runs], ...kinds.map((one) => [one, tabs[one]] as const)] as const;
  const shown = <Tabs label={words.nav.sync} view="sync" tabs={all} chosen={id} />;
  if (kind) return <SyncChoices key={kind} kind={kind} tabs={shown} />;
  if (id === 'runs') return <ListView list={runList}>{shown}</ListView>;
  return <SyncState tabs={shown} />;
}
