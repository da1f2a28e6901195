// Decisions on all updates of a list, also of thousands. The server gets the filter and the count that the person saw. It
// refuses when it counts another number.
import { type ReactNode, useState } from 'react';
import type { Query } from '../api/call.ts';
import type { Action } from '../api/documents.ts';
import { say } from '../kit/announce.tsx';
import { FormDialog, momentOf, textOf } from '../kit/form-dialog.tsx';
import { Menu } from '../kit/menu.tsx';
import { numberIn } from '../kit/numbers.ts';
import { useSession } from '../kit/session.tsx';
import { useLanguage, useWords } from '../kit/words.tsx';
import { filterOf } from '../list/bulk-filter.ts';
import { type ChosenGroup, GroupPicker } from './group-picker.tsx';
import { startJob } from './job.tsx';

interface Props {
  /** As the server counted it. */
  total: number;
  asked: Query;
}

const actions: readonly Action[] = [
  'Install',
  'OptionalInstall',
  'Uninstall',
  'PreDeploymentCheck',
  'Block',
  'Inherit',
];

export function BulkButtons({ total, asked }: Props): ReactNode {
  const words = useWords();
  const language = useLanguage();
  // A decline, and license terms, count for all computers.
  const { isWholeServer } = useSession();
  const [open, setOpen] = useState<'approve' | 'decline' | undefined>();
  const text = numberIn(total, language);
  if (total === 0) return null;
  return (
    <>
      <Menu label={words.bulk.all(text)}>
        <p>{words.bulk.text(text)}</p>
        <div className="menu-buttons">
          <button type="button" onClick={() => setOpen('approve')}>
            {words.bulk.approve}
          </button>
          {isWholeServer && (
            <button type="button" onClick={() => setOpen('decline')}>
              {words.bulk.decline}
            </button>
          )}
        </div>
      </Menu>
      {open === 'approve' && <ApproveAll {...{ total, asked }} onClose={() => setOpen(undefined)} />}
      {open === 'decline' && <DeclineAll {...{ total, asked }} onClose={() => setOpen(undefined)} />}
    </>
  );
}

type Open = Props & { onClose(): void };

/** The list can move while the dialog is open: what the person saw counts. */
function useMatching({ total, asked }: Props) {
  const [matching] = useState(() => ({ filter: filterOf(asked), expected: total }));
  return matching;
}

function ApproveAll({ onClose, ...props }: Open): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const { isWholeServer } = useSession();
  const matching = useMatching(props);
  const [groups, setGroups] = useState<readonly ChosenGroup[]>([]);
  const text = numberIn(matching.expected, language);
  const approve = async (form: FormData) => {
    const deadline = momentOf(form, 'deadline');
    await startJob('approveMatchingUpdates', {
      body: {
        ...{ ...matching, groups: groups.map(({ groupId }) => groupId), action: textOf(form, 'action') },
        ...{ skipRefused: form.get('skip') !== null, acceptLicense: form.get('license') !== null },
        ...(deadline !== undefined && { deadline }),
      },
    });
    say(words.jobs.began);
  };
  return (
    <FormDialog
      title={words.bulk.approveTitle(text)}
      save={words.bulk.approve}
      isWide
      isIncomplete={groups.length === 0}
      onSave={approve}
      onClose={onClose}
    >
      <p>{words.bulk.text(text)}</p>
      <GroupPicker chosen={groups} onChange={setGroups} />
      <div className="fields">
        <label>
          {words.decide.action}
          <select name="action">
            {actions.map((one) => (
              <option key={one} value={one}>
                {words.actions[one]}
              </option>
            ))}
          </select>
        </label>
        <label>
          {words.decide.deadline}
          <input type="datetime-local" name="deadline" />
        </label>
      </div>
      <label className="choice">
        <input type="checkbox" name="skip" defaultChecked />
        {words.bulk.skip}
      </label>
      {isWholeServer && (
        <label className="choice">
          <input type="checkbox" name="license" />
          {words.decide.acceptLicense}
        </label>
      )}
    </FormDialog>
  );
}

function DeclineAll({ onClose, ...props }: Open): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const matching = useMatching(props);
  const text = numberIn(matching.expected, language);
  const decline = async () => {
    await startJob('declineMatchingUpdates', { body: { ...matching, skipRefused: true } });
    say(words.jobs.began);
  };
  return (
    <FormDialog
      title={words.bulk.declineTitle(text)}
      save={words.bulk.declineSave}
      isDanger
      onSave={decline}
      onClose={onClose}
    >
      <p>{words.bulk.text(text)}</p>
    </FormDialog>
  );
}
