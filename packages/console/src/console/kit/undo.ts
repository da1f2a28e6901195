// Decisions that can be undone. This browser keeps the decision before for ten minutes. Undo restores it if no other
// person decided meanwhile.
import { Refusal } from '../api/call.ts';
import type { Action, Decision, UpdateDetails } from '../api/documents.ts';

/** Of one update: what held before, and what this console set, group by group. */
export interface Undoable {
  updateId: string;
  title: string;
  at: number;
  wasDeclined: boolean;
  isDeclined: boolean;
  groups: { groupId: string; before: { action: Action; deadline?: string } | undefined; after: Action }[];
}

/** The decisions on one update. */
export type Decided = Pick<UpdateDetails, 'updateId' | 'title' | 'isDeclined' | 'decisions'>;

const keptMs = 10 * 60_000;
const place = 'moult-undo';

/** The record that undoes a decision on `groupIds`, made of the state before it. */
export function undoOfApproval(before: Decided, groupIds: readonly string[], action: Action, at: number): Undoable {
  const known = new Map(before.decisions.map((decision) => [decision.groupId, decision]));
  return {
    ...{ updateId: before.updateId, title: before.title, at, wasDeclined: before.isDeclined, isDeclined: false },
    groups: groupIds.map((groupId) => ({ groupId, before: decisionOf(known.get(groupId)), after: action })),
  };
}

export function undoOfDecline(before: Decided, isDeclined: boolean, at: number): Undoable {
  const { updateId, title, isDeclined: wasDeclined } = before;
  return { updateId, title, at, wasDeclined, isDeclined, groups: [] };
}

/** Whether the decision is still the newest one. */
export function isStillSo(undoable: Undoable, now: Decided): boolean {
  if (now.isDeclined !== undoable.isDeclined) return false;
  const known = new Map(now.decisions.map(({ groupId, action }) => [groupId, action]));
  return undoable.groups.every(({ groupId, after }) => (known.get(groupId) ?? 'Inherit') === after);
}

/** The approvals that put back what was: groups with the same action and deadline in one. */
export function approvalsBefore({ groups }: Undoable): { groups: string[]; action: Action; deadline?: string }[] {
  const found = new Map<string, { groups: string[]; action: Action; deadline?: string }>();
  for (const { groupId, before } of groups) {
    const { action = 'Inherit', deadline } = before ?? {};
    const key = `${action} ${deadline ?? ''}`;
    const known = found.get(key) ?? { groups: [], action, ...(deadline !== undefined && { deadline }) };
    known.groups.push(groupId);
    found.set(key, known);
  }
  return [...found.values()];
}

/** The operations that putting back needs. */
export interface Deciding {
  show(updateIds: string[]): Promise<Decided[]>;
  approve(body: { updates: string[]; groups: string[]; action: Action; deadline?: string }): Promise<unknown>;
  decline(body: { updates: string[]; isDeclined: boolean }): Promise<unknown>;
}

interface PutBack {
  done: Undoable[];
  /** Somebody else decided since: they stay as they are. */
  movedOn: Undoable[];
  /** The approval of before needs terms that are not accepted: they stay as they are. */
  needTerms: Undoable[];
  /** The error that ended it. The steps before it are done. */
  error: unknown;
}

/** Puts back those together that had the same before. One that cannot be put back leaves the others alone. */
export async function putBack(all: readonly Undoable[], deciding: Deciding): Promise<PutBack> {
  const found: PutBack = { done: [], movedOn: [], needTerms: [], error: undefined };
  try {
    const now = new Map((await deciding.show(all.map(({ updateId }) => updateId))).map((one) => [one.updateId, one]));
    const isFree = (one: Undoable) => {
      const shown = now.get(one.updateId);
      return shown !== undefined && isStillSo(one, shown);
    };
    found.movedOn.push(...all.filter((one) => !isFree(one)));
    const alike = Map.groupBy(all.filter(isFree), (one) =>
      JSON.stringify([approvalsBefore(one), one.wasDeclined, one.isDeclined]),
    );
    for (const some of alike.values()) {
      // Of several, one may need terms: then each is put back by itself.
      const isDone = await putBackAlike(some, deciding);
      if (isDone) found.done.push(...some);
      else if (some.length === 1) found.needTerms.push(...some);
      else for (const one of some) found[(await putBackAlike([one], deciding)) ? 'done' : 'needTerms'].push(one);
    }
  } catch (error) {
    found.error = error;
  }
  return found;
}

/** False, with nothing changed, when terms are not accepted. */
async function putBackAlike(some: readonly Undoable[], { approve, decline }: Deciding): Promise<boolean> {
  const [one] = some;
  if (!one) return true;
  const updates = some.map(({ updateId }) => updateId);
  // The one that may be refused comes first: a refusal leaves everything as it is.
  const approvals = approvalsBefore(one).sort((first, second) => weightOf(first.action) - weightOf(second.action));
  try {
    for (const approval of approvals) await approve({ updates, ...approval });
  } catch (error) {
    if (error instanceof Refusal && error.code === 'ADMINISTRATION_LICENSE_TERMS') return false;
    throw error;
  }
  if (one.wasDeclined !== one.isDeclined) await decline({ updates, isDeclined: one.wasDeclined });
  return true;
}

/** Of the actions, those that terms of a license can refuse are first. */
function weightOf(action: Action): number {
  return action === 'Install' || action === 'OptionalInstall' ? 0 : 1;
}

export function keepUndoable(all: readonly Undoable[]): void {
  const known = undoables(Date.now()).filter(({ updateId }) => !all.some((one) => one.updateId === updateId));
  write([...all, ...known].slice(0, 200));
}

export function forgetUndoable(updateId: string): void {
  write(undoables(Date.now()).filter((one) => one.updateId !== updateId));
}

/** Newest first. None that is older than ten minutes. */
export function undoables(now: number): Undoable[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(place) ?? '[]');
    return Array.isArray(kept) ? (kept as Undoable[]).filter(({ at }) => now - at < keptMs) : [];
  } catch {
    return [];
  }
}

function write(all: readonly Undoable[]): void {
  try {
    sessionStorage.setItem(place, JSON.stringify(all));
  } catch {
    // Without a place to keep it, only the line at the foot of the page can undo it.
  }
}

function decisionOf(decision: Decision | undefined): Undoable['groups'][number]['before'] {
  if (!decision) return undefined;
  const { action, deadline } = decision;
  return { action, ...(deadline !== undefined && { deadline }) };
}
