// One update: decisions and states by group, what supersedes it, and its files.
import { type ReactNode, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import type { Decision, UpdateDetails, UpdateState } from '../api/documents.ts';
import { hrefOf } from '../kit/address.ts';
import { Link } from '../kit/link.tsx';
import { Meter } from '../kit/meter.tsx';
import { numberIn, sizeIn } from '../kit/numbers.ts';
import { useMay } from '../kit/session.tsx';
import { Asked } from '../kit/states.tsx';
import { Age, Moment, useNow } from '../kit/time.tsx';
import { undoables } from '../kit/undo.ts';
import { useLanguage, useWords } from '../kit/words.tsx';
import { DecideButtons } from './decide-buttons.tsx';
import { StateMark } from './marks.tsx';
import { Relations } from './relations.tsx';
import { EnterRings } from './ring-dialogs.tsx';
import { takeBack } from './take-back.ts';
import { WhyGroup } from './why.tsx';

export function UpdateView({ id }: { id: string }): ReactNode {
  const words = useWords();
  const update = useAnswer<UpdateDetails>('showUpdate', { path: { update: id } }, { everyMs: 30_000 });
  return (
    <>
      <p className="back">
        <Link href={hrefOf('updates')}>{words.nav.updates}</Link>
      </p>
      <Asked kept={update}>{(found) => <OneUpdate update={found} at={update.at} again={update.again} />}</Asked>
    </>
  );
}

function OneUpdate({ update, at, again }: { update: UpdateDetails; at: number; again(): void }): ReactNode {
  const words = useWords();
  const mayDecide = useMay('decide');
  const [isEntering, setIsEntering] = useState(false);
  return (
    <>
      <div className="view-head">
        <h1 id="view-title" tabIndex={-1} className="wrap">
          <bdi>{update.title}</bdi>
        </h1>
        <span className="dim">
          <Age at={new Date(at).toISOString()} />
        </span>
        <button type="button" data-shortcut="refresh" onClick={again}>
          {words.list.refresh}
        </button>
        {mayDecide && <DecideButtons updateIds={[update.updateId]} isDeclined={update.isDeclined} />}
        {mayDecide && (
          <button type="button" onClick={() => setIsEntering(true)}>
            {words.rings.enter}
          </button>
        )}
        {isEntering && <EnterRings update={update} onClose={() => setIsEntering(false)} />}
      </div>
      {mayDecide && <TakeBack updateId={update.updateId} />}
      {update.isExpired && <p className="notice">{words.updates.isExpired}</p>}
      {update.isDeclined && <p className="notice">{words.updates.isDeclined}</p>}
      <div className="columns">
        <States update={update} />
        <Facts update={update} />
      </div>
      <Decisions decisions={update.decisions} />
      <Groups updateId={update.updateId} />
      <WhyGroup updateId={update.updateId} />
      <Relations updateId={update.updateId} />
      <Files updateId={update.updateId} />
    </>
  );
}

/** After a reload too. */
function TakeBack({ updateId }: { updateId: string }): ReactNode {
  const words = useWords();
  const now = useNow();
  const found = undoables(now).find((one) => one.updateId === updateId);
  if (!found) return null;
  return (
    <p className="notice">
      {words.decide.canUndo} <Age at={new Date(found.at).toISOString()} />{' '}
      <button type="button" onClick={() => void takeBack([found], words)}>
        {words.kit.undo}
      </button>
    </p>
  );
}

const shownStates: readonly UpdateState[] = [
  'failed',
  'notInstalled',
  'downloaded',
  'pendingReboot',
  'installed',
  'notApplicable',
  'unknown',
];

function States({ update: { states, updateId } }: { update: UpdateDetails }): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const parts = shownStates
    .filter((state) => state !== 'notApplicable')
    .map((state) => ({ amount: states[state] ?? 0, className: `fill-state-${state}` }));
  return (
    <section className="card" aria-labelledby="states">
      <h2 id="states">{words.updates.states}</h2>
      <Meter parts={parts} label={words.updates.states} />
      <table>
        <tbody>
          {shownStates.map((state) => (
            <tr key={state}>
              <th scope="row">
                <StateMark state={state} />
              </th>
              <td className="amount">
                {(states[state] ?? 0) > 0 && state !== 'notApplicable' && state !== 'unknown' ? (
                  <Link href={hrefOf('computers', { update: updateId, state, columns: 'name,state,contact,groups' })}>
                    {numberIn(states[state], language)}
                  </Link>
                ) : (
                  numberIn(states[state] ?? 0, language)
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Facts({ update }: { update: UpdateDetails }): ReactNode {
  const words = useWords();
  return (
    <section className="card" aria-labelledby="facts">
      <h2 id="facts">{words.updates.facts}</h2>
      <dl className="facts">
        <div>
          <dt>{words.updates.id}</dt>
          <dd className="wrap">
            <code>{update.updateId}</code> · {words.updates.revision} {update.revisionNumber}
          </dd>
        </div>
        <div>
          <dt>{words.updates.type}</dt>
          <dd>{update.updateType}</dd>
        </div>
        <div>
          <dt>{words.updates.imported}</dt>
          <dd>
            <Moment at={update.importedAt} />
          </dd>
        </div>
        <div>
          <dt>{words.updates.supersededBy}</dt>
          <dd className="wrap">
            {update.supersededBy.length === 0 ? (
              words.updates.notSuperseded
            ) : (
              <ul>
                {update.supersededBy.map(({ updateId, title }) => (
                  <li key={updateId}>
                    <Link href={hrefOf(`updates/${updateId}`)}>{title}</Link>
                  </li>
                ))}
              </ul>
            )}
          </dd>
        </div>
      </dl>
    </section>
  );
}

function Decisions({ decisions }: { decisions: readonly Decision[] }): ReactNode {
  const words = useWords();
  return (
    <section className="card" aria-labelledby="decisions">
      <h2 id="decisions">{words.updates.decisions}</h2>
      {decisions.length === 0 ? (
        <p className="empty">{words.updates.noDecisions}</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">{words.decide.group}</th>
              <th scope="col">{words.decide.action}</th>
              <th scope="col">{words.decide.deadline}</th>
              <th scope="col">{words.decide.by}</th>
              <th scope="col">{words.decide.at}</th>
            </tr>
          </thead>
          <tbody>
            {decisions.map(({ groupId, group, action, deadline, administrator, changedAt }) => (
              <tr key={groupId}>
                <th scope="row">
                  <bdi>{group}</bdi>
                </th>
                <td>{words.actions[action]}</td>
                <td>{deadline ? <Moment at={deadline} /> : '–'}</td>
                <td className="wrap">
                  <bdi>{administrator}</bdi>
                </td>
                <td>
                  <Age at={changedAt} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

interface CountedGroup {
  groupId: string;
  group: string;
  needed: number;
  installed: number;
  failed: number;
}

function Groups({ updateId }: { updateId: string }): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const counts = useAnswer<{ items: CountedGroup[] }>('countUpdateByGroup', { path: { update: updateId } });
  return (
    <section className="card" aria-labelledby="by-group">
      <h2 id="by-group">{words.updates.byGroup}</h2>
      <Asked kept={counts}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="empty">{words.updates.noGroups}</p>
          ) : (
            <table>
              <thead>
                <tr>
                  <th scope="col">{words.decide.group}</th>
                  {(['failed', 'needed', 'installed'] as const).map((name) => (
                    <th scope="col" key={name} className="amount">
                      {words.updates.counts[name]}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {items.map(({ groupId, group, ...counted }) => (
                  <tr key={groupId}>
                    <th scope="row">
                      <Link
                        href={hrefOf('computers', { update: updateId, group, columns: 'name,state,contact,groups' })}
                      >
                        <bdi>{group}</bdi>
                      </Link>
                    </th>
                    <td className={`amount ${counted.failed > 0 ? 'bad' : ''}`}>
                      {numberIn(counted.failed, language)}
                    </td>
                    <td className="amount">{numberIn(counted.needed, language)}</td>
                    <td className="amount">{numberIn(counted.installed, language)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Asked>
    </section>
  );
}

interface FileOfUpdate {
  sha1: string;
  fileName: string;
  sizeBytes: number;
  isMissing: boolean;
}

function Files({ updateId }: { updateId: string }): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const files = useAnswer<{ items: FileOfUpdate[] }>('listUpdateFiles', { path: { update: updateId } });
  return (
    <section className="card" aria-labelledby="files">
      <h2 id="files">{words.updates.files}</h2>
      <Asked kept={files}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="empty">{words.updates.noFiles}</p>
          ) : (
            <table>
              <tbody>
                {items.map(({ sha1, fileName, sizeBytes, isMissing }) => (
                  <tr key={sha1}>
                    <th scope="row" className="wrap">
                      <bdi>{fileName}</bdi>
                    </th>
                    <td className="amount">{sizeIn(sizeBytes, language)}</td>
                    <td className={isMissing ? 'bad' : ''}>
                      {words.content.states[isMissing ? 'missing' : 'present']}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Asked>
    </section>
  );
}
