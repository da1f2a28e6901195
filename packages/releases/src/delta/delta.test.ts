// A delta by itself: small where it can be, and bounded whatever its bytes are.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { constants, zstdCompressSync } from 'node:zlib';
import { cabinet, frame, fresh, old, program } from '../../test/programs.ts';
import { applyDelta, baseOf, deltaLimits, makeDelta } from './index.ts';

describe('a delta', () => {
  it('of one line more is under one per cent of the whole, for small and large programs', () => {
    for (const size of [600_000, 8_000_000]) {
      const [before, whole] = [program(size), cabinet(program(size, 'export const oneLineMore = true;'))];
      const delta = makeDelta(before, whole) ?? assert.fail('it is not worth its while');
      const made = applyDelta(before, delta.bytes, { length: whole.length, windowLog: delta.windowLog });
      assert.ok(whole.equals(made));
      assert.ok(delta.bytes.length < whole.length / 100, `${delta.bytes.length} of ${whole.length} bytes`);
    }
  });

  it('that would be larger than 60 % of the whole, or of files too large, is not made', () => {
    assert.equal(makeDelta(randomBytes(100_000), randomBytes(100_000)), undefined);
    assert.equal(makeDelta(old, cabinet(fresh, 'mszip')), undefined);
    assert.equal(makeDelta(old, fresh, { ...deltaLimits, maxFileBytes: fresh.length - 1 }), undefined);
    const empty = makeDelta(new Uint8Array(), fresh);
    assert.ok(empty && empty.bytes.length < fresh.length * 0.6);
  });

  it('whose bytes are hostile makes no more than the signed length, of the disk, of memory and of time', () => {
    const bomb = zstdCompressSync(Buffer.alloc(2 ** 30), { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
    assert.ok(bomb.length < 200_000);
    const wide = frame(randomBytes(1000), 27);
    const before = process.memoryUsage.rss();
    const code = 'RELEASE_DELTA_UNUSABLE';
    for (const [hostile, length] of [
      [bomb, 1_000_000],
      [bomb, 2 ** 25 + 1],
      [wide, 1000],
      [Buffer.concat([bomb, bomb]), 10],
      [Buffer.alloc(0), 10],
      [randomBytes(5000), 10_000],
    ] as const)
      assert.throws(() => applyDelta(old, hostile, { length, windowLog: 20 }), { code });
    const grown = process.memoryUsage.rss() - before;
    assert.ok(grown < 64 * 1024 * 1024, `${grown} bytes of memory`);
  });

  it('a window beyond that of the recipe is refused', () => {
    const bytes = randomBytes(1000);
    const delta = frame(bytes, 27);
    assert.ok(bytes.equals(applyDelta(Buffer.alloc(0), delta, { length: 1000, windowLog: 27 })));
    const narrow = () => applyDelta(Buffer.alloc(0), delta, { length: 1000, windowLog: 20 });
    assert.throws(narrow, { code: 'RELEASE_DELTA_UNUSABLE' });
  });

  it('altered at any place is refused or right, never another file that passes', () => {
    const whole = cabinet(program(20_000, 'change();'));
    const delta = makeDelta(program(20_000), whole) ?? assert.fail();
    for (let at = 0; at < delta.bytes.length; at += 1) {
      const altered = Buffer.from(delta.bytes);
      altered[at] = (altered[at] ?? 0) ^ 0x41;
      try {
        assert.equal(
          applyDelta(program(20_000), altered, { length: whole.length, windowLog: delta.windowLog }).length,
          whole.length,
        );
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'RELEASE_DELTA_UNUSABLE');
      }
    }
  });

  it('starts from the largest file of the release before, whatever its cabinet is packed with', () => {
    assert.ok(old.equals(baseOf(cabinet(old, 'mszip')) ?? assert.fail()));
    assert.ok(old.equals(baseOf(old) ?? assert.fail()), 'what is no cabinet is its own');
    assert.equal(baseOf(Buffer.concat([Buffer.from('MSCF'), randomBytes(100)])), undefined);
  });
});
