// Approve, decline and their way back, for one update or for several.
import { type ReactNode, useState } from 'react';
import { change } from '../api/changes.ts';
import { say } from '../kit/announce.tsx';
import { useSession } from '../kit/session.tsx';
import { wordsOf } from '../kit/states.tsx';
import { undoOfDecline } from '../kit/undo.ts';
import { useWords } from '../kit/words.tsx';
import { ApproveDialog } from './approve-dialog.tsx';
import { offerUndo, showDecided } from './take-back.ts';

interface Props {
  updateIds: readonly string[];
  /** One update that is declined can be un-declined. */
  isDeclined?: boolean;
}

export function DecideButtons({ updateIds, isDeclined = false }: Props): ReactNode {
  const words = useWords();
  // A decline counts for all computers.
  const { isWholeServer } = useSession();
  const [isApproving, setIsApproving] = useState(false);
  const [isSaving, setIsSaving] = useState(false);
  const isNone = updateIds.length === 0 || isSaving;

  const decline = async (to: boolean) => {
    setIsSaving(true);
    try {
      const before = await showDecided(updateIds);
      await change('declineUpdates', { body: { updates: updateIds, isDeclined: to } });
      offerUndo(
        before.map((one) => undoOfDecline(one, to, Date.now())),
        (to ? words.decide.declined : words.decide.undeclined)(before.length),
        words,
      );
    } catch (error) {
      say(wordsOf(error, words), { isBad: true });
    } finally {
      setIsSaving(false);
    }
  };
  return (
    <>
      <button
        type="button"
        className="primary"
        data-shortcut="approve"
        disabled={isNone}
        onClick={() => setIsApproving(true)}
      >
        {words.decide.approve}
      </button>
      {isWholeServer && (
        <button type="button" data-shortcut="decline" disabled={isNone} onClick={() => void decline(!isDeclined)}>
          {isSaving ? words.decide.saving : isDeclined ? words.decide.undecline : words.decide.decline}
        </button>
      )}
      {isApproving && (
        <ApproveDialog
          updateIds={updateIds}
          onDone={(all, text) => {
            setIsApproving(false);
            offerUndo(all, text, words);
          }}
          onClose={() => setIsApproving(false)}
        />
      )}
    </>
  );
}
