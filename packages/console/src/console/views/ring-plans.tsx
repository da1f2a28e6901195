// Rings as administrators make them: ordered, each of groups, with the conditions to go on and to halt.
import { type ReactNode, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import { call } from '../api/call.ts';
import { change } from '../api/changes.ts';
import { hrefOf } from '../kit/address.ts';
import { say } from '../kit/announce.tsx';
import { DataTable } from '../kit/data-table.tsx';
import { Link } from '../kit/link.tsx';
import { numberIn } from '../kit/numbers.ts';
import { useMay } from '../kit/session.tsx';
import { Asked } from '../kit/states.tsx';
import { SureButton } from '../kit/sure-button.tsx';
import { ViewHead } from '../kit/view-head.tsx';
import { useLanguage, useWords } from '../kit/words.tsx';
import { NewRings } from './ring-dialogs.tsx';

interface Policy {
  installed: number;
  goodPercent: number;
  hours: number;
  patienceHours: number;
  failurePercent: number;
  silencePercent: number;
}

export interface Plan {
  planId: string;
  name: string;
  open: number;
  rings: { name: string; groups: { groupId: string; name?: string }[]; percent?: number; policy: Policy }[];
}

export function PlanList({ kinds }: { kinds: ReactNode }): ReactNode {
  const words = useWords();
  const mayDecide = useMay('decide');
  const plans = useAnswer<{ items: Plan[] }>('listRings', {});
  const [isAdding, setIsAdding] = useState(false);
  return (
    <>
      <ViewHead title={words.rings.plans} at={plans.at} again={plans.again}>
        {mayDecide && (
          <button type="button" className="primary" onClick={() => setIsAdding(true)}>
            {words.rings.add}
          </button>
        )}
      </ViewHead>
      {kinds}
      <Asked kept={plans}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="empty">{words.rings.noPlans}</p>
          ) : (
            items.map((plan) => <OnePlan key={plan.planId} plan={plan} />)
          )
        }
      </Asked>
      {isAdding && <NewRings onClose={() => setIsAdding(false)} />}
    </>
  );
}

function OnePlan({ plan: { planId, name, open, rings } }: { plan: Plan }): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const mayDecide = useMay('decide');
  const remove = async () => {
    const path = { rings: planId };
    const { etag = '' } = await call('showRings', { path });
    await change('removeRings', { path, ifMatch: etag });
    say(words.rings.removed(name));
  };
  return (
    <section className="card" aria-labelledby={`plan-${planId}`}>
      <div className="card-head">
        <h2 id={`plan-${planId}`} className="wrap">
          <bdi>{name}</bdi>
        </h2>
        {mayDecide && (
          <SureButton
            label={words.rings.remove}
            title={words.rings.removeTitle(name)}
            text={words.rings.removeText}
            onSure={remove}
          />
        )}
      </div>
      <p className="dim">
        <Link href={hrefOf('rings', { rings: name })}>
          {words.rings.open}: {numberIn(open, language)}
        </Link>
      </p>
      <DataTable
        rows={rings}
        keyOf={(ring) => ring.name}
        empty={words.rings.noPlans}
        columns={[
          { label: words.rings.ring, cell: (ring) => <bdi>{ring.name}</bdi> },
          {
            label: words.nav.groups,
            cell: ({ groups, percent }) =>
              percent === undefined ? (
                <bdi>{groups.map((group) => group.name ?? group.groupId).join(', ')}</bdi>
              ) : (
                words.rings.ofAll(numberIn(percent, language))
              ),
          },
          {
            label: words.rings.goesOn,
            cell: ({ policy }) =>
              words.rings.conditions(numberIn(policy.hours, language), numberIn(policy.goodPercent, language)),
          },
          {
            label: words.rings.haltsAt,
            cell: ({ policy }) =>
              words.rings.halts(numberIn(policy.failurePercent, language), numberIn(policy.silencePercent, language)),
          },
        ]}
      />
    </section>
  );
}
