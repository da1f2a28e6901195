// The updates on their way through rings, for Home: those that halted come first.
import type { ReactNode } from 'react';
import { useAnswer } from '../api/cached.ts';
import type { Page } from '../api/documents.ts';
import { hrefOf } from '../kit/address.ts';
import { DataTable } from '../kit/data-table.tsx';
import { Link } from '../kit/link.tsx';
import { numberIn } from '../kit/numbers.ts';
import { Asked } from '../kit/states.tsx';
import { useLanguage, useWords } from '../kit/words.tsx';
import { type Rollout, RolloutMark, rolloutHref } from './rollout.tsx';

const shown = 5;

export function HomeRings(): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const ask = (status: Rollout['status']) => ({ query: { status, limit: shown } });
  const halted = useAnswer<Page<Rollout>>('listRollouts', ask('halted'));
  const running = useAnswer<Page<Rollout>>('listRollouts', ask('running'));
  return (
    <section className="card" aria-labelledby="home-rings">
      <h2 id="home-rings">
        <Link href={hrefOf('rings')}>{words.rings.updates}</Link>
      </h2>
      <Asked kept={halted}>
        {({ items, total }) => {
          // The answers come one after the other: one that halts between them is in both.
          const halts = new Set(items.map(({ rolloutId }) => rolloutId));
          const others = (running.document?.items ?? []).filter(({ rolloutId }) => !halts.has(rolloutId));
          const both = (running.document?.items.length ?? 0) - others.length;
          const all = [...items, ...others];
          const count = total + (running.document?.total ?? 0) - both;
          return (
            <>
              <DataTable
                isSmall
                rows={all.slice(0, shown)}
                keyOf={({ rolloutId }) => rolloutId}
                empty={words.rings.empty}
                columns={[
                  {
                    label: words.updates.title,
                    cell: (rollout) => (
                      <Link href={rolloutHref(rollout)}>
                        <bdi>{rollout.title}</bdi>
                      </Link>
                    ),
                  },
                  { label: words.rings.status, cell: ({ status }) => <RolloutMark status={status} /> },
                  {
                    label: words.rings.ring,
                    cell: ({ ring, ringName, ringCount }) => <bdi>{words.rings.ringOf(ringName, ring, ringCount)}</bdi>,
                  },
                ]}
              />
              {count > shown && (
                <p className="dim">{words.rules.first(numberIn(shown, language), numberIn(count, language))}</p>
              )}
            </>
          );
        }}
      </Asked>
    </section>
  );
}
