// Home: the list of tasks, each with the button that leads to its view. Below it the state of the server, from the
// self-update service to the disks.
import type { HomeDocument } from '@moult/server/home-document';
import type { ReactNode } from 'react';
import { useAnswer } from '../api/cached.ts';
import type { Page, SetUpDocument, Status, Update } from '../api/documents.ts';
import { hrefOf } from '../kit/address.ts';
import { Link } from '../kit/link.tsx';
import { Meter } from '../kit/meter.tsx';
import { numberIn, sizeIn } from '../kit/numbers.ts';
import { useMay } from '../kit/session.tsx';
import { spanOf } from '../kit/spans.ts';
import { Asked } from '../kit/states.tsx';
import { Age, useNow } from '../kit/time.tsx';
import { useLanguage, useWords } from '../kit/words.tsx';
import { HomeActivity } from './home-activity.tsx';
import { HomeContacts } from './home-contacts.tsx';
import { HomeRings } from './home-rings.tsx';
import { HomeSelfUpdate } from './home-self-update.tsx';
import { HomeSync } from './home-sync.tsx';
import { StopCard } from './stop.tsx';
import type { SyncDocument } from './sync-state.tsx';
import { type Task, tasksOf } from './to-do.ts';
import { WaitingChanges } from './waiting-changes.tsx';

/** These change seldom. */
const rarely = { everyMs: 300_000 };

export function Home(): ReactNode {
  const words = useWords();
  const home = useAnswer<HomeDocument>('readHome', {}, { everyMs: 15_000 });
  const status = useAnswer<Status>('readStatus', {}, { everyMs: 60_000 });
  const waiting = useAnswer<Page<Update>>('listUpdates', {
    query: { approval: 'unapproved', needed: true, superseded: false, sort: 'imported', limit: 1 },
  });
  const unassigned = useAnswer<Page<unknown>>('listComputers', { query: { group: 'Unassigned Computers', limit: 1 } });
  const missing = useAnswer<Page<unknown> & Record<'missing' | 'damaged', { files: number }>>('listContent', {
    query: { limit: 1 },
  });
  const sync = useAnswer<SyncDocument>('readSync', {});
  const setUp = useAnswer<SetUpDocument>('readSetUp', useMay('administer') ? {} : undefined, rarely);
  const tree = useAnswer<{ releases: { state: string }[] }>('listTree', { query: { limit: 1 } }, rarely);
  return (
    <>
      <div className="view-head">
        <h1 id="view-title" tabIndex={-1}>
          {words.home.title}
        </h1>
        <span className="dim">{home.at > 0 && <Age at={new Date(home.at).toISOString()} />}</span>
        <button
          type="button"
          data-shortcut="refresh"
          onClick={() => [home, status, waiting, unassigned, missing, sync, tree].forEach(({ again }) => void again())}
        >
          {words.list.refresh}
        </button>
      </div>
      <Asked kept={home}>
        {(document) => (
          <>
            <ToDo
              tasks={tasksOf(document, {
                status: status.document,
                waiting: waiting.document,
                unassigned: unassigned.document?.total,
                files: missing.document,
                sync: sync.document,
                setUpSteps: setUp.document?.steps.filter(({ state }) => state === 'open').length,
                releases: tree.document?.releases.filter(({ state }) => state === 'waiting').length,
              })}
              isComplete={[status, waiting, unassigned, missing, sync, tree].every(({ at }) => at > 0)}
            />
            <div className="flow">
              <HomeSelfUpdate home={document} />
              <Computers home={document} />
              <Updates home={document} waiting={waiting.document?.total} />
              {sync.document && <HomeSync sync={sync.document} />}
              <HomeContacts total={document.computers.total} />
              <HomeRings />
              <WaitingChanges />
              <StopCard />
              <HomeActivity home={document} />
              {status.document && <Server status={status.document} />}
            </div>
          </>
        )}
      </Asked>
    </>
  );
}

function ToDo({ tasks, isComplete }: { tasks: readonly Task[]; isComplete: boolean }): ReactNode {
  const words = useWords();
  return (
    <section className="card" aria-labelledby="to-do">
      <h2 id="to-do">{words.home.toDo}</h2>
      {tasks.length === 0 ? (
        <p>{isComplete ? words.home.nothingToDo : words.states.loading}</p>
      ) : (
        <ul className="tasks">
          {tasks.map((task) => (
            <TaskLine key={task.key} task={task} />
          ))}
        </ul>
      )}
    </section>
  );
}

function TaskLine({ task }: { task: Task }): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const now = useNow();
  const { kind, amount = 0, since, href, headline, detail } = task;
  const text = headline ?? words.home.tasks[kind](numberIn(amount, language), amount);
  return (
    <li className={`task task-${task.tone}`}>
      <span className="task-text">
        <strong>{text}</strong>
        {detail && <span className="wrap">{detail}</span>}
        {since && now - Date.parse(since) > 60_000 && (
          <span className="dim">{words.home.waits(spanOf(since, now, language))}</span>
        )}
      </span>
      {href.startsWith('/docs/') ? (
        <a href={href} className="button">
          {words.home.mend[kind]}
        </a>
      ) : (
        <Link href={href} className="button">
          {words.home.mend[kind]}
        </Link>
      )}
    </li>
  );
}

function Figure({
  amount,
  label,
  href,
  tone,
}: {
  amount: number;
  label: string;
  href?: string;
  tone?: 'bad';
}): ReactNode {
  const language = useLanguage();
  const number = <span className={`figure ${tone && amount > 0 ? tone : ''}`}>{numberIn(amount, language)}</span>;
  return (
    <div>
      <dt>{label}</dt>
      <dd>{href ? <Link href={href}>{number}</Link> : number}</dd>
    </div>
  );
}

function Computers({ home: { computers } }: { home: HomeDocument }): ReactNode {
  const words = useWords();
  const { needing, failing, silent, silentDays, neverReported } = computers.attention;
  const by = (name: string) => computers.generations.find(({ generation }) => generation === name)?.computers ?? 0;
  const parts = (['wsus', 'sus', 'unknown'] as const).map((name) => ({ amount: by(name), className: `fill-${name}` }));
  return (
    <section className="card" aria-labelledby="home-computers">
      <h2 id="home-computers">{words.nav.computers}</h2>
      <dl className="figures">
        <Figure amount={computers.total} label={words.home.computers.all} href={hrefOf('computers')} />
        <Figure
          amount={failing.computers}
          label={words.home.computers.failing}
          href={hrefOf('computers', { failed: 'true' })}
          tone="bad"
        />
        <Figure
          amount={needing.computers}
          label={words.home.computers.needing}
          href={hrefOf('computers', { needed: 'true' })}
        />
        <Figure
          amount={silent.computers}
          label={words.home.computers.silent(silentDays)}
          href={hrefOf('computers', { silentDays: String(silentDays), sort: 'last-contact', order: 'asc' })}
        />
        <Figure amount={neverReported} label={words.home.computers.neverReported} />
      </dl>
      <p className="dim">
        {words.home.lastContact} <Age at={computers.lastContactAt} />
      </p>
      <h3>{words.home.agents}</h3>
      <Meter parts={parts} label={words.home.agents} />
      <Versions computers={computers} />
    </section>
  );
}

function Versions({ computers }: { computers: HomeDocument['computers'] }): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const rows = computers.generations.flatMap(({ generation, versions }) =>
    versions.map((one) => ({ generation, ...one })),
  );
  if (rows.length === 0) return null;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{words.home.generation}</th>
          <th scope="col">{words.home.version}</th>
          <th scope="col" className="amount">
            {words.nav.computers}
          </th>
          <th scope="col">{words.home.standing}</th>
        </tr>
      </thead>
      <tbody>
        {rows.slice(0, 12).map(({ generation, version, computers: amount, standing }) => (
          <tr key={`${generation} ${version}`}>
            <td>
              <span className={`swatch swatch-${generation}`} aria-hidden="true" />
              {words.generations[generation]}
            </td>
            <td>
              {version === '' ? (
                words.generations.unknown
              ) : (
                <Link href={hrefOf('computers', { agent: version })}>{version}</Link>
              )}
            </td>
            <td className="amount">{numberIn(amount, language)}</td>
            <td>{words.home.standings[standing]}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Updates({ home: { updates }, waiting }: { home: HomeDocument; waiting: number | undefined }): ReactNode {
  const words = useWords();
  return (
    <section className="card" aria-labelledby="home-updates">
      <h2 id="home-updates">{words.nav.updates}</h2>
      <dl className="figures">
        <Figure amount={updates.total} label={words.home.updates.all} href={hrefOf('updates')} />
        {waiting !== undefined && (
          <Figure
            amount={waiting}
            label={words.home.updates.waiting}
            href={hrefOf('updates', { approval: 'unapproved', needed: 'true', superseded: 'false' })}
          />
        )}
        <Figure
          amount={updates.approved}
          label={words.home.updates.approved}
          href={hrefOf('updates', { approval: 'approved' })}
        />
        <Figure
          amount={updates.declined}
          label={words.home.updates.declined}
          href={hrefOf('updates', { approval: 'declined' })}
        />
        <Figure amount={updates.deployments} label={words.home.updates.deployments} />
      </dl>
    </section>
  );
}

function Server({ status }: { status: Status }): ReactNode {
  const words = useWords();
  const language = useLanguage();
  return (
    <section className="card" aria-labelledby="home-server">
      <h2 id="home-server">{words.home.server}</h2>
      <p>
        Moult {status.version} · {status.engine} · {words.home.startedAt} <Age at={status.server.startedAt} />
      </p>
      <table>
        <caption>{words.home.storage}</caption>
        <tbody>
          {status.disks.map((disk) => (
            <tr key={disk.holds}>
              <th scope="row" className="wrap">
                {disk.folder ?? words.home.disks[disk.holds]}
              </th>
              <td className={`amount ${disk.isLow ? 'bad' : ''}`}>
                {words.home.free(sizeIn(disk.freeBytes, language))}
                {disk.isLow && ` (${words.home.low})`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
