// Files of updates as an upstream serves them: whole or from a place on, and with everything that goes wrong on the way.
import type { SimulatedAnswer } from './sus-server.ts';

export type ContentFault =
  /** 404, though the update says that it is there. */
  | { kind: 'missing' }
  /** As long as it should be, with other bytes. */
  | { kind: 'wrong' }
  | { kind: 'cut'; afterBytes: number }
  /** Another part of the file than the one that was asked for. */
  | { kind: 'other-part' }
  | { kind: 'redirect'; to: string };

/** The answer to a request for these bytes. `range` is the header of the request. Undefined bytes: the file does not exist. */
export function contentAnswer(
  bytes: Buffer | undefined,
  range: string | undefined,
  fault?: ContentFault,
): SimulatedAnswer {
  if (fault?.kind === 'redirect') return answer(302, { Location: fault.to }, Buffer.alloc(0));
  if (!bytes || fault?.kind === 'missing')
    return answer(404, { 'Content-Type': 'text/html' }, Buffer.from('Not found'));
  const sent = fault?.kind === 'wrong' ? Buffer.alloc(bytes.length, 'wrong') : bytes;
  const [, start] = /^bytes=(\d+)-$/.exec(range ?? '') ?? [];
  const from = start === undefined || fault?.kind === 'other-part' ? 0 : Number(start);
  if (from >= sent.length && from > 0) {
    return answer(416, { 'Content-Range': `bytes */${sent.length}` }, Buffer.alloc(0));
  }
  const part = sent.subarray(from);
  const headers = {
    ...{ 'Content-Type': 'application/octet-stream', 'Accept-Ranges': 'bytes' },
    ...(start !== undefined && { 'Content-Range': `bytes ${from}-${sent.length - 1}/${sent.length}` }),
  };
  const whole = answer(start === undefined ? 200 : 206, headers, part);
  return fault?.kind === 'cut' ? { ...whole, delivery: { kind: 'cut', afterBytes: fault.afterBytes } } : whole;
}

function answer(status: number, headers: Record<string, string>, body: Buffer): SimulatedAnswer {
  return { status, headers, body, delivery: { kind: 'whole' } };
}
