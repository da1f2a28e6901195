// The groups that an account reaches.
import { type ReactNode, useState } from 'react';
import { FormDialog } from '../kit/form-dialog.tsx';
import { useWords } from '../kit/words.tsx';
import { type ChosenGroup, GroupPicker } from './group-picker.tsx';

interface Reaching {
  name: string;
  groupIds: string[];
  /** In the order of the ids. */
  groups: string[];
}

/** `onSave`: throws when the server refuses. */
export function ReachDialog(props: {
  account: Reaching;
  onSave(groupIds: string[]): Promise<void>;
  onClose(): void;
}): ReactNode {
  const { account, onSave, onClose } = props;
  const words = useWords();
  const [chosen, setChosen] = useState<readonly ChosenGroup[]>(
    account.groupIds.map((groupId, at) => ({ groupId, name: account.groups[at] ?? groupId })),
  );
  return (
    <FormDialog
      title={words.accounts.reachOf(account.name)}
      onSave={() => onSave(chosen.map(({ groupId }) => groupId))}
      onClose={onClose}
    >
      <p>{words.accounts.reachText}</p>
      <GroupPicker chosen={chosen} onChange={setChosen} />
    </FormDialog>
  );
}
