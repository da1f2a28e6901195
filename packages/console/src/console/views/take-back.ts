// Puts back what was decided before, and says what came of it.
import { call } from '../api/call.ts';
import { noteChange } from '../api/changes.ts';
import type { UpdateDetails } from '../api/documents.ts';
import { say } from '../kit/announce.tsx';
import { wordsOf } from '../kit/states.tsx';
import { type Deciding, forgetUndoable, putBack, type Undoable } from '../kit/undo.ts';
import type { Words } from '../kit/words.tsx';

const deciding: Deciding = {
  show: showUpdate,
  // License terms are accepted by a person, and never by the way.
  approve: (body) => call('approveUpdates', { body: { ...body, allowPastDeadline: true } }),
  decline: (body) => call('declineUpdates', { body }),
};

export async function takeBack(all: readonly Undoable[], words: Words): Promise<void> {
  const { done, movedOn, needTerms, error } = await putBack(all, deciding);
  for (const { updateId } of [...done, ...movedOn]) forgetUndoable(updateId);
  if (done.length > 0) noteChange();
  const said = [
    ...(done.length > 0 ? [words.decide.undone(done.length)] : []),
    ...movedOn.map(({ title }) => words.decide.movedOn(title)),
    ...needTerms.map(({ title }) => words.decide.needsTerms(title)),
    ...(error === undefined ? [] : [wordsOf(error, words)]),
  ];
  const shown = said.slice(0, mostSaid);
  if (said.length > shown.length) shown.push('…');
  say(shown.join(' '), { isBad: done.length < all.length });
}

const mostSaid = 4;

export async function showUpdate(updateId: string): Promise<UpdateDetails> {
  return (await call<UpdateDetails>('showUpdate', { path: { update: updateId } })).document;
}
