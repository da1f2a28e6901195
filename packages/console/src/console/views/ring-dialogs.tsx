// New rings, and an update that enters rings.
import { type ReactNode, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import { change } from '../api/changes.ts';
import { say } from '../kit/announce.tsx';
import { FormDialog, numberOf, textOf } from '../kit/form-dialog.tsx';
import { Asked } from '../kit/states.tsx';
import { useWords } from '../kit/words.tsx';
import { type ChosenGroup, GroupPicker } from './group-picker.tsx';

interface NewRing {
  key: number;
  groups: readonly ChosenGroup[];
  /** As typed. '' for a ring of groups. */
  percent: string;
}

const mostRings = 20;

function newRing(rings: readonly NewRing[]): NewRing {
  return { key: Math.max(...rings.map(({ key }) => key)) + 1, groups: [], percent: '' };
}

export function NewRings({ onClose }: { onClose(): void }): ReactNode {
  const words = useWords();
  const [rings, setRings] = useState<readonly NewRing[]>([
    { key: 1, groups: [], percent: '' },
    { key: 2, groups: [], percent: '' },
  ]);
  const save = async (form: FormData) => {
    const name = textOf(form, 'name');
    const wanted = rings.map(({ key, groups, percent }) => ({
      name: textOf(form, `name-${key}`),
      ...(percent === '' ? { groups: groups.map(({ groupId }) => groupId) } : { percent: Number(percent) }),
      policy: policyOf(form, key),
    }));
    await change('addRings', { body: { name, rings: wanted } });
    say(words.rings.added(name));
  };
  const setRing = (key: number, changes: Partial<NewRing>) =>
    setRings(rings.map((one) => (one.key === key ? { ...one, ...changes } : one)));
  const isIncomplete = rings.some(({ groups, percent }) => groups.length === 0 && percent === '');
  return (
    <FormDialog title={words.rings.add} isWide {...{ isIncomplete, onClose }} onSave={save}>
      <label>
        {words.session.name}
        <input name="name" required maxLength={256} autoComplete="off" />
      </label>
      {rings.map(({ key, groups, percent }, at) => (
        <section key={key} className="ring-form">
          <div className="fields">
            <label>
              {words.rings.ringName(at + 1)}
              <input name={`name-${key}`} required maxLength={256} autoComplete="off" />
            </label>
            {policyFields.map(([name, label, most]) => (
              <label key={name}>
                {words.rings[label]}
                <input name={`${name}-${key}`} type="number" min={0} max={most} step="any" />
              </label>
            ))}
            <label>
              {words.rings.percent}
              <input
                type="number"
                min={0.001}
                max={100}
                step="any"
                value={percent}
                onChange={(event) => setRing(key, { percent: event.currentTarget.value })}
              />
            </label>
          </div>
          {percent === '' && <GroupPicker chosen={groups} onChange={(chosen) => setRing(key, { groups: chosen })} />}
          {rings.length > 1 && (
            <button type="button" onClick={() => setRings(rings.filter((one) => one.key !== key))}>
              {words.rings.removeRing(at + 1)}
            </button>
          )}
        </section>
      ))}
      {rings.length < mostRings && (
        <button type="button" onClick={() => setRings([...rings, newRing(rings)])}>
          {words.rings.addRing}
        </button>
      )}
    </FormDialog>
  );
}

const policyFields = [
  ['hours', 'minHours', 8760],
  ['goodPercent', 'goodPercent', 100],
  ['failurePercent', 'failurePercent', 100],
] as const;

/** Empty fields leave the defaults of the server. */
function policyOf(form: FormData, key: number): Record<string, number> {
  const given = policyFields.map(([name]) => [name, numberOf(form, `${name}-${key}`)] as const);
  return Object.fromEntries(given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

/** `update`: which one, if a person does not type it. */
export function EnterRings({
  update,
  onClose,
}: {
  update?: { updateId: string; title: string };
  onClose(): void;
}): ReactNode {
  const words = useWords();
  const plans = useAnswer<{ items: { planId: string; name: string }[] }>('listRings', {});
  const save = async (form: FormData) => {
    const body = { rings: textOf(form, 'rings'), update: update?.updateId ?? textOf(form, 'update') };
    await change('enterRings', { body });
    say(words.rings.entered);
  };
  const isIncomplete = (plans.document?.items.length ?? 0) === 0;
  return (
    <FormDialog
      title={update ? words.rings.enterTitle(update.title) : words.rings.enter}
      {...{ isIncomplete, onClose }}
      onSave={save}
    >
      {!update && (
        <label>
          {words.computers.update}
          <input name="update" required maxLength={256} autoComplete="off" spellCheck={false} />
        </label>
      )}
      <Asked kept={plans}>
        {({ items }) =>
          items.length === 0 ? (
            <p>{words.rings.noPlans}</p>
          ) : (
            <label>
              {words.rings.choose}
              <select name="rings" required>
                {items.map(({ planId, name }) => (
                  <option key={planId} value={planId}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
          )
        }
      </Asked>
    </FormDialog>
  );
}
