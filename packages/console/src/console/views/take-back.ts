// Puts back what was decided before, unless somebody else decided since.

import { call } from '../api/call.ts';
import { change } from '../api/changes.ts';
import type { UpdateDetails } from '../api/documents.ts';
import { say } from '../kit/announce.tsx';
import { wordsOf } from '../kit/states.tsx';
import { approvalsBefore, forgetUndoable, isStillSo, type Undoable } from '../kit/undo.ts';
import type { Words } from '../kit/words.tsx';

export async function takeBack(all: readonly Undoable[], words: Words): Promise<void> {
  let done = 0;
  try {
    for (const one of all) {
      const now = await showUpdate(one.updateId);
      if (!isStillSo(one, now)) {
        forgetUndoable(one.updateId);
        return say(words.decide.movedOn(one.title), { isBad: true });
      }
      for (const approval of approvalsBefore(one))
        await change('approveUpdates', {
          body: { updates: [one.updateId], ...approval, allowPastDeadline: true, acceptLicense: true },
        });
      if (one.wasDeclined !== one.isDeclined)
        await change('declineUpdates', { body: { updates: [one.updateId], isDeclined: one.wasDeclined } });
      forgetUndoable(one.updateId);
      done++;
    }
    say(words.decide.undone(done));
  } catch (error) {
    say(`${words.decide.undone(done)} ${wordsOf(error, words)}`, { isBad: true });
  }
}

export async function showUpdate(updateId: string): Promise<UpdateDetails> {
  return (await call<UpdateDetails>('showUpdate', { path: { update: updateId } })).document;
}
