// Puts back what was decided before, and says what came of it.
import { call } from '../api/call.ts';
import { noteChange } from '../api/changes.ts';
import type { Page, Update } from '../api/documents.ts';
import { say } from '../kit/announce.tsx';
import { wordsOf } from '../kit/states.tsx';
import { type Decided, type Deciding, forgetUndoable, keepUndoable, putBack, type Undoable } from '../kit/undo.ts';
import type { Words } from '../kit/words.tsx';

const deciding: Deciding = {
  show: showDecided,
  // License terms are accepted by a person, and never by the way.
  approve: (body) => call('approveUpdates', { body: { ...body, allowPastDeadline: true } }),
  decline: (body) => call('declineUpdates', { body }),
};

/** Says what was decided, and keeps the way back for ten minutes. */
export function offerUndo(all: readonly Undoable[], text: string, words: Words): void {
  keepUndoable(all);
  say(text, { undo: () => void takeBack(all, words) });
}

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

/** The decisions on these updates now. Updates that are not there are left out. */
export async function showDecided(updateIds: readonly string[]): Promise<Decided[]> {
  const shown: Decided[] = [];
  for (let start = 0; start < updateIds.length; start += idsPerAddress) {
    const query = { id: updateIds.slice(start, start + idsPerAddress), limit: idsPerAddress };
    const { document } = await call<Page<Update>>('listUpdates', { query });
    shown.push(...document.items.map((one) => ({ ...one, isDeclined: one.approval === 'declined' })));
  }
  return shown;
}

/** Their ids are in the address, which proxies bound. */
const idsPerAddress = 100;
