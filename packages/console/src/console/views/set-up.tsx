// The set-up in five steps, from the first account to the first approved update. The server knows which steps are open, so
// that any browser goes on from there. The address holds the step.
import { type ReactNode, useEffect, useRef } from 'react';
import { useAnswer } from '../api/cached.ts';
import { change } from '../api/changes.ts';
import type { SetUpDocument, SetUpStepName } from '../api/documents.ts';
import { go, hrefOf } from '../kit/address.ts';
import { useDoing } from '../kit/doing.ts';
import { Link } from '../kit/link.tsx';
import { useMay, useSession } from '../kit/session.tsx';
import { Asked } from '../kit/states.tsx';
import { Moment } from '../kit/time.tsx';
import { ViewHead } from '../kit/view-head.tsx';
import { useWords } from '../kit/words.tsx';
import { Marked } from './marks.tsx';
import { SetUpApproval } from './set-up-approval.tsx';
import { SetUpChoices } from './set-up-choices.tsx';
import { SetUpClients } from './set-up-clients.tsx';
import { SetUpSource } from './set-up-source.tsx';

const tones = { open: 'pending', done: 'good', skipped: 'quiet' } as const;

export default function SetUp({ id }: { id: string | undefined }): ReactNode {
  const words = useWords();
  const setUp = useAnswer<SetUpDocument>('readSetUp', {}, { everyMs: 15_000 });
  return (
    <>
      <ViewHead title={words.guide.title} at={setUp.at} again={setUp.again} />
      <Asked kept={setUp}>{(known) => <Steps setUp={known} asked={id} />}</Asked>
    </>
  );
}

function Steps({ setUp, asked }: { setUp: SetUpDocument; asked: string | undefined }): ReactNode {
  const words = useWords();
  const { steps } = setUp;
  const chosen = steps.find(({ step }) => step === asked) ?? steps.find(({ state }) => state === 'open');
  const first = asked === undefined ? chosen?.step : undefined;
  // A step that is done does not take the page away from under a person.
  useEffect(() => {
    if (first) go(hrefOf(`set-up/${first}`), { replace: true });
  }, [first]);
  return (
    <>
      <nav aria-label={words.guide.title}>
        <ol className="set-up">
          {steps.map(({ step, state }, at) => (
            <li key={step} className={state === 'done' ? 'set-up-done' : ''}>
              <Link href={hrefOf(`set-up/${step}`)} current={step === chosen?.step}>
                {`${at + 1}. ${words.guide.names[step]}`}
              </Link>
              <Marked tone={tones[state]} text={words.guide.states[state]} />
            </li>
          ))}
        </ol>
      </nav>
      {chosen ? (
        <OneStep key={chosen.step} setUp={setUp} name={chosen.step} />
      ) : (
        <section className="card" aria-labelledby="all-done">
          <h2 id="all-done">{words.guide.allDone}</h2>
          <p>{words.guide.allDoneText}</p>
          <p>
            <Link href={hrefOf('')} className="button">
              {words.guide.toHome}
            </Link>
          </p>
        </section>
      )}
    </>
  );
}

const contents: Record<SetUpStepName, (props: { setUp: SetUpDocument }) => ReactNode> = {
  account: Account,
  source: SetUpSource,
  choices: SetUpChoices,
  clients: SetUpClients,
  approval: SetUpApproval,
};

function OneStep({ setUp, name }: { setUp: SetUpDocument; name: SetUpStepName }): ReactNode {
  const words = useWords();
  const mayAdminister = useMay('administer');
  const heading = useRef<HTMLHeadingElement>(null);
  // The focus follows a person from step to step, and the screen reader says where it is.
  useEffect(() => heading.current?.focus(), []);
  const doing = useDoing();
  const { steps } = setUp;
  const at = steps.findIndex(({ step }) => step === name);
  const { state, by, at: notedAt } = steps[at] ?? { state: 'open' };
  const [before, after] = [steps[at - 1], steps[at + 1]];
  const note = (to: 'open' | 'skipped', said: string) =>
    doing(() => change('noteSetUpStep', { path: { step: name }, body: { state: to } }), said);
  const Content = contents[name];
  return (
    <section className="card" aria-labelledby="step">
      <h2 id="step" tabIndex={-1} ref={heading}>
        {words.guide.place(at + 1, steps.length, words.guide.names[name])}
      </h2>
      <p>{words.guide.texts[name]}</p>
      {state === 'skipped' && by && notedAt && (
        <p className="dim">
          {words.guide.skippedBy} <bdi>{by}</bdi>, <Moment at={notedAt} />
        </p>
      )}
      {mayAdminister || name === 'account' ? <Content setUp={setUp} /> : <p>{words.states.forbidden}</p>}
      <div className="step-foot">
        {before && (
          <Link href={hrefOf(`set-up/${before.step}`)} className="button">
            {words.guide.back}
          </Link>
        )}
        {mayAdminister && state === 'open' && (
          <button type="button" onClick={() => note('skipped', words.guide.skipped(words.guide.names[name]))}>
            {words.guide.skip}
          </button>
        )}
        {mayAdminister && state === 'skipped' && (
          <button type="button" onClick={() => note('open', words.guide.opened(words.guide.names[name]))}>
            {words.guide.open}
          </button>
        )}
        <Link
          href={after ? hrefOf(`set-up/${after.step}`) : hrefOf('')}
          className={state === 'open' ? 'button' : 'button primary'}
        >
          {after ? words.guide.next : words.guide.toHome}
        </Link>
      </div>
    </section>
  );
}

function Account(): ReactNode {
  const words = useWords();
  const { account } = useSession();
  return (
    <p>
      {words.guide.youAre} <bdi>{account}</bdi>. <Link href={hrefOf('accounts')}>{words.guide.moreAccounts}</Link>
    </p>
  );
}
