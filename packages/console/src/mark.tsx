import type { ReactNode } from 'react';

export type Tone = 'good' | 'bad' | 'pending' | 'quiet';

const words: Record<Tone, string> = { good: 'Fine', bad: 'Fault', pending: 'Under way', quiet: 'Note' };
const shapes: Record<Tone, string> = {
  good: 'M4.5 8.5l2.5 2.5 4.5-5.5',
  bad: 'M8 4v5M8 11.5v.5',
  pending: 'M8 4.5V8l2.5 1.5',
  quiet: 'M8 7.5v4M8 4.5v.5',
};

/** A small sign in colour, shape and (for screen readers) word: never by colour alone. */
export function Mark({ tone, word }: { tone: Tone; word?: string }): ReactNode {
  return (
    <span className={`mark mark-${tone}`}>
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
        <circle cx="8" cy="8" r="8" />
        <path d={shapes[tone]} />
      </svg>
      <span className="visually-hidden">{word ?? words[tone]}: </span>
    </span>
  );
}
