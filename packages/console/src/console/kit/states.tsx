// The states of a view without an answer: it waits, it failed, or the answer is old.
import type { ReactNode } from 'react';
import type { Kept } from '../api/cached.ts';
import { Refusal, ServerAway } from '../api/call.ts';
import { Age } from './time.tsx';
import { useWords, type Words } from './words.tsx';

interface Props<Document> {
  kept: Kept<Document> & { again(): void };
  children(document: Document): ReactNode;
}

/**
 * Shows the answer by `children`. Before it, and if it does not come, shows words. A known answer stays, with its age.
 */
export function Asked<Document>({ kept, children }: Props<Document>): ReactNode {
  const { document: known, error, at } = kept;
  if (known !== undefined)
    return (
      <>
        {error && !isSaidByFrame(error) && (
          <Failed error={error} since={new Date(at).toISOString()} again={kept.again} />
        )}
        {children(known)}
      </>
    );
  return error ? <Failed error={error} again={kept.again} /> : <Loading />;
}

export function Loading(): ReactNode {
  const words = useWords();
  return (
    <p className="loading" role="status">
      {words.states.loading}
    </p>
  );
}

export function Failed({ error, since, again }: { error: Error; since?: string; again(): void }): ReactNode {
  const words = useWords();
  return (
    <div className="notice notice-bad" role="alert">
      <p>
        <strong>{wordsOf(error, words)}</strong>
      </p>
      {since && (
        <p>
          {words.states.stateOf} <Age at={since} />.
        </p>
      )}
      <p>
        <button type="button" onClick={again}>
          {words.states.tryAgain}
        </button>
      </p>
    </div>
  );
}

/** The frame says once that the server is away, or that the session is over. A view that shows what it knows does not repeat it. */
export function isSaidByFrame(error: Error): boolean {
  return error instanceof ServerAway || (error instanceof Refusal && error.code === 'API_UNAUTHENTICATED');
}

/** A sentence for people: of the server when it refused, else what happened to the call. */
export function wordsOf(error: unknown, words: Words): string {
  if (error instanceof ServerAway) return words.states.away;
  if (!(error instanceof Refusal)) return words.states.fault;
  if (error.code === 'API_FORBIDDEN') return words.states.forbidden;
  if (error.code === 'API_UNAUTHENTICATED') return words.states.sessionOver;
  if (error.code === 'API_BUSY') return words.states.busy;
  if (error.code === 'WAITS') return words.requests.waits;
  return error.message;
}
