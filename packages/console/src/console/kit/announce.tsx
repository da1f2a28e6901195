// Announcements of the console. Screen readers read them politely, and all see a line at the foot of the page. The line
// has a button for undo if the action can be undone.
import { type ReactNode, useEffect, useSyncExternalStore } from 'react';
import { useWords } from './words.tsx';

interface Said {
  id: number;
  text: string;
  isBad: boolean;
  /** Undoes the action. */
  undo: (() => void) | undefined;
}

let said: Said | undefined;
let quiet = '';
let count = 0;
const listeners = new Set<() => void>();

function tell(): void {
  for (const listener of listeners) listener();
}

function follow(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Shows a line until the next one, or until it is closed. */
export function say(text: string, { isBad = false, undo }: { isBad?: boolean; undo?: () => void } = {}): void {
  said = { id: ++count, text, isBad, undo };
  tell();
}

/** For screen readers alone. */
export function sayToScreenReader(text: string): void {
  if (quiet === text) return;
  quiet = text;
  tell();
}

function close(): void {
  said = undefined;
  tell();
}

const shownMs = 12_000;

export function Announcements(): ReactNode {
  const words = useWords();
  const now = useSyncExternalStore(follow, () => said);
  const whispered = useSyncExternalStore(follow, () => quiet);
  useEffect(() => {
    // A line with undo, or with an error, stays until a person closes it.
    if (!now || now.undo || now.isBad) return undefined;
    const timer = setTimeout(close, shownMs);
    return () => clearTimeout(timer);
  }, [now]);
  return (
    <>
      <div className="visually-hidden" role="status" aria-live="polite" data-whisper="">
        {whispered}
      </div>
      <div className="toast-place" role="status" aria-live={now?.isBad ? 'assertive' : 'polite'}>
        {now && (
          <div className={`toast ${now.isBad ? 'toast-bad' : ''}`} key={now.id}>
            <span>{now.text}</span>
            {now.undo && (
              <button
                type="button"
                onClick={() => {
                  const { undo } = now;
                  close();
                  undo?.();
                }}
              >
                {words.kit.undo}
              </button>
            )}
            <button type="button" className="quiet" aria-label={words.kit.close} onClick={close}>
              ✕
            </button>
          </div>
        )}
      </div>
    </>
  );
}
