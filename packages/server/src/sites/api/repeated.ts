// Requests with an Idempotency-Key: the second one with the same key gets the answer of the first, and changes nothing.
import { createHash } from 'node:crypto';
import type { Store } from '@moult/store';
import { apiBounds } from '../../bounds.ts';
import type { Answer } from './answer.ts';
import { ApiError } from './errors.ts';

interface Keyed {
  /** As the header has it. */
  key: string;
  accountId: string;
  /** The request: method, target and body. */
  request: readonly string[];
}

/**
 * Does `work` once for its key. It keeps an answer, also a refusal by a rule. A client may try again after a failure.
 * Throws ApiError API_BAD_REQUEST for a malformed key. Throws API_CONFLICT for the key of another request, or of a
 * request that still runs.
 */
export async function answerOnce(
  store: Store,
  { key, accountId, request }: Keyed,
  { now, work }: { now: Date; work(): Promise<Answer> },
): Promise<Answer> {
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw new ApiError('API_BAD_REQUEST', 'An Idempotency-Key has 1 to 255 visible ASCII characters.');
  const keyHash = digest([accountId, key]);
  const requestHash = digest(request);
  const known = await store.claimAnswer({ keyHash, requestHash }, { at: now, most: apiBounds.maxAnswers });
  if (known) return repeat(known, requestHash);
  try {
    const answer = await work();
    const { status, body } = answer;
    await store.keepAnswer(keyHash, status < 500 ? { status, body } : undefined);
    return answer;
  } catch (error) {
    await store.keepAnswer(keyHash, undefined);
    throw error;
  }
}

function repeat(
  known: { requestHash: string; answer: { status: number; body: string } | undefined },
  requestHash: string,
): Answer {
  if (known.requestHash !== requestHash)
    throw new ApiError('API_CONFLICT', 'Another request had this Idempotency-Key. Use a new key.');
  if (!known.answer)
    throw new ApiError(
      'API_CONFLICT',
      'The first request with this Idempotency-Key is at work, or was cut off. Look at its result, then use a new key.',
    );
  const type =
    known.answer.status < 400 ? 'application/json; charset=utf-8' : 'application/problem+json; charset=utf-8';
  return { ...known.answer, type, headers: { 'idempotent-replayed': 'true' } };
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
