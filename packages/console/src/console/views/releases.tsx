// Agent releases: what is signed and until when, what agents get, pins and recalls.
import { type ReactNode, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import { change } from '../api/changes.ts';
import { hrefOf } from '../kit/address.ts';
import { DataTable } from '../kit/data-table.tsx';
import { useDoing } from '../kit/doing.ts';
import { Link } from '../kit/link.tsx';
import { numberIn, sizeIn } from '../kit/numbers.ts';
import { useMay } from '../kit/session.tsx';
import { Asked } from '../kit/states.tsx';
import { SureButton } from '../kit/sure-button.tsx';
import { Tabs } from '../kit/tabs.tsx';
import { Moment } from '../kit/time.tsx';
import { ViewHead } from '../kit/view-head.tsx';
import { useLanguage, useWords, type Words } from '../kit/words.tsx';
import { ListView } from '../list/list-view.tsx';
import { InstallCard } from './install-card.tsx';
import { Marked } from './marks.tsx';
import { PinDialog, Pins, targets, WithTargets } from './release-list.tsx';

interface Signing {
  items: {
    role: string;
    version?: number;
    expires?: string;
    daysLeft?: number;
    level?: string;
    threshold: number;
    keys: { keyid: string; owner: string }[];
    staged?: { version: number };
  }[];
  waiting: string[];
}

interface Tree {
  releases: {
    generation: string;
    version: string;
    sizeBytes: number;
    signedAt: string;
    isNewest: boolean;
    state: keyof Words['releases']['states'];
    reason?: string;
  }[];
}

const tones = { offered: 'good', waiting: 'pending', recalled: 'bad' } as const;

export default function Releases({ id }: { id: string | undefined }): ReactNode {
  const words = useWords();
  const mayAdminister = useMay('administer');
  const [isPinning, setIsPinning] = useState(false);
  const all = [
    ['', words.releases.tabs.state],
    ['list', words.releases.tabs.list],
  ] as const;
  const tabs = <Tabs label={words.nav.releases} view="releases" tabs={all} chosen={id === 'list' ? id : ''} />;
  if (id !== 'list') return <State tabs={tabs} />;
  return (
    <ListView
      list={targets}
      actions={
        mayAdminister && (
          <button type="button" onClick={() => setIsPinning(true)}>
            {words.releases.pin}
          </button>
        )
      }
      withSelected={mayAdminister ? (paths) => <WithTargets paths={paths} /> : undefined}
    >
      {tabs}
      <Pins />
      {isPinning && <PinDialog onClose={() => setIsPinning(false)} />}
    </ListView>
  );
}

function State({ tabs }: { tabs: ReactNode }): ReactNode {
  const words = useWords();
  const signing = useAnswer<Signing>('readSigning', {});
  const tree = useAnswer<Tree>('listTree', { query: { limit: 1 } });
  return (
    <>
      <ViewHead
        title={words.nav.releases}
        at={tree.at}
        again={() => [signing, tree].forEach(({ again }) => void again())}
      />
      {tabs}
      <section className="card" aria-labelledby="offered">
        <h2 id="offered">{words.releases.offered}</h2>
        <Asked kept={tree}>{({ releases }) => <Offered releases={releases} />}</Asked>
        <p>
          <Link href={hrefOf('computers', { sort: 'agent', order: 'asc' })}>{words.releases.byVersion}</Link>
        </p>
      </section>
      <InstallCard />
      <section className="card" aria-labelledby="signing">
        <h2 id="signing">{words.releases.signing}</h2>
        <Asked kept={signing}>{(found) => <Roles signing={found} />}</Asked>
      </section>
    </>
  );
}

function Offered({ releases }: Tree): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const mayAdminister = useMay('administer');
  return (
    <DataTable
      rows={releases}
      keyOf={({ generation, version }) => `${generation} ${version}`}
      empty={words.releases.none}
      columns={[
        { label: words.home.version, cell: ({ version }) => version },
        {
          label: words.home.generation,
          cell: ({ generation }) => words.generations[generation as keyof Words['generations']] ?? generation,
        },
        {
          label: words.releases.state,
          cell: ({ state, isNewest, reason }) => (
            <>
              <Marked tone={tones[state]} text={words.releases.states[state]} />
              {isNewest && ` · ${words.home.standings.newest}`}
              {reason && <span className="dim"> {reason}</span>}
            </>
          ),
        },
        { label: words.content.size, isNumber: true, cell: ({ sizeBytes }) => sizeIn(sizeBytes, language) },
        { label: words.releases.signedAt, cell: ({ signedAt }) => <Moment at={signedAt} /> },
        mayAdminister && {
          label: words.releases.offer,
          cell: ({ state, version }) =>
            state === 'waiting' ? (
              <SureButton
                label={words.releases.offer}
                title={words.releases.offerTitle(version)}
                text={words.releases.offerText}
                onSure={() => change('offerRelease', { body: { version } })}
              />
            ) : (
              ''
            ),
        },
      ]}
    />
  );
}

function Roles({ signing: { items, waiting } }: { signing: Signing }): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const mayAdminister = useMay('administer');
  const doing = useDoing();
  const publish = (renew: boolean) =>
    doing(() => change('publishReleases', { body: { renew } }), words.releases.published);
  return (
    <>
      {waiting.length > 0 && (
        <ul className="notice plain wrap">
          {waiting.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      <DataTable
        rows={items}
        keyOf={({ role }) => role}
        empty={words.releases.none}
        columns={[
          { label: words.releases.role, cell: ({ role }) => <code>{role}</code> },
          {
            label: words.releases.daysLeft,
            isNumber: true,
            cell: ({ daysLeft, level }) =>
              daysLeft === undefined ? (
                '–'
              ) : (
                <span className={level === 'fine' ? '' : 'bad'}>{numberIn(Math.floor(daysLeft), language)}</span>
              ),
          },
          { label: words.settings.validTo, cell: ({ expires }) => (expires ? <Moment at={expires} /> : '–') },
          {
            label: words.releases.keys,
            cell: ({ keys, threshold }) => (
              <span title={keys.map(({ keyid, owner }) => `${owner} ${keyid}`).join('\n')}>
                {words.releases.threshold(threshold, keys.length)}
              </span>
            ),
          },
          { label: words.home.version, isNumber: true, cell: ({ version }) => version ?? '–' },
          {
            label: words.releases.staged,
            cell: ({ staged }) => (staged ? words.releases.stagedVersion(staged.version) : '–'),
          },
        ]}
      />
      {mayAdminister && (
        <p className="menu-buttons">
          <button type="button" disabled={waiting.length === 0} onClick={() => publish(false)}>
            {words.releases.publish}
          </button>
          <button type="button" onClick={() => publish(true)}>
            {words.releases.renew}
          </button>
        </p>
      )}
    </>
  );
}
