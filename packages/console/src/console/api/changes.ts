// Counts the changes that this console made or heard of. Each change makes every view ask again.
import { useSyncExternalStore } from 'react';
import { askAllAgain } from './cached.ts';
import { call, type Given } from './call.ts';
import type { OperationName } from './operations.ts';

let count = 0;
let isLastBackground = false;
const listeners = new Set<() => void>();

/** How many changes there were: lists ask again when it grows. */
export function useChanges(): number {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => count,
  );
}

/** Whether the last change came from elsewhere. */
export function isBackgroundChange(): boolean {
  return isLastBackground;
}

/** Carries out a changing operation. When it has answered, the change is on the disk of the server. Throws as call does. */
export async function change<Document>(operation: OperationName, given: Given): Promise<Document> {
  const { document } = await call<Document>(operation, given);
  noteChange();
  return document;
}

/** `isBackground`: the change did not come from a person at this console. Its requests do not keep the session open. */
export function noteChange({ isBackground = false }: { isBackground?: boolean } = {}): void {
  count++;
  isLastBackground = isBackground;
  askAllAgain({ isBackground });
  for (const listener of listeners) listener();
}
