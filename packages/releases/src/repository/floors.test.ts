// Floors, pins and recalls, as the repository takes them in: nothing that would leave computers on their way is signed.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newDefault, start } from '../../test/repository-cases.ts';
import { pinFor, type ReleaseTarget, type ReleaseVersion, readPins } from '../metadata/index.ts';
import { type Repository, releasePath, withoutPin, withPin } from './index.ts';

const floor = (version: string): ReleaseVersion => ({ epoch: 0, version });
function add(repository: Repository, version: string, floors: ReleaseVersion[] = [], epoch = 0): string {
  const numbers = { product: 'moult-agent', generation: 'wsus', epoch, version, platform: 'any' };
  const ours: ReleaseTarget = { kind: 'release', ...numbers, floors, deltas: [] };
  const path = releasePath(ours, '.cab');
  repository.add('agent', path, Buffer.from(version), ours, start);
  return path;
}
const recalled = (replacement?: string) => ({
  ...{ at: '2026-12-01T00:00:00Z', reason: 'it hangs' },
  ...(replacement === undefined ? {} : { replacement: floor(replacement) }),
});
const pin = (repository: Repository, version: string, group = 'Pilot') =>
  repository.changeAgent((signed) => withPin(signed, { group, ...floor(version) }), start);
const pinsOf = (repository: Repository) => readPins(repository.state().staged.targets.get('agent')?.signed ?? {});

describe('a floor', () => {
  it('must be listed before a release has it', () => {
    const repository = newDefault();
    assert.throws(() => add(repository, '2.0.0.0', [floor('1.5.0.0')]), { code: 'RELEASE_FLOOR_MISSING' });
    add(repository, '1.5.0.0');
    add(repository, '2.0.0.0', [floor('1.5.0.0')]);
  });

  it('is not recalled while a release needs it', () => {
    const repository = newDefault();
    const stone = add(repository, '1.5.0.0');
    const aim = add(repository, '2.0.0.0', [floor('1.5.0.0')]);
    assert.throws(() => repository.recall(stone, recalled(), start), { code: 'RELEASE_FLOOR_MISSING' });
    add(repository, '2.1.0.0');
    repository.recall(aim, recalled(), start);
    repository.recall(stone, recalled(), start);
  });
});

describe('a pin', () => {
  it('to a version that is not listed, or was recalled, is refused', () => {
    const repository = newDefault();
    const path = add(repository, '1.5.0.0');
    assert.throws(() => pin(repository, '1.6.0.0'), { code: 'RELEASE_TARGET_UNKNOWN' });
    repository.recall(path, recalled(), start);
    assert.throws(() => pin(repository, '1.5.0.0'), { code: 'RELEASE_TARGET_UNKNOWN' });
  });

  it('that jumps a floor is refused: the stepping stone of an earlier release cannot be had', () => {
    const repository = newDefault();
    const stone = add(repository, '1.38.1.0');
    add(repository, '1.45.0.0', [floor('1.38.1.0')]);
    add(repository, '1.50.2.0');
    pin(repository, '1.50.2.0');
    // As an operator of before could have signed it, who recalled the stone.
    repository.changeAgent(({ targets, ...rest }) => {
      const { [stone]: _, ...others } = targets;
      return { ...rest, targets: others };
    }, start);
    assert.throws(() => pin(repository, '1.50.2.0'), { code: 'RELEASE_FLOOR_MISSING' });
  });

  it('takes the place of the one before, and goes with a recall or an unpin', () => {
    const repository = newDefault();
    const first = add(repository, '1.5.0.0');
    add(repository, '1.6.0.0');
    pin(repository, '1.5.0.0');
    pin(repository, '1.6.0.0', 'pilot');
    assert.deepEqual(pinsOf(repository), [{ group: 'pilot', ...floor('1.6.0.0') }]);
    pin(repository, '1.5.0.0', 'All Computers');
    repository.recall(first, recalled('1.6.0.0'), start);
    assert.equal(pinsOf(repository).length, 1);
    repository.changeAgent((signed) => withoutPin(signed, { group: 'PILOT' }), start);
    assert.deepEqual(pinsOf(repository), []);
    const unpin = () => repository.changeAgent((signed) => withoutPin(signed, { group: 'Pilot' }), start);
    assert.throws(unpin, { code: 'RELEASE_TARGET_UNKNOWN' });
  });

  it('of a computer comes before that of its group, and that of every computer last', () => {
    const computer = '01234567-89ab-cdef-0123-456789abcdef';
    const pins = [
      { group: 'All Computers', ...floor('1.0.0.0') },
      { group: 'Pilot', ...floor('2.0.0.0') },
      { computer, ...floor('3.0.0.0') },
    ];
    assert.equal(pinFor(pins, { computer: computer.toUpperCase(), groups: ['pilot'] })?.version, '3.0.0.0');
    assert.equal(pinFor(pins, { computer: '', groups: ['Office', 'PILOT'] })?.version, '2.0.0.0');
    assert.equal(pinFor(pins, { computer: '', groups: [] })?.version, '1.0.0.0');
  });

  it('that cannot be read keeps everything else out', () => {
    for (const pins of [
      'x',
      [{}],
      [{ group: 'a', computer: 'b', ...floor('1.0.0.0') }],
      [{ group: 'a', epoch: 0, version: '1' }],
    ]) {
      assert.throws(() => readPins({ 'x-moult-pins': pins }), { code: 'RELEASE_TARGET_MALFORMED' });
    }
  });
});

describe('a replacement', () => {
  it('must be listed, and not recalled', () => {
    const repository = newDefault();
    const bad = add(repository, '2.0.0.0');
    assert.throws(() => repository.recall(bad, recalled('1.0.0.0'), start), { code: 'RELEASE_TARGET_UNKNOWN' });
    add(repository, '1.0.0.0');
    repository.recall(bad, recalled('1.0.0.0'), start);
  });
});
