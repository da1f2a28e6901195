import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type BoundsError,
  boundsInEnvironment,
  boundsOf,
  declareBounds,
  type GivenBound,
  giveBounds,
  inheritBounds,
  inWords,
  overrideBounds,
} from './index.ts';

const declare = () =>
  declareBounds('topic', {
    maxDepth: { what: 'Depth', fallback: 10, range: [2, 100], client: 'HTTP 400', administrator: 'a line' },
    maxBytes: { what: 'Size', fallback: 4096, range: [1024, 2 ** 30], client: 'HTTP 413', administrator: 'a line' },
    waitMs: { what: 'Wait', fallback: 60_000, range: [0, 3_600_000], client: 'ServerBusy', administrator: 'a line' },
  });
const given = (name: string, value: unknown, origin: GivenBound['origin'] = 'flag'): GivenBound => {
  return { name, value, origin, place: '--set-limit' };
};

describe('a table of bounds', () => {
  it('has its defaults, and names that are made of topic and key', () => {
    const table = declare();
    assert.deepEqual({ ...table }, { maxDepth: 10, maxBytes: 4096, waitMs: 60_000 });
    assert.deepEqual(
      boundsOf([table]).map(({ name, unit, origin }) => [name, unit, origin]),
      [
        ['topic.max-depth', '', 'default'],
        ['topic.max-bytes', 'bytes', 'default'],
        ['topic.wait-ms', 'ms', 'default'],
      ],
    );
  });

  it('cannot be written to, and takes no default out of its range', () => {
    const table = declare();
    assert.throws(() => Object.assign(table, { maxDepth: 3 }), TypeError);
    assert.throws(() => Object.assign(table, { other: 3 }), TypeError);
    const row = { what: 'x', fallback: 1, range: [2, 3] as const, client: 'x', administrator: 'x' };
    assert.throws(() => declareBounds('topic', { row }), /topic\.row/);
  });

  it('has the values that were given, each with its origin', () => {
    const table = declare();
    giveBounds([table], [given('topic.max-depth', '12'), given('topic.max-bytes', '64 MiB', 'file')]);
    assert.deepEqual({ ...table }, { maxDepth: 12, maxBytes: 67_108_864, waitMs: 60_000 });
    assert.deepEqual(
      boundsOf([table]).map(({ origin }) => origin),
      ['flag', 'file', 'default'],
    );
  });

  it('keeps the first value of a name, over several calls too; a wrong value further down is refused all the same', () => {
    const table = declare();
    giveBounds([table], [given('topic.max-depth', 12), given('topic.max-depth', 13)]);
    giveBounds([table], [given('topic.max-depth', 14, 'file')]);
    assert.equal(boundsOf([table])[0]?.value, 12);
    assert.throws(() => giveBounds([table], [given('topic.max-depth', 1)]), { code: 'BOUND_BAD_VALUE' });
  });

  it('takes no other value once one was read: nothing works with two values of one bound', () => {
    const table = declare();
    assert.equal(table.maxDepth, 10);
    giveBounds([table], [given('topic.wait-ms', '2 s')]);
    assert.throws(() => giveBounds([table], [given('topic.max-depth', 12)]), {
      code: 'BOUND_TOO_LATE',
      message: /MOULT_LIMIT_TOPIC_MAX_DEPTH/,
    });
    giveBounds([table], [given('topic.max-depth', 10)]);
    assert.deepEqual([table.maxDepth, table.waitMs], [10, 2000]);
  });

  it('refuses what it does not know, and says what may be there; nothing is changed then', () => {
    const cases: [GivenBound, BoundsError['code'], RegExp][] = [
      [
        given('other.max-depth', 3),
        'BOUND_UNKNOWN',
        /--set-limit sets "other\.max-depth".*Did you mean topic\.max-depth/,
      ],
      [given('__proto__', 3), 'BOUND_UNKNOWN', /__proto__/],
      [given('topic.max-depth', 1), 'BOUND_BAD_VALUE', /from 2 to 100\. It bounds: Depth/],
      [given('topic.max-depth', '101'), 'BOUND_BAD_VALUE', /--set-limit sets topic\.max-depth to "101"/],
      [given('topic.max-depth', '3 MiB'), 'BOUND_BAD_VALUE', /whole number/],
      [given('topic.max-bytes', '4 s'), 'BOUND_BAD_VALUE', /from 1 KiB to 1 GiB \(bytes, KiB, MiB, GiB, TiB\)/],
      [given('topic.wait-ms', '2 h'), 'BOUND_BAD_VALUE', /from 0 ms to 1 h/],
    ];
    for (const value of [
      1.5,
      Number.NaN,
      -3,
      '',
      '-3',
      '1e3',
      '0x10',
      '٣',
      '99999999999999999999',
      null,
      {},
      [5],
      true,
    ]) {
      cases.push([given('topic.max-depth', value), 'BOUND_BAD_VALUE', /topic\.max-depth/]);
    }
    const table = declare();
    for (const [one, code, message] of cases) {
      assert.throws(() => giveBounds([table], [given('topic.max-bytes', 2048), one]), { code, message });
    }
    assert.deepEqual({ ...table }, { ...declare() });
  });

  it('reads the variables of its names; an empty one is not set, an unknown one is refused', () => {
    const table = declare();
    const environment = { MOULT_LIMIT_TOPIC_MAX_DEPTH: '7', MOULT_LIMIT_TOPIC_WAIT_MS: '', PATH: '/bin' };
    giveBounds([table], boundsInEnvironment([table], environment));
    assert.deepEqual([table.maxDepth, table.waitMs], [7, 60_000]);
    const unknown = boundsInEnvironment([table], { MOULT_LIMIT_TOPIC_DEPTH: '7' });
    assert.throws(() => giveBounds([table], unknown), { code: 'BOUND_UNKNOWN', message: /MOULT_LIMIT_TOPIC_DEPTH/ });
  });
});

describe('a thread', () => {
  it('has the values of its program, and passes over those of other tables', () => {
    const table = declare();
    inheritBounds([table], { MOULT_LIMIT_TOPIC_MAX_DEPTH: '7', MOULT_LIMIT_OTHER_MAX_DEPTH: '9' });
    assert.equal(table.maxDepth, 7);
  });
});

describe('an override', () => {
  it('ends with its block, whatever happens in it', () => {
    const table = declare();
    assert.throws(() => {
      using _ = overrideBounds(table, { maxDepth: 1 });
      assert.equal(table.maxDepth, 1);
      throw new Error('in the block');
    }, /in the block/);
    assert.equal(table.maxDepth, 10);
    assert.throws(() => overrideBounds(table as unknown as { other: number }, { other: 1 }), /no bound other/);
  });
});

describe('values in words', () => {
  it('have the largest unit that fits, and read back to the same', () => {
    const cases: [number, string, string][] = [
      [67_108_864, 'bytes', '64 MiB'],
      [16_000_000, 'bytes', '16,000,000 bytes'],
      [512_000, 'bytes', '500 KiB'],
      [93_600_000, 'ms', '26 h'],
      [250, 'ms', '250 ms'],
      [0, 'ms', '0 ms'],
      [8192, 'characters', '8,192 characters'],
      [2000, '', '2,000'],
    ];
    for (const [value, unit, words] of cases) {
      assert.equal(inWords(value, unit), words);
      if (unit !== 'bytes' && unit !== 'ms') continue;
      const table = declareBounds('words', {
        one: { what: 'x', fallback: 1, range: [0, 2 ** 40], unit, client: 'x', administrator: 'x' },
      });
      giveBounds([table], [given('words.one', words.replaceAll(',', ''))]);
      assert.equal(table.one, value);
    }
  });
});
