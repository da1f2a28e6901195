// Rules for approvals, in the order in which Moult asks them.
import { type ReactNode, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import { call } from '../api/call.ts';
import { change } from '../api/changes.ts';
import { say } from '../kit/announce.tsx';
import { DataTable } from '../kit/data-table.tsx';
import { useDoing } from '../kit/doing.ts';
import { useMay } from '../kit/session.tsx';
import { Asked } from '../kit/states.tsx';
import { SureButton } from '../kit/sure-button.tsx';
import { Age } from '../kit/time.tsx';
import { ViewHead } from '../kit/view-head.tsx';
import { useWords, type Words } from '../kit/words.tsx';
import { RuleDialog } from './rule-dialog.tsx';
import { RuleRuns } from './rule-runs.tsx';

type Value = string | number | boolean | readonly (string | number)[];

export interface Rule {
  ruleId: string;
  place: number;
  name: string;
  enabled?: boolean;
  when?: Readonly<Record<string, Value>>;
  action: keyof Words['rules']['actions'];
  groups?: string[];
  'delay-days'?: number;
  deadline?: { days: number; at: string };
  'accept-licenses'?: string[];
  changedAt: string;
  changedBy: string;
}

export default function Rules(): ReactNode {
  const words = useWords();
  const mayDecide = useMay('decide');
  const rules = useAnswer<{ items: Rule[] }>('listRules', {});
  const [edited, setEdited] = useState<Rule | 'new' | undefined>();
  return (
    <>
      <ViewHead title={words.nav.rules} at={rules.at} again={rules.again}>
        {mayDecide && (
          <button type="button" className="primary" onClick={() => setEdited('new')}>
            {words.rules.add}
          </button>
        )}
      </ViewHead>
      <section className="card" aria-labelledby="view-title">
        <p className="dim">{words.rules.explained}</p>
        <Asked kept={rules}>{({ items }) => <RuleTable rules={items} onEdit={setEdited} />}</Asked>
      </section>
      <RuleRuns />
      {edited !== undefined && (
        <RuleDialog rule={edited === 'new' ? undefined : edited} onClose={() => setEdited(undefined)} />
      )}
    </>
  );
}

function RuleTable({ rules, onEdit }: { rules: readonly Rule[]; onEdit(rule: Rule): void }): ReactNode {
  const words = useWords();
  const mayDecide = useMay('decide');
  return (
    <DataTable
      rows={rules}
      keyOf={({ ruleId }) => ruleId}
      empty={words.rules.empty}
      columns={[
        {
          label: words.session.name,
          cell: ({ place, name, enabled }) => (
            <>
              {place}. <bdi>{name}</bdi>
              {enabled === false && <span className="dim"> ({words.rules.isOff})</span>}
            </>
          ),
        },
        { label: words.rules.when, cell: ({ when }) => <Conditions when={when} /> },
        { label: words.rules.action, cell: (rule) => <Effect rule={rule} /> },
        {
          label: words.rules.changed,
          cell: ({ changedAt, changedBy }) => (
            <>
              <Age at={changedAt} /> <bdi className="dim">{changedBy}</bdi>
            </>
          ),
        },
        mayDecide && {
          label: words.groups.change,
          cell: (rule) => <RuleButtons rule={rule} count={rules.length} onEdit={onEdit} />,
        },
      ]}
    />
  );
}

function Conditions({ when = {} }: { when: Rule['when'] | undefined }): ReactNode {
  const words = useWords();
  const entries = Object.entries(when);
  if (entries.length === 0) return words.rules.always;
  const text = (name: string, value: Value) => {
    if (typeof value === 'boolean') return value ? words.yesNo.yes : words.yesNo.no;
    const values = typeof value === 'object' ? value : [value];
    const severities: Readonly<Record<string, string>> = words.severities;
    return values.map((one) => (name === 'severities' && severities[one]) || String(one)).join(', ');
  };
  const names: Readonly<Record<string, string>> = words.rules.names;
  return (
    <ul className="plain">
      {entries.map(([name, value]) => (
        <li key={name}>
          {names[name] ?? name}: <bdi>{text(name, value)}</bdi>
        </li>
      ))}
    </ul>
  );
}

function Effect({ rule: { action, groups = [], deadline, 'delay-days': delay } }: { rule: Rule }): ReactNode {
  const words = useWords();
  return (
    <>
      {words.rules.actions[action]}
      {groups.length > 0 && (
        <>
          : <bdi>{groups.join(', ')}</bdi>
        </>
      )}
      {delay !== undefined && (
        <span className="dim">
          {' '}
          · {words.rules.delay}: {delay}
        </span>
      )}
      {deadline && (
        <span className="dim">
          {' '}
          · {words.rules.deadlineDays}: {deadline.days}, {deadline.at}
        </span>
      )}
    </>
  );
}

function RuleButtons({ rule, count, onEdit }: { rule: Rule; count: number; onEdit(rule: Rule): void }): ReactNode {
  const words = useWords();
  const doing = useDoing();
  const { ruleId, name, place } = rule;
  const move = (to: number) =>
    doing(() => change('moveRule', { path: { rule: ruleId }, body: { place: to } }), words.rules.moved(name, to));
  const remove = async () => {
    const path = { rule: ruleId };
    const { etag = '' } = await call('showRule', { path });
    await change('removeRule', { path, ifMatch: etag });
    say(words.rules.removed(name));
  };
  return (
    <span className="cell-buttons">
      <button type="button" disabled={place === 1} aria-label={words.rules.up(name)} onClick={() => move(place - 1)}>
        ↑
      </button>
      <button
        type="button"
        disabled={place === count}
        aria-label={words.rules.down(name)}
        onClick={() => move(place + 1)}
      >
        ↓
      </button>
      <button type="button" onClick={() => onEdit(rule)}>
        {words.rules.edit}
      </button>
      <SureButton
        label={words.rules.remove}
        title={words.rules.removeTitle(name)}
        text={words.rules.removeText}
        onSure={remove}
      />
    </span>
  );
}
