// Approve updates: the dialog for groups, action and deadline. It forecasts the effect before the decision.
import { type ReactNode, useState } from 'react';
import { Refusal } from '../api/call.ts';
import { change } from '../api/changes.ts';
import type { Action } from '../api/documents.ts';
import { Dialog } from '../kit/dialog.tsx';
import { wordsOf } from '../kit/states.tsx';
import { type Undoable, undoOfApproval } from '../kit/undo.ts';
import { useWords } from '../kit/words.tsx';
import { Forecast } from './forecast.tsx';
import { type ChosenGroup, GroupPicker } from './group-picker.tsx';
import { showDecided } from './take-back.ts';

interface Props {
  updateIds: readonly string[];
  onDone(undoables: readonly Undoable[], text: string): void;
  onClose(): void;
}

const actions: readonly Action[] = [
  'Install',
  'OptionalInstall',
  'Uninstall',
  'PreDeploymentCheck',
  'Block',
  'Inherit',
];

export function ApproveDialog({ updateIds, onDone, onClose }: Props): ReactNode {
  const words = useWords();
  const [chosen, setChosen] = useState<readonly ChosenGroup[]>([]);
  const groupIds = chosen.map(({ groupId }) => groupId);
  const [action, setAction] = useState<Action>('Install');
  const [deadline, setDeadline] = useState('');
  const [needsLicense, setNeedsLicense] = useState(false);
  const [acceptLicense, setAcceptLicense] = useState(false);
  const [error, setError] = useState('');
  const [isSaving, setIsSaving] = useState(false);

  const approve = async () => {
    setIsSaving(true);
    setError('');
    try {
      const before = await showDecided(updateIds);
      const until = deadline === '' ? {} : { deadline: new Date(deadline).toISOString() };
      await change('approveUpdates', {
        body: { updates: updateIds, groups: groupIds, action, ...until, ...(acceptLicense && { acceptLicense }) },
      });
      onDone(
        before.map((one) => undoOfApproval(one, groupIds, action, Date.now())),
        words.decide.approved(before.length, words.actions[action], chosen.length),
      );
    } catch (failed) {
      if (failed instanceof Refusal && failed.code === 'ADMINISTRATION_LICENSE_TERMS') setNeedsLicense(true);
      setError(wordsOf(failed, words));
      setIsSaving(false);
    }
  };
  const takesDeadline = action === 'Install' || action === 'Uninstall';
  return (
    <Dialog
      title={words.decide.approveTitle(updateIds.length)}
      onClose={isSaving ? undefined : onClose}
      className="dialog-wide"
    >
      <GroupPicker chosen={chosen} onChange={setChosen} />
      <div className="filters">
        <label className="filter">
          <span>{words.decide.action}</span>
          <select value={action} onChange={(event) => setAction(event.currentTarget.value as Action)}>
            {actions.map((one) => (
              <option key={one} value={one}>
                {words.actions[one]}
              </option>
            ))}
          </select>
        </label>
        {takesDeadline && (
          <label className="filter">
            <span>{words.decide.deadline}</span>
            <input
              type="datetime-local"
              value={deadline}
              onChange={(event) => setDeadline(event.currentTarget.value)}
            />
          </label>
        )}
      </div>
      {chosen.length > 0 && <Forecast updateIds={updateIds} groupIds={groupIds} action={action} />}
      {needsLicense && (
        <label className="choice">
          <input
            type="checkbox"
            checked={acceptLicense}
            onChange={(event) => setAcceptLicense(event.currentTarget.checked)}
          />
          {words.decide.acceptLicense}
        </label>
      )}
      <p role="alert" className="bad">
        {error}
      </p>
      <div className="dialog-foot">
        <button type="button" disabled={isSaving} onClick={onClose}>
          {words.kit.cancel}
        </button>
        <button
          type="button"
          className="primary"
          disabled={isSaving || chosen.length === 0}
          onClick={() => void approve()}
        >
          {isSaving ? words.decide.saving : words.decide.confirm(words.actions[action])}
        </button>
      </div>
    </Dialog>
  );
}
