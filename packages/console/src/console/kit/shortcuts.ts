// The one table of shortcuts: what the keys do, the list that `?` shows, and the tests are made of it.
import type { Words } from './words.tsx';

interface Shortcut {
  /** `g c`: one key after the other. `Control+k`: together. */
  keys: string;
  name: Exclude<keyof Words['shortcuts'], 'grid' | 'gridKeys'>;
  /** The view that it opens, or the button that it presses: the one with this `data-shortcut`. */
  does: { view: string } | { button: string };
}

export const shortcuts: readonly Shortcut[] = [
  { keys: 'Control+k', name: 'palette', does: { button: 'palette' } },
  { keys: '?', name: 'help', does: { button: 'help' } },
  { keys: '/', name: 'filter', does: { button: 'filter' } },
  { keys: 'r', name: 'refresh', does: { button: 'refresh' } },
  { keys: 'a', name: 'approve', does: { button: 'approve' } },
  { keys: 'd', name: 'decline', does: { button: 'decline' } },
  { keys: 'g h', name: 'home', does: { view: '' } },
  { keys: 'g c', name: 'computers', does: { view: 'computers' } },
  { keys: 'g u', name: 'updates', does: { view: 'updates' } },
  { keys: 'g g', name: 'groups', does: { view: 'groups' } },
  { keys: 'g e', name: 'events', does: { view: 'events' } },
  { keys: 'g a', name: 'audit', does: { view: 'audit' } },
];

/** Follows what is typed. Answers the shortcut that is complete now. A second key counts within a second and a half. */
export function createReader(now: () => number): (key: string, isControl: boolean) => Shortcut | undefined {
  let before: { key: string; at: number } | undefined;
  return (key, isControl) => {
    if (isControl) {
      before = undefined;
      return shortcuts.find(({ keys }) => keys === `Control+${key.toLowerCase()}`);
    }
    const pair =
      before && now() - before.at < 1_500 ? shortcuts.find(({ keys }) => keys === `${before?.key} ${key}`) : undefined;
    before = pair ? undefined : { key, at: now() };
    return pair ?? shortcuts.find(({ keys }) => keys === key);
  };
}

/** Keys typed there are text, and no shortcuts. */
export function takesText(element: Element | null): boolean {
  if (!(element instanceof HTMLElement)) return false;
  if (element instanceof HTMLInputElement) return !['checkbox', 'radio', 'button'].includes(element.type);
  return element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement || element.isContentEditable;
}
