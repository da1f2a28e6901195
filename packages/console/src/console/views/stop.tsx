// The emergency stop: a notice on every view while it is on, and its buttons.
import { type ReactNode, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import { change } from '../api/changes.ts';
import { say } from '../kit/announce.tsx';
import { FormDialog, textOf } from '../kit/form-dialog.tsx';
import { useMay, useSession } from '../kit/session.tsx';
import { Asked } from '../kit/states.tsx';
import { SureButton } from '../kit/sure-button.tsx';
import { Moment } from '../kit/time.tsx';
import { useWords } from '../kit/words.tsx';

interface StopState {
  isStopped: boolean;
  stop?: { says: string; until: string; since: string; by: string; needsTwo: boolean; liftedBy?: string };
}

function useStop() {
  return useAnswer<StopState>('showStop', {}, { everyMs: 60_000 });
}

/** Nothing while nothing is stopped. */
export function StopNotice(): ReactNode {
  const words = useWords();
  const { stop } = useStop().document ?? {};
  if (!stop) return null;
  return (
    <section className="notice notice-bad stop-notice" aria-label={words.stop.title}>
      <p>
        <strong>{words.stop.isOn}</strong> {words.stop.isOnText}
      </p>
      <p className="wrap">
        <bdi>{stop.says}</bdi>
      </p>
      <p>
        {words.stop.until} <Moment at={stop.until} />. {words.stop.by} <bdi>{stop.by}</bdi>.{' '}
        {stop.liftedBy === undefined ? (
          stop.needsTwo && words.stop.needsTwo
        ) : (
          <bdi>{words.stop.firstOfTwo(stop.liftedBy)}</bdi>
        )}
      </p>
      <StopButtons isStopped />
    </section>
  );
}

/** On Home and with the holds. */
export function StopCard(): ReactNode {
  const words = useWords();
  const stop = useStop();
  return (
    <section className="card" aria-labelledby="stop">
      <div className="card-head">
        <h2 id="stop">{words.stop.title}</h2>
        {stop.document && !stop.document.isStopped && <StopButtons isStopped={false} />}
      </div>
      <Asked kept={stop}>{({ isStopped }) => <p>{isStopped ? words.stop.isOn : words.stop.isOff}</p>}</Asked>
    </section>
  );
}

function StopButtons({ isStopped }: { isStopped: boolean }): ReactNode {
  const words = useWords();
  const mayDecide = useMay('decide');
  const { account } = useSession();
  const [isOpen, setIsOpen] = useState(false);
  if (!mayDecide) return null;
  if (isStopped)
    return (
      <SureButton
        label={words.stop.lift}
        title={words.stop.liftTitle}
        text={words.stop.liftText}
        onSure={async () => {
          const { isStopped: isStill, stop } = await change<StopState>('liftStop', {});
          const isFirst = isStill && stop?.liftedBy?.startsWith(account);
          say(isFirst ? words.stop.liftedFirst : words.stop.lifted);
        }}
      />
    );
  return (
    <>
      <button type="button" className="danger" onClick={() => setIsOpen(true)}>
        {words.stop.set}
      </button>
      {isOpen && (
        <FormDialog
          title={words.stop.setTitle}
          save={words.stop.set}
          isDanger
          onClose={() => setIsOpen(false)}
          onSave={async (form) => {
            const until = new Date(Date.now() + Number(form.get('hours')) * 3_600_000).toISOString();
            const body = { says: textOf(form, 'says'), until, needsTwo: form.has('needsTwo') };
            await change('setStop', { body });
            say(words.stop.done);
          }}
        >
          <p>{words.stop.setText}</p>
          <label>
            {words.stop.reason}
            <input name="says" required maxLength={1000} autoComplete="off" />
          </label>
          <label>
            {words.stop.hours}
            <input name="hours" type="number" required min={1} max={840} defaultValue={24} />
          </label>
          <label className="choice">
            <input name="needsTwo" type="checkbox" />
            {words.stop.two}
          </label>
        </FormDialog>
      )}
    </>
  );
}
