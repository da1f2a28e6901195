// The rings of an update, in their order: those that it reached, the one where it is, and those before it.
import type { ReactNode } from 'react';
import { useAnswer } from '../api/cached.ts';
import { Asked } from '../kit/states.tsx';
import { Moment } from '../kit/time.tsx';
import { useWords } from '../kit/words.tsx';
import { Marked } from './marks.tsx';
import type { Plan } from './ring-plans.tsx';
import type { Rollout } from './rollout.tsx';

export function RingWay({ rollout }: { rollout: Rollout }): ReactNode {
  const words = useWords();
  const plan = useAnswer<Plan>('showRings', { path: { rings: rollout.planId } });
  const { ring: here, reachedAt, status } = rollout;
  return (
    <Asked kept={plan}>
      {({ rings }) => (
        <ol className="ring-way">
          {rings.map(({ name }, at) => {
            const isReached = at < here;
            const isHere = at === here - 1 && status !== 'finished';
            const tone = !isReached ? 'quiet' : isHere ? (status === 'halted' ? 'bad' : 'pending') : 'good';
            const text = !isReached ? words.rings.notReached : isHere ? words.rings.isHere : words.rings.reached;
            return (
              <li
                key={name}
                className={isReached ? 'ring-reached' : undefined}
                aria-current={isHere ? 'step' : undefined}
              >
                <strong>
                  <bdi>{name}</bdi>
                </strong>
                <Marked tone={tone} text={text} />
                {isReached && reachedAt[at] !== undefined && (
                  <span className="dim">
                    <Moment at={reachedAt[at]} />
                  </span>
                )}
              </li>
            );
          })}
        </ol>
      )}
    </Asked>
  );
}
