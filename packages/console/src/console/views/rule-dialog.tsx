// A rule as a form. The form leaves fields that it does not show as they are.
import { type ReactNode, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import { change } from '../api/changes.ts';
import type { Group, Page } from '../api/documents.ts';
import { say } from '../kit/announce.tsx';
import { FormDialog, linesOf, numberOf, textOf } from '../kit/form-dialog.tsx';
import { useWords, type Words } from '../kit/words.tsx';
import { type ChosenGroup, GroupPicker } from './group-picker.tsx';
import type { Rule } from './rules.tsx';

type Action = Rule['action'];

const lists = ['classifications', 'products', 'kb', 'cves'] as const;
const numbers = ['min-age-days', 'max-age-days', 'needed-by'] as const;
const severities = ['critical', 'important', 'moderate', 'low', 'unspecified'] as const;

/** Undefined: a new one. */
export function RuleDialog({ rule, onClose }: { rule: Rule | undefined; onClose(): void }): ReactNode {
  const words = useWords();
  const [action, setAction] = useState<Action>(rule?.action ?? 'install');
  // Rules name their groups. The names tell groups apart.
  const [groups, setGroups] = useState<readonly ChosenGroup[]>();
  const known = useAnswer<Page<Group>>('listGroups', rule?.groups ? { query: { limit: 200 } } : undefined);
  const idOf = (name: string) => known.document?.items.find((one) => one.name === name)?.groupId ?? name;
  const chosen = groups ?? (rule?.groups ?? []).map((name) => ({ groupId: idOf(name), name }));
  const hasGroups = action !== 'decline' && action !== 'hold';
  const save = async (form: FormData) => {
    const body = bodyOf(rule, { form, action, groups: hasGroups ? chosen.map(({ name }) => name) : [] });
    await change('saveRule', { body });
    say(words.rules.saved(body.name));
  };
  return (
    <FormDialog
      title={rule ? words.rules.editTitle(rule.name) : words.rules.add}
      isWide
      isIncomplete={hasGroups && chosen.length === 0}
      onSave={save}
      onClose={onClose}
    >
      <label>
        {words.session.name}
        <input name="name" required maxLength={256} readOnly={rule !== undefined} defaultValue={rule?.name} />
      </label>
      <label className="choice">
        <input name="enabled" type="checkbox" defaultChecked={rule?.enabled !== false} />
        {words.rules.isOn}
      </label>
      <ConditionFields when={rule?.when ?? {}} />
      <label>
        {words.rules.action}
        <select value={action} onChange={(event) => setAction(event.currentTarget.value as Action)}>
          {(Object.keys(words.rules.actions) as Action[]).map((one) => (
            <option key={one} value={one}>
              {words.rules.actions[one]}
            </option>
          ))}
        </select>
      </label>
      {hasGroups && <GroupPicker chosen={chosen} onChange={setGroups} />}
      {hasGroups && (
        <div className="fields">
          <label>
            {words.rules.delay}
            <input name="delay" type="number" min={0} max={3650} defaultValue={rule?.['delay-days']} />
          </label>
          {action === 'install' && (
            <>
              <label>
                {words.rules.deadlineDays}
                <input name="days" type="number" min={0} max={3650} defaultValue={rule?.deadline?.days} />
              </label>
              <label>
                {words.rules.deadlineAt}
                <input name="at" type="time" defaultValue={rule?.deadline?.at ?? '22:00'} />
              </label>
            </>
          )}
        </div>
      )}
    </FormDialog>
  );
}

function ConditionFields({ when }: { when: NonNullable<Rule['when']> }): ReactNode {
  const words = useWords();
  const listed = (name: string) => [when[name] ?? []].flat() as (string | number)[];
  const label = (name: keyof Words['rules']['names']) => words.rules.names[name];
  return (
    <fieldset>
      <legend>{words.rules.when}</legend>
      <div className="fields">
        {lists.map((name) => (
          <label key={name}>
            {label(name)}, {words.rules.eachLine}
            <textarea name={name} rows={2} defaultValue={listed(name).join('\n')} spellCheck={false} />
          </label>
        ))}
        <label>
          {label('title')}
          <input name="title" maxLength={256} defaultValue={String(when.title ?? '')} spellCheck={false} />
        </label>
        <label>
          {label('superseded')}
          <select name="superseded" defaultValue={when.superseded === undefined ? '' : String(when.superseded)}>
            <option value="">{words.list.any}</option>
            <option value="true">{words.yesNo.yes}</option>
            <option value="false">{words.yesNo.no}</option>
          </select>
        </label>
        {numbers.map((name) => (
          <label key={name}>
            {label(name)}
            <input name={name} type="number" min={0} max={10_000_000} defaultValue={String(when[name] ?? '')} />
          </label>
        ))}
      </div>
      <fieldset className="choices">
        <legend>{label('severities')}</legend>
        {severities.map((one) => (
          <label key={one} className="choice">
            <input name="severities" type="checkbox" value={one} defaultChecked={listed('severities').includes(one)} />
            {words.severities[one]}
          </label>
        ))}
      </fieldset>
    </fieldset>
  );
}

interface Typed {
  form: FormData;
  action: Action;
  groups: string[];
}

/** The rule as the server takes it. */
function bodyOf(rule: Rule | undefined, { form, action, groups }: Typed) {
  const { days, at } = { days: numberOf(form, 'days'), at: textOf(form, 'at') };
  const delay = numberOf(form, 'delay');
  const licenses = rule?.['accept-licenses'];
  return {
    name: textOf(form, 'name'),
    ...(!form.has('enabled') && { enabled: false }),
    when: { ...(rule?.when?.types && { types: rule.when.types }), ...conditionsIn(form) },
    action,
    ...(groups.length > 0 && { groups }),
    ...(delay && { 'delay-days': delay }),
    ...(action === 'install' && days !== undefined && { deadline: { days, at } }),
    ...(licenses && { 'accept-licenses': licenses }),
  };
}

function conditionsIn(form: FormData): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const name of lists) if (linesOf(form, name).length > 0) found[name] = linesOf(form, name);
  for (const name of numbers) if (numberOf(form, name) !== undefined) found[name] = numberOf(form, name);
  if (textOf(form, 'title') !== '') found.title = textOf(form, 'title');
  if (textOf(form, 'superseded') !== '') found.superseded = textOf(form, 'superseded') === 'true';
  if (form.getAll('severities').length > 0) found.severities = form.getAll('severities');
  return found;
}
