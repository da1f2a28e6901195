// The head of a view without a list: its title, its age, and its buttons.
import type { ReactNode } from 'react';
import { Age } from './time.tsx';
import { useWords } from './words.tsx';

interface Props {
  title: ReactNode;
  /** Milliseconds since 1970, of the answer that the view shows. */
  at?: number;
  again?(): void;
  children?: ReactNode;
}

export function ViewHead({ title, at = 0, again, children }: Props): ReactNode {
  const words = useWords();
  return (
    <div className="view-head">
      <h1 id="view-title" tabIndex={-1} className="wrap">
        {title}
      </h1>
      {at > 0 && (
        <span className="dim">
          <Age at={new Date(at).toISOString()} />
        </span>
      )}
      {again && (
        <button type="button" data-shortcut="refresh" onClick={again}>
          {words.list.refresh}
        </button>
      )}
      {children}
    </div>
  );
}
