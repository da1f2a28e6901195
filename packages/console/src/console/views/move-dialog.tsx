// Which group computers come into, or leave.
import { type ReactNode, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import type { Group, Page } from '../api/documents.ts';
import { Dialog } from '../kit/dialog.tsx';
import { Asked } from '../kit/states.tsx';
import { useWords } from '../kit/words.tsx';

interface Props {
  count: number;
  onMove(group: string, isMember: boolean): Promise<void>;
  onClose(): void;
}

export function MoveDialog({ count, onMove, onClose }: Props): ReactNode {
  const words = useWords();
  const groups = useAnswer<Page<Group>>('listGroups', { query: { limit: 200 } });
  const [group, setGroup] = useState('');
  return (
    <Dialog title={words.computers.moveTitle(count)} onClose={onClose}>
      <Asked kept={groups}>
        {({ items }) => (
          <label className="filter">
            <span>{words.computers.group}</span>
            <select value={group} onChange={(event) => setGroup(event.currentTarget.value)}>
              <option value="" disabled>
                {words.computers.choose}
              </option>
              {items
                .filter(({ name }) => name !== 'All Computers' && name !== 'Unassigned Computers')
                .map(({ groupId, name }) => (
                  <option key={groupId} value={name}>
                    {name}
                  </option>
                ))}
            </select>
          </label>
        )}
      </Asked>
      <div className="dialog-foot">
        <button type="button" onClick={onClose}>
          {words.kit.cancel}
        </button>
        <button type="button" disabled={group === ''} onClick={() => void onMove(group, false)}>
          {words.computers.takeOut}
        </button>
        <button type="button" className="primary" disabled={group === ''} onClick={() => void onMove(group, true)}>
          {words.computers.putIn}
        </button>
      </div>
    </Dialog>
  );
}
