// The error alone is read faster than a whole ping, and is the same.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { errorOfPing, pingOf } from './ping.ts';

const part = fc.oneof(
  fc.constantFrom(
    'V=1',
    'e=80072ee2',
    'E=',
    'E=zz',
    'A=d',
    'U=0',
    '=E',
    'E',
    'EE=1',
    'E==1',
    'E=80070005=1',
    '',
    'v=',
    '\u212a=1',
  ),
  fc.string({ maxLength: 6 }),
);

describe('the error of a ping', () => {
  it('is the one that a whole reading finds', () => {
    const query = fc.array(part, { maxLength: 8 }).map((parts) => parts.join('&'));
    fc.assert(
      fc.property(query, fc.nat(2), (text, cut) => {
        // The end of what is read of a long query is tried, too.
        const long = `X=${'0'.repeat(8192 - text.length - cut)}&${text}`;
        for (const each of [text, long]) assert.equal(errorOfPing(each), pingOf(each)?.error);
      }),
      { seed: 20261129, numRuns: 3000 },
    );
  });
});
