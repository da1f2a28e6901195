// Progress of long work: a bar, its numbers, and the time left.
import { type ReactNode, useRef } from 'react';
import { numberIn } from './numbers.ts';
import { spanOf } from './spans.ts';
import { type Progress, timeLeft } from './time-left.ts';
import { useLanguage, useWords } from './words.tsx';

interface Props {
  /** The work, for screen readers. */
  label: string;
  done: number;
  of: number | undefined;
  /** Instead of "1 of 2". */
  text?: string;
}

export function ProgressBar({ label, done, of, text }: Props): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const now: Progress = { done, of: of ?? 0, at: Date.now() };
  const first = useRef<Progress>(now);
  // Another piece of work, or the same one with more to do.
  if (first.current.of !== now.of || first.current.done > done) first.current = now;
  const leftMs = timeLeft(first.current, now);
  const span =
    leftMs !== undefined && spanOf(new Date(now.at - Math.max(60_000, leftMs)).toISOString(), now.at, language);
  return (
    <span className="progress">
      {of === undefined || of === 0 ? (
        <progress aria-label={label} />
      ) : (
        <progress aria-label={label} max={of} value={Math.min(done, of)} />
      )}
      <span>
        {text ??
          (of === undefined
            ? numberIn(done, language)
            : words.jobs.part(numberIn(done, language), numberIn(of, language)))}
        {span && ` · ${words.jobs.left(span)}`}
      </span>
    </span>
  );
}
