// One update on its way through rings: how far it is, what its computers showed, and what a person can do about it.
import { type ReactNode, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import { change } from '../api/changes.ts';
import { hrefOf } from '../kit/address.ts';
import { say } from '../kit/announce.tsx';
import { DataTable } from '../kit/data-table.tsx';
import { useDoing } from '../kit/doing.ts';
import { FormDialog, momentOf } from '../kit/form-dialog.tsx';
import { Link } from '../kit/link.tsx';
import { numberIn } from '../kit/numbers.ts';
import { useMay } from '../kit/session.tsx';
import { Asked } from '../kit/states.tsx';
import { SureButton } from '../kit/sure-button.tsx';
import { Age, Moment } from '../kit/time.tsx';
import { ViewHead } from '../kit/view-head.tsx';
import { useLanguage, useWords, type Words } from '../kit/words.tsx';
import { Marked } from './marks.tsx';
import { RingWay } from './ring-way.tsx';

type Status = keyof Words['rings']['statuses'];
type Counts = Record<keyof Words['rings']['counts'], number>;

export interface Rollout {
  rolloutId: string;
  updateId: string;
  title: string;
  planId: string;
  rings: string;
  status: Status;
  ring: number;
  ringName: string;
  ringCount: number;
  waitsFor?: keyof Words['rings']['waitsFor'];
  pausedUntil?: string;
  watchedHours: number;
  startedAt: string;
  reachedAt: string[];
}

interface ShownRollout extends Rollout {
  evidence: {
    members: number;
    ring: Counts;
    reached: Counts;
    control: { ring: { watched: number; late: number; silent: number } };
  };
}

export const rolloutHref = ({ updateId }: Rollout) => hrefOf(`rings/${encodeURIComponent(updateId)}`);

const tones = { running: 'good', paused: 'pending', halted: 'bad', finished: 'good', rolledBack: 'quiet' } as const;

export function RolloutMark({ status }: { status: Status }): ReactNode {
  const words = useWords();
  return <Marked tone={tones[status]} text={words.rings.statuses[status]} />;
}

export function Waits({ waitsFor }: { waitsFor: Rollout['waitsFor'] | undefined }): ReactNode {
  const words = useWords();
  return waitsFor === undefined ? '–' : (words.rings.waitsFor[waitsFor] ?? waitsFor);
}

export function Hours({ hours }: { hours: number }): ReactNode {
  return useWords().rings.hours(numberIn(hours, useLanguage()), hours);
}

export function RolloutView({ updateId }: { updateId: string }): ReactNode {
  const words = useWords();
  const rollout = useAnswer<ShownRollout>('showRollout', { path: { update: updateId } }, { everyMs: 30_000 });
  return (
    <>
      <p className="back">
        <Link href={hrefOf('rings')}>{words.rings.updates}</Link>
      </p>
      <Asked kept={rollout}>{(found) => <OneRollout {...{ rollout: found, kept: rollout }} />}</Asked>
    </>
  );
}

function OneRollout({ rollout, kept }: { rollout: ShownRollout; kept: { at: number; again(): void } }): ReactNode {
  const words = useWords();
  const mayDecide = useMay('decide');
  const { updateId, title, status, waitsFor, pausedUntil, startedAt, watchedHours } = rollout;
  return (
    <>
      <ViewHead title={<bdi>{title}</bdi>} at={kept.at} again={kept.again}>
        {mayDecide && <RolloutButtons rollout={rollout} />}
      </ViewHead>
      <section className="card" aria-labelledby="way">
        <h2 id="way">{words.rings.way}</h2>
        <RingWay rollout={rollout} />
        <dl className="facts">
          <Fact label={words.rings.status}>
            <RolloutMark status={status} />
          </Fact>
          <Fact label={words.rings.waits}>
            <Waits waitsFor={waitsFor} />
          </Fact>
          {pausedUntil !== undefined && (
            <Fact label={words.stop.until}>
              <Moment at={pausedUntil} />
            </Fact>
          )}
          <Fact label={words.rings.started}>
            <Age at={startedAt} />
          </Fact>
          <Fact label={words.rings.watched}>
            <Hours hours={watchedHours} />
          </Fact>
          <Fact label={words.palette.update}>
            <Link href={hrefOf(`updates/${updateId}`)}>{title}</Link>
          </Fact>
        </dl>
      </section>
      <Evidence evidence={rollout.evidence} />
    </>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }): ReactNode {
  return (
    <div>
      <dt>{label}</dt>
      <dd className="wrap">{children}</dd>
    </div>
  );
}

function Evidence({ evidence: { members, ring, reached, control } }: Pick<ShownRollout, 'evidence'>): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const names = Object.keys(words.rings.counts) as (keyof Counts)[];
  return (
    <section className="card" aria-labelledby="evidence">
      <h2 id="evidence">{words.rings.evidence}</h2>
      <p className="dim">
        {words.rings.members}: {numberIn(members, language)}. {words.rings.control}:{' '}
        {numberIn(control.ring.watched, language)}.
      </p>
      <DataTable
        rows={names}
        keyOf={(name) => name}
        empty={words.rings.empty}
        columns={[
          { label: words.accounts.state, cell: (name) => words.rings.counts[name] },
          { label: words.rings.ofRing, isNumber: true, cell: (name) => numberIn(ring[name] ?? 0, language) },
          { label: words.rings.ofReached, isNumber: true, cell: (name) => numberIn(reached[name] ?? 0, language) },
        ]}
      />
    </section>
  );
}

function RolloutButtons({ rollout: { updateId, status, ring, ringCount } }: { rollout: Rollout }): ReactNode {
  const words = useWords();
  const doing = useDoing();
  const [isPausing, setIsPausing] = useState(false);
  const given = { path: { update: updateId } };
  const isOpen = status === 'running' || status === 'paused' || status === 'halted';
  if (!isOpen) return null;
  return (
    <>
      {status === 'running' ? (
        <button type="button" onClick={() => setIsPausing(true)}>
          {words.rings.pause}
        </button>
      ) : (
        <button
          type="button"
          className="primary"
          onClick={() => doing(() => change('resumeRollout', given), words.rings.resumed)}
        >
          {words.rings.resume}
        </button>
      )}
      {ring < ringCount && (
        <SureButton
          label={words.rings.skip}
          title={words.rings.skipTitle}
          text={words.rings.skipText}
          onSure={() => change('skipRing', given).then(() => say(words.rings.skipped))}
        />
      )}
      <SureButton
        label={words.rings.rollBack}
        title={words.rings.rollBackTitle}
        text={words.rings.rollBackText}
        onSure={() => change('rollBackRollout', given).then(() => say(words.rings.rolledBack))}
      />
      {isPausing && (
        <FormDialog
          title={words.rings.pauseTitle}
          save={words.rings.pause}
          onClose={() => setIsPausing(false)}
          onSave={async (form) => {
            const until = momentOf(form, 'until');
            await change('pauseRollout', { ...given, body: until === undefined ? {} : { until } });
            say(words.rings.paused);
          }}
        >
          <label>
            {words.rings.pauseUntil}
            <input name="until" type="datetime-local" />
          </label>
        </FormDialog>
      )}
    </>
  );
}
