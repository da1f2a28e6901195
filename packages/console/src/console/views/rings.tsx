// Rings: updates on their way through them, and the rings themselves.
import { type ReactNode, useState } from 'react';
import { hrefOf } from '../kit/address.ts';
import { Link } from '../kit/link.tsx';
import { Meter } from '../kit/meter.tsx';
import { useMay } from '../kit/session.tsx';
import { Age } from '../kit/time.tsx';
import { useWords } from '../kit/words.tsx';
import type { ListDefinition } from '../list/definition.ts';
import { ListView } from '../list/list-view.tsx';
import { EnterRings } from './ring-dialogs.tsx';
import { PlanList } from './ring-plans.tsx';
import { Hours, type Rollout, RolloutMark, RolloutView, rolloutHref, Waits } from './rollout.tsx';

const list: ListDefinition<Rollout> = {
  operation: 'listRollouts',
  title: (words) => words.rings.updates,
  empty: (words) => words.rings.empty,
  idOf: ({ rolloutId }) => rolloutId,
  hrefOf: rolloutHref,
  columns: [
    {
      ...{ name: 'title', label: (words) => words.updates.title, width: 'minmax(13rem, 5fr)' },
      cell: (rollout) => (
        <Link href={rolloutHref(rollout)} tabIndex={-1}>
          <bdi>{rollout.title}</bdi>
        </Link>
      ),
    },
    {
      ...{ name: 'status', label: (words) => words.rings.status, width: 'minmax(9.5rem, 1fr)' },
      cell: ({ status }) => <RolloutMark status={status} />,
    },
    {
      ...{ name: 'ring', label: (words) => words.rings.ring, width: 'minmax(11rem, 2fr)' },
      cell: (rollout) => <Reached rollout={rollout} />,
    },
    {
      ...{ name: 'waits', label: (words) => words.rings.waits, width: 'minmax(10rem, 3fr)' },
      cell: ({ waitsFor }) => <Waits waitsFor={waitsFor} />,
    },
    {
      ...{ name: 'rings', label: (words) => words.rings.name, width: 'minmax(7rem, 2fr)' },
      cell: ({ rings }) => <bdi>{rings}</bdi>,
    },
    {
      ...{ name: 'watched', label: (words) => words.rings.watched, width: 'minmax(7rem, 1fr)', isExtra: true },
      cell: ({ watchedHours }) => <Hours hours={watchedHours} />,
    },
    {
      ...{ name: 'started', label: (words) => words.rings.started, width: 'minmax(7rem, 1fr)', isExtra: true },
      cell: ({ startedAt }) => <Age at={startedAt} />,
    },
  ],
  filters: [
    {
      ...{ name: 'status', kind: 'choice', label: (words) => words.rings.status },
      choices: ({ rings }) => Object.entries(rings.statuses),
    },
    { name: 'rings', kind: 'text', label: (words) => words.rings.name },
  ],
};

export default function Rings({ id }: { id: string | undefined }): ReactNode {
  const words = useWords();
  const mayDecide = useMay('decide');
  const [isEntering, setIsEntering] = useState(false);
  if (id === 'plans') return <PlanList kinds={<Kinds chosen="plans" />} />;
  if (id !== undefined) return <RolloutView updateId={id} />;
  return (
    <ListView
      list={list}
      actions={
        mayDecide && (
          <button type="button" className="primary" onClick={() => setIsEntering(true)}>
            {words.rings.enter}
          </button>
        )
      }
    >
      <Kinds chosen="" />
      {isEntering && <EnterRings onClose={() => setIsEntering(false)} />}
    </ListView>
  );
}

function Kinds({ chosen }: { chosen: string }): ReactNode {
  const words = useWords();
  const kinds = [
    ['', words.rings.updates],
    ['plans', words.rings.plans],
  ] as const;
  return (
    <nav className="kinds" aria-label={words.nav.rings}>
      {kinds.map(([name, label]) => (
        <Link key={name} href={hrefOf(name === '' ? 'rings' : `rings/${name}`)} current={chosen === name}>
          {label}
        </Link>
      ))}
    </nav>
  );
}

function Reached({ rollout: { ring, ringName, ringCount } }: { rollout: Rollout }): ReactNode {
  const words = useWords();
  const label = words.rings.ringOf(ringName, ring, ringCount);
  const parts = [
    { amount: ring, className: 'fill-reached' },
    { amount: ringCount - ring, className: 'meter-ground' },
  ];
  return (
    <span className="reached">
      <Meter label={label} parts={parts} /> <bdi>{label}</bdi>
    </span>
  );
}
