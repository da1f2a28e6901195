// One computer: its facts, groups, the states of its updates, and what happened to it.
import { type ReactNode, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import { change } from '../api/changes.ts';
import type { ComputerDetails, UpdateState } from '../api/documents.ts';
import { go, hrefOf } from '../kit/address.ts';
import { say } from '../kit/announce.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { Link } from '../kit/link.tsx';
import { useMay } from '../kit/session.tsx';
import { Asked, wordsOf } from '../kit/states.tsx';
import { Age, Moment } from '../kit/time.tsx';
import { useWords } from '../kit/words.tsx';
import { StateMark } from './marks.tsx';
import { Timeline } from './timeline.tsx';
import { WhyComputer } from './why.tsx';

export function ComputerView({ id }: { id: string }): ReactNode {
  const words = useWords();
  const computer = useAnswer<ComputerDetails>('showComputer', { path: { computer: id } }, { everyMs: 30_000 });
  return (
    <>
      <p className="back">
        <Link href={hrefOf('computers')}>{words.nav.computers}</Link>
      </p>
      <Asked kept={computer}>{(found) => <Computer computer={found} at={computer.at} again={computer.again} />}</Asked>
    </>
  );
}

function Computer({ computer, at, again }: { computer: ComputerDetails; at: number; again(): void }): ReactNode {
  const words = useWords();
  const mayAdminister = useMay('administer');
  const name = computer.dnsName || computer.address;
  return (
    <>
      <div className="view-head">
        <h1 id="view-title" tabIndex={-1} className="wrap">
          <bdi>{name}</bdi>
        </h1>
        <span className="dim">
          <Age at={new Date(at).toISOString()} />
        </span>
        <button type="button" data-shortcut="refresh" onClick={again}>
          {words.list.refresh}
        </button>
        {mayAdminister && <Remove computer={computer} name={name} />}
      </div>
      <div className="columns">
        <div className="stack">
          <Facts computer={computer} />
          <WhyComputer computerId={computer.computerId} />
        </div>
        <Updates computer={computer} />
      </div>
      <Timeline computerId={computer.computerId} />
      <Identity computer={computer} />
    </>
  );
}

function Facts({ computer }: { computer: ComputerDetails }): ReactNode {
  const words = useWords();
  const { agentGeneration, agentVersion, groups = [], requestedGroups = [], registration = {} } = computer;
  const { computerManufacturer, computerModel, processorArchitecture } = registration;
  const rows: [string, ReactNode][] = [
    [words.computers.address, computer.address],
    [words.computers.system, computer.osName ?? computer.osDescription ?? '–'],
    [
      words.computers.hardware,
      [computerManufacturer, computerModel, processorArchitecture].filter(Boolean).join(', ') || '–',
    ],
    [words.computers.agent, `${agentGeneration?.toUpperCase() ?? words.generations.unknown} ${agentVersion ?? ''}`],
    [words.nav.groups, <bdi key="groups">{groups.join(', ') || '–'}</bdi>],
    [words.computers.requested, <bdi key="requested">{requestedGroups.join(', ') || '–'}</bdi>],
    [words.computers.firstContact, <Moment key="first" at={computer.firstContact} />],
    [words.computers.lastContact, <Age key="contact" at={computer.lastContact} />],
    [words.computers.lastSync, <Age key="sync" at={computer.lastSync} />],
    [words.computers.lastReport, <Age key="report" at={computer.lastReport} />],
    [
      words.computers.id,
      <code key="id" className="wrap">
        {computer.computerId}
      </code>,
    ],
  ];
  return (
    <section className="card" aria-labelledby="facts">
      <h2 id="facts">{words.computers.facts}</h2>
      <dl className="facts">
        {rows.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd className="wrap">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const mostUpdates = 100;
const asksWhy: readonly UpdateState[] = ['failed', 'pendingReboot', 'notInstalled', 'downloaded', 'unknown'];
const worstFirst = ['failed', 'pendingReboot', 'notInstalled', 'downloaded', 'unknown', 'installed', 'notApplicable'];

function Updates({ computer }: { computer: ComputerDetails }): ReactNode {
  const { updates, states } = computer;
  const words = useWords();
  const sorted = [...updates.items].sort(
    (one, other) => worstFirst.indexOf(one.state) - worstFirst.indexOf(other.state),
  );
  return (
    <section className="card" aria-labelledby="updates">
      <h2 id="updates">{words.nav.updates}</h2>
      <p className="dim">
        {(['failed', 'notInstalled', 'downloaded', 'pendingReboot', 'installed'] as const)
          .map((state) => `${words.updateStates[state]}: ${states[state] ?? 0}`)
          .join(' · ')}
      </p>
      {sorted.length === 0 ? (
        <p className="empty">{words.computers.noUpdates}</p>
      ) : (
        <table className="states-of-updates">
          <tbody>
            {sorted.slice(0, mostUpdates).map(({ updateId, title, state, changedAt }) => (
              <tr key={updateId}>
                <td>
                  <StateMark state={state} />
                </td>
                <td className="wrap">
                  <Link href={hrefOf(`updates/${updateId}`)}>{title}</Link>{' '}
                  {asksWhy.includes(state) && (
                    <Link href={hrefOf(`computers/${computer.computerId}`, { why: updateId })} className="small">
                      {words.why.short}
                    </Link>
                  )}
                </td>
                <td>
                  <Age at={changedAt} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {sorted.length > mostUpdates && <p className="dim">{words.computers.first(mostUpdates, sorted.length)}</p>}
    </section>
  );
}

function Identity({ computer: { identity } }: { computer: ComputerDetails }): ReactNode {
  const words = useWords();
  if (identity.length === 0) return null;
  return (
    <section className="card" aria-labelledby="identity">
      <h2 id="identity">{words.computers.identity}</h2>
      <table>
        <tbody>
          {identity.map(({ at, aspect, before, after }) => (
            <tr key={`${at} ${aspect}`}>
              <td>
                <Moment at={at} />
              </td>
              <td>{aspect}</td>
              <td className="wrap">
                <bdi>{before}</bdi> → <bdi>{after}</bdi>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Remove({ computer, name }: { computer: ComputerDetails; name: string }): ReactNode {
  const words = useWords();
  const [isOpen, setIsOpen] = useState(false);
  const remove = async () => {
    try {
      await change('removeComputer', { path: { computer: computer.computerId } });
      say(words.computers.removed(name));
      go(hrefOf('computers'));
    } catch (error) {
      say(wordsOf(error, words), { isBad: true });
    }
  };
  return (
    <>
      <button type="button" onClick={() => setIsOpen(true)}>
        {words.computers.remove}
      </button>
      {isOpen && (
        <Dialog title={words.computers.removeTitle(name)} onClose={() => setIsOpen(false)}>
          <p>{words.computers.removeText}</p>
          <div className="dialog-foot">
            <button type="button" onClick={() => setIsOpen(false)}>
              {words.kit.cancel}
            </button>
            <button type="button" className="danger" onClick={() => void remove()}>
              {words.computers.remove}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
