import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newSigner } from '../../test/repository-simulator.ts';
import { ReleaseError } from '../errors.ts';
import {
  chooseRelease,
  compareReleases,
  formatRelease,
  type Listed,
  matchesPattern,
  parseMetadata,
  type ReleaseTarget,
  readOurTarget,
  readRelease,
  validSigners,
} from './index.ts';

describe('path patterns', () => {
  const cases: [string, string, boolean][] = [
    ['targets/foo.tgz', 'targets/*.tgz', true],
    ['targets/foo.txt', 'targets/*.tgz', false],
    ['targets/a/foo.tgz', 'targets/*.tgz', false],
    ['foo-version-2.tgz', 'foo-version-?.tgz', true],
    ['foo-version-10.tgz', 'foo-version-?.tgz', false],
    ['a/b', '*', false],
    ['.hidden', '*', true],
    ['a', '[!a]', false],
    ['b', '[!a]', true],
    ['5', '[0-9]', true],
    [']', '[]]', true],
    ['[', '[', true],
    // What minimatch reads as an order, a shell pattern does not.
    ['a', '{a,b}', false],
    ['{a,b}', '{a,b}', true],
    ['b', '!a', false],
    ['#a', '#a', true],
    ['a/b/c', '**', false],
    ['a', '+(a)', false],
    ['a\\b', 'a\\b', true],
    ['A', 'a', false],
    ['', '*', true],
  ];
  for (const [path, pattern, expected] of cases) {
    it(`${JSON.stringify(pattern)} ${expected ? 'covers' : 'does not cover'} ${JSON.stringify(path)}`, () => {
      assert.equal(matchesPattern(path, pattern), expected);
    });
  }

  it('are read in a moment, however many stars they have', () => {
    const started = process.cpuUsage().user;
    assert.equal(matchesPattern('a'.repeat(5_000), `${'*a'.repeat(50)}b`), false);
    assert.ok(process.cpuUsage().user - started < 2_000_000);
  });
});

describe('metadata of the largest size', () => {
  it('with 40,000 targets is read and verified in less than two seconds of processor time', () => {
    const targets = Object.fromEntries(
      Array.from({ length: 40_000 }, (_, index) => [`u/${index}`, { length: 1, hashes: { sha256: 'a'.repeat(64) } }]),
    );
    const signed = { _type: 'targets', spec_version: '1.0.31', version: 1, expires: '2027-01-01T00:00:00Z', targets };
    const bytes = Buffer.from(JSON.stringify({ signed, signatures: [{ keyid: 'k', sig: '00'.repeat(64) }] }));
    assert.ok(bytes.length > 3_500_000 && bytes.length < 5_000_000);
    const started = process.cpuUsage();
    const metadata = parseMetadata('targets', bytes);
    assert.equal(validSigners(metadata, ['k'], { k: newSigner().key }).distinct, 0);
    const { user, system } = process.cpuUsage(started);
    assert.ok(user + system < 2_000_000, `${user + system} µs`);
  });
});

describe('versions with an epoch', () => {
  it('come before the four parts, so that no number is the last', () => {
    const last = { epoch: 0, version: '65535.65535.65535.65535' };
    assert.ok(compareReleases({ epoch: 1, version: '1.0.0.0' }, last) > 0);
    assert.ok(compareReleases({ epoch: 0, version: '7.10.0.0' }, { epoch: 0, version: '7.9.0.0' }) > 0);
  });

  it('are written and read the same', () => {
    for (const text of ['7.9.0.1', '2:7.9.0.1'])
      assert.equal(formatRelease(readRelease(text) ?? { epoch: 9, version: '' }), text);
    for (const text of ['7.9', 'x:7.9.0.1', '-1:7.9.0.1', '', '1:']) assert.equal(readRelease(text), undefined);
  });
});

const machine = {
  product: 'agent',
  generation: 'wsus',
  platform: 'linux-x64',
  current: { epoch: 0, version: '1.0.0.0' },
};

function listed(version: string, more: Partial<ReleaseTarget> = {}): Listed {
  const release: ReleaseTarget = {
    ...{ kind: 'release', product: 'agent', generation: 'wsus', platform: 'any', floors: [], deltas: [] },
    ...(readRelease(version) ?? assert.fail()),
    ...more,
  };
  return { path: `agent/${version}`, release };
}

const chosen = (all: Listed[], current: string, fresh = true) =>
  chooseRelease(all, { ...machine, current: readRelease(current) }, fresh)?.path;

describe('the next release', () => {
  it('is the newest for the platform, and none when that runs already', () => {
    const all = [
      listed('1.1.0.0'),
      listed('1.2.0.0', { platform: 'windows-x64' }),
      listed('9.0.0.0', { product: 'host' }),
    ];
    assert.equal(chosen(all, '1.0.0.0'), 'agent/1.1.0.0');
    assert.equal(chosen(all, '1.1.0.0'), undefined);
    assert.equal(chosen(all, '1.5.0.0'), undefined);
  });

  it('is the floor first, one by one', () => {
    const floors = [
      { epoch: 0, version: '1.38.1.0' },
      { epoch: 0, version: '1.45.0.0' },
    ];
    const all = [listed('1.50.2.0', { floors }), listed('1.38.1.0'), listed('1.45.0.0'), listed('1.49.0.0')];
    assert.equal(chosen(all, '1.29.1.0'), 'agent/1.38.1.0');
    assert.equal(chosen(all, '1.38.1.0'), 'agent/1.45.0.0');
    assert.equal(chosen(all, '1.45.0.0'), 'agent/1.50.2.0');
  });

  it('is refused when its floor is not there or was recalled: nothing jumps a floor', () => {
    const aim = listed('2.0.0.0', { floors: [{ epoch: 0, version: '1.5.0.0' }] });
    const recalled = listed('1.5.0.0', { recalled: { at: '2026-01-01T00:00:00Z', reason: 'bad' } });
    for (const all of [[aim], [aim, recalled]]) {
      assert.throws(() => chosen(all, '1.0.0.0'), { code: 'RELEASE_FLOOR_MISSING' });
    }
  });

  it('is a floor that an earlier release named, although a later one was listed without it', () => {
    const floors = [{ epoch: 0, version: '1.38.1.0' }];
    const all = [listed('1.60.0.0'), listed('1.50.2.0', { floors }), listed('1.38.1.0')];
    assert.equal(chosen(all, '1.29.1.0'), 'agent/1.38.1.0');
    assert.equal(chosen(all, '1.38.1.0'), 'agent/1.60.0.0');
  });

  it('is the pinned one, after its floors: 1.29.1, then 1.50.2, goes by the stepping stone 1.38.1', () => {
    const floors = [{ epoch: 0, version: '1.38.1.0' }];
    const stone = listed('1.38.1.0');
    const pinned = listed('1.50.2.0', { floors });
    const newer = listed('1.60.0.0', { floors });
    const pin = { epoch: 0, version: '1.50.2.0' };
    const next = (all: Listed[], current: string) =>
      chooseRelease(all, { ...machine, current: readRelease(current), pin }, true)?.path;
    assert.equal(next([pinned, newer, stone], '1.29.1.0'), 'agent/1.38.1.0');
    assert.equal(next([pinned, newer, stone], '1.38.1.0'), 'agent/1.50.2.0');
    assert.equal(next([pinned, newer, stone], '1.60.0.0'), undefined);
    assert.throws(() => next([pinned, newer], '1.29.1.0'), { code: 'RELEASE_FLOOR_MISSING' });
  });

  it('is never a recalled one; back only to a signed replacement, and only from current metadata', () => {
    const replacement = { epoch: 0, version: '1.0.0.0' };
    const bad = listed('1.1.0.0', { recalled: { at: '2026-01-01T00:00:00Z', reason: 'bad', replacement } });
    const all = [bad, listed('1.0.0.0'), listed('0.9.0.0')];
    assert.equal(chosen(all, '0.9.0.0'), 'agent/1.0.0.0');
    assert.equal(chosen(all, '1.1.0.0'), 'agent/1.0.0.0');
    assert.equal(chosen(all, '1.1.0.0', false), undefined);
    assert.equal(chosen([listed('1.1.0.0'), listed('1.0.0.0')], '1.1.0.0'), undefined);
  });
});

describe('custom.moult', () => {
  const release = {
    kind: 'release',
    product: 'agent',
    generation: 'wsus',
    platform: 'any',
    epoch: 0,
    version: '7.9.0.1',
    floors: [],
    deltas: [],
  };
  const update = {
    ...{ kind: 'update', updateId: '01234567-89ab-cdef-0123-456789abcdef', revision: 200 },
    files: [{ name: 'setup.exe', length: 10, sha256: 'a'.repeat(64) }],
    ...{ program: 'setup.exe', arguments: '/quiet', returnCodes: [{ code: 3010, result: 'succeeded', reboot: true }] },
    approvals: [{ group: 'All Computers', action: 'install' }],
  };
  const read = (moult: unknown) => readOurTarget('p', { length: 1, hashes: { sha256: '' }, custom: { moult } });

  it('of a release and of an update is read as it was written', () => {
    assert.deepEqual(read(release), release);
    assert.deepEqual(read(update), update);
  });

  it('of a kind that is not known yet is passed over, as is a target without it', () => {
    assert.equal(read({ kind: 'policy' }), undefined);
    assert.equal(readOurTarget('p', { length: 1, hashes: {} }), undefined);
  });

  const bad: [string, unknown][] = [
    ['a program above its folder', { ...update, program: 'x/../../other.exe' }],
    ['a program of the system', { ...update, program: '/bin/sh' }],
    ['a program on a drive', { ...update, program: 'C:\\x.exe' }],
    ['a result that is not known', { ...update, otherwise: { result: 'fine', reboot: false } }],
    [
      'a file in another folder',
      { ...update, files: [{ name: '..\\x.exe', length: 1, sha256: 'a'.repeat(64) }], program: '..\\x.exe' },
    ],
    ['a file called ..', { ...update, files: [{ name: '..', length: 1, sha256: 'a'.repeat(64) }], program: '..' }],
    ['a second line of arguments', { ...update, arguments: '/quiet\n/other' }],
    ['an action that is not known', { ...update, approvals: [{ group: 'x', action: 'run' }] }],
    [
      'a window of 2 GiB',
      {
        ...release,
        deltas: [{ fromSha256: 'a'.repeat(64), target: 't', algorithm: 'zstd-dictionary', windowLog: 31 }],
      },
    ],
    ['a version of three parts', { ...release, version: '7.9.01' }],
    ['a negative epoch', { ...release, epoch: -1 }],
    ['floors without end', { ...release, floors: Array(65).fill({ epoch: 0, version: '1.0.0.0' }) }],
    ['a list', []],
  ];
  for (const [what, moult] of bad) {
    it(`with ${what} is refused`, () => {
      assert.throws(
        () => read(moult),
        (error) => error instanceof ReleaseError && error.code === 'RELEASE_TARGET_MALFORMED',
      );
    });
  }
});
