// Settings, limits and checks of the server. Settings are only shown: a file, flags and the environment decide them at the
// start of the server.
import type { ReactNode } from 'react';
import { useMay } from '../kit/session.tsx';
import { Tabs } from '../kit/tabs.tsx';
import { useWords, type Words } from '../kit/words.tsx';
import type { ListDefinition } from '../list/definition.ts';
import { ListView } from '../list/list-view.tsx';
import { ServerChecks } from './server-checks.tsx';

interface Setting {
  name: string;
  value?: string | number | boolean;
  default?: string | number | boolean;
  origin?: string;
  variable: string;
  group: string;
  description: string;
}

interface Limit {
  name: string;
  value: string;
  default: string;
  origin?: string;
  range?: string[];
  what: string;
}

const text = (value: Setting['value']) => (value === undefined ? '–' : String(value));

function Value({ value, isOwn }: { value: string; isOwn: boolean }): ReactNode {
  return isOwn ? (
    <strong>
      <bdi>{value}</bdi>
    </strong>
  ) : (
    <bdi>{value}</bdi>
  );
}

function Origin({ origin = 'unknown' }: { origin: string | undefined }): ReactNode {
  return useWords().settings.origins[origin] ?? origin;
}

const settings: ListDefinition<Setting> = {
  operation: 'listSettings',
  title: (words) => words.nav.settings,
  empty: () => '–',
  idOf: ({ name }) => name,
  columns: [
    {
      ...{ name: 'name', label: (words) => words.settings.name, width: 'minmax(11rem, 2fr)' },
      cell: ({ name }) => <code>{name}</code>,
    },
    {
      ...{ name: 'value', label: (words) => words.settings.value, width: 'minmax(9rem, 2fr)' },
      cell: (one) => <Value value={text(one.value)} isOwn={one.value !== one.default} />,
    },
    {
      ...{ name: 'origin', label: (words) => words.settings.origin, width: 'minmax(8rem, 1fr)' },
      cell: ({ origin }) => <Origin origin={origin} />,
    },
    {
      ...{ name: 'default', label: (words) => words.settings.standard, width: 'minmax(8rem, 1fr)' },
      cell: (one) => <bdi>{text(one.default)}</bdi>,
    },
    {
      ...{ name: 'description', label: (words) => words.settings.description, width: 'minmax(14rem, 4fr)' },
      cell: ({ description }) => description,
    },
    {
      ...{ name: 'variable', label: (words) => words.settings.variable, width: 'minmax(14rem, 2fr)', isExtra: true },
      cell: ({ variable }) => <code>{variable}</code>,
    },
  ],
  filters: [],
};

const limits: ListDefinition<Limit> = {
  operation: 'listLimits',
  title: (words) => words.settings.tabs.limits,
  empty: () => '–',
  idOf: ({ name }) => name,
  columns: [
    {
      ...{ name: 'what', label: (words) => words.settings.limit, width: 'minmax(14rem, 4fr)' },
      cell: ({ what }) => what,
    },
    {
      ...{ name: 'value', label: (words) => words.settings.value, width: 'minmax(8rem, 1fr)' },
      cell: (one) => <Value value={one.value} isOwn={one.value !== one.default} />,
    },
    {
      ...{ name: 'default', label: (words) => words.settings.standard, width: 'minmax(8rem, 1fr)' },
      cell: (one) => one.default,
    },
    {
      ...{ name: 'range', label: (words) => words.settings.range, width: 'minmax(11rem, 2fr)' },
      cell: ({ range }) => range?.join(' – ') ?? '–',
    },
    {
      ...{ name: 'origin', label: (words) => words.settings.origin, width: 'minmax(8rem, 1fr)', isExtra: true },
      cell: ({ origin }) => <Origin origin={origin} />,
    },
    {
      ...{ name: 'name', label: (words) => words.settings.name, width: 'minmax(14rem, 2fr)', isExtra: true },
      cell: ({ name }) => <code>{name}</code>,
    },
  ],
  filters: [],
};

export default function Settings({ id }: { id: string | undefined }): ReactNode {
  const words = useWords();
  const mayAdminister = useMay('administer');
  const all = (['settings', 'limits', 'checks'] as const).filter((one) => mayAdminister || one !== 'settings');
  const chosen = all.find((one) => one === id) ?? (all[0] as keyof Words['settings']['tabs']);
  const tabs = (
    <Tabs
      label={words.nav.settings}
      view="settings"
      tabs={all.map((one) => [one === all[0] ? '' : one, words.settings.tabs[one]] as const)}
      chosen={chosen === all[0] ? '' : chosen}
    />
  );
  if (chosen === 'checks') return <ServerChecks tabs={tabs} />;
  if (chosen === 'limits') return <ListView list={limits}>{tabs}</ListView>;
  return (
    <ListView list={settings}>
      {tabs}
      <p className="dim">{words.settings.readOnly}</p>
    </ListView>
  );
}
