// current.json as another version, a power cut or an enemy wrote it: what is named in it starts if it is there, and what this
// version does not know is still there afterwards.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { encodeRelease, releaseFileName } from '@moult/protocol/self-update';
import fc from 'fast-check';
import { type MachineRoot, machineRoot } from '../machine/machine-root.ts';
import { type Current, readCurrent, recoverCurrent, versionFolder, writeCurrent } from './current.ts';
import { readIntactRelease } from './release-folder.ts';

const isWindows = process.platform === 'win32';

let root: MachineRoot;
beforeEach(() => {
  root = machineRoot(mkdtempSync(join(tmpdir(), 'moult-current-')));
  mkdirSync(root.versionsFolder, { recursive: true });
  place('5.4.0.1', 'sus');
  place('7.9.0.2', 'wsus');
});
afterEach(() => rmSync(root.folder, { recursive: true, force: true }));

function place(version: string, generation: 'sus' | 'wsus', folder = versionFolder(root, version)): void {
  const bytes = Buffer.from(`// ${version}`);
  mkdirSync(join(folder, 'sub'), { recursive: true });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const files = ['agent.mjs', 'sub/part.mjs'].map((name) => ({ name, sizeBytes: bytes.length, sha256 }));
  for (const { name } of files) writeFileSync(join(folder, name), bytes);
  const release = { product: 'moult-agent', generation, version, entry: 'agent.mjs', files };
  writeFileSync(join(folder, releaseFileName), encodeRelease(release));
}

const committed: Current = {
  version: '7.9.0.2',
  generation: 'wsus',
  state: 'committed',
  previous: { version: '5.4.0.1', generation: 'sus' },
  proven: true,
  failed: [{ version: '7.9.0.9', hresult: 1, at: '2026-01-02T03:04:05.000Z', tries: 2 }],
};

const write = (text: string | Uint8Array) => writeFileSync(root.currentFile, text);
const written = (): Record<string, unknown> => JSON.parse(readFileSync(root.currentFile, 'utf8'));

const ownNames = ['version', 'generation', 'state', 'previous', 'proven', 'starts', 'attempt', 'lastGood', 'failed'];
const inventedName = fc
  .string({ minLength: 1, maxLength: 12 })
  .filter((name) => !ownNames.includes(name) && name !== '__proto__');
const invented = fc.dictionary(inventedName, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4, noNullPrototype: true });

describe('current.json of the version after this one', () => {
  it('is read with fields that are not known here, at every place, and they stay when it is written again', () => {
    fc.assert(
      fc.property(invented, invented, invented, (top, inPrevious, inFailure) => {
        const before = { tries: 2, version: '7.9.0.9', hresult: 1, at: '2026-01-02T03:04:05.000Z' };
        const previous = { ...inPrevious, version: '5.4.0.1', generation: 'sus' };
        write(
          JSON.stringify({ ...top, ...committed, previous, failed: [{ ...inFailure, ...before }], formatVersion: 99 }),
        );
        const current = readCurrent(root);
        assert.deepEqual(
          [current?.version, current?.state, current?.previous],
          ['7.9.0.2', 'committed', committed.previous],
        );
        writeCurrent(root, { ...(current ?? committed), proven: true });
        const after = written();
        for (const [name, value] of Object.entries({ ...top, formatVersion: 99 })) {
          assert.deepEqual(after[name], JSON.parse(JSON.stringify(value)), name);
        }
        const [failure] = after.failed as Record<string, unknown>[];
        assert.deepEqual(failure, JSON.parse(JSON.stringify({ ...inFailure, ...before })));
      }),
      { numRuns: 200 },
    );
  });

  it('names the agent also in a state that this version does not know', () => {
    write(JSON.stringify({ ...committed, state: 'staged-rollout', previous: { codename: 'x' }, failed: 'none' }));
    const { current } = recoverCurrent(root);
    assert.deepEqual(
      [current.version, current.state, current.previous, current.failed],
      ['7.9.0.2', 'committed', undefined, []],
    );
  });
});

describe('current.json of the version before this one', () => {
  it('is read as it was written by 7.9.0.1: no proof, no tries', () => {
    write(
      '{"version":"7.9.0.2","generation":"wsus","state":"committed","failed":[{"version":"7.9.0.9","hresult":5,"at":"2026-11-29T00:00:00.000Z"}]}',
    );
    const { current, repaired } = recoverCurrent(root);
    assert.deepEqual(
      [current.version, current.proven, repaired, current.failed[0]?.tries],
      ['7.9.0.2', undefined, undefined, 1],
    );
  });

  it('what is written here is read by it: version, generation, state, and a list of failures', () => {
    writeCurrent(root, { ...committed, lastGood: '2026-12-01T00:00:00.000Z' });
    const value = written();
    assert.ok(Array.isArray(value.failed) && ['trial', 'committed'].includes(String(value.state)));
    assert.ok(
      value.failed.every(
        ({ version, hresult, at }) => [typeof version, typeof hresult, typeof at].join() === 'string,number,string',
      ),
    );
  });
});

describe('a hostile current.json', () => {
  const good = { version: '7.9.0.2', generation: 'wsus', state: 'committed' };
  const cases: [string, string | Uint8Array][] = [
    ['is no JSON', '{"version"'],
    ['is null', 'null'],
    ['is a list', '[[[[]]]]'],
    ['is nested a hundred thousand times', '['.repeat(100_000)],
    ['leads out of its folder', JSON.stringify({ ...good, version: '../../../tmp/x' })],
    [
      'leads out through its previous version',
      JSON.stringify({ ...good, previous: { version: '..', generation: 'sus' } }),
    ],
    ['has a version that is an object', JSON.stringify({ ...good, version: { toString: 1 } })],
    [
      'has a prototype',
      '{"__proto__":{"version":"7.9.0.2"},"version":"9.9.9.9","generation":"wsus","state":"trial","failed":[]}',
    ],
    [
      'names a version twice',
      JSON.stringify({ ...good, state: 'trial', previous: { version: '7.9.0.2', generation: 'wsus' }, failed: [] }),
    ],
    [
      'has a hundred thousand failures',
      JSON.stringify({ ...good, failed: Array.from({ length: 100_000 }, () => committed.failed[0]) }),
    ],
    ['is ten megabytes of blanks', Buffer.alloc(10_000_000, ' ')],
    ['is bytes', Buffer.from([0xff, 0xfe, 0, 0, 0xd8])],
  ];
  for (const [what, text] of cases) {
    it(`that ${what} starts a version that is there`, () => {
      write(text);
      const { current } = recoverCurrent(root);
      assert.ok(['5.4.0.1', '7.9.0.2'].includes(current.version), current.version);
      assert.ok(current.failed.length <= 20);
      writeCurrent(root, current);
      assert.equal(readCurrent(root)?.version, current.version);
    });
  }

  it('never lets an interrupted trial be tried for ever, nor a version be kept out for ever', () => {
    const failed = [{ version: '7.9.0.9', hresult: 1, at: 'never', tries: 1e300 }, 7, { version: 'x' }];
    write(JSON.stringify({ ...good, state: 'trial', previous: committed.previous, attempt: -1e9, failed }));
    const current = readCurrent(root);
    assert.equal(current?.attempt, undefined);
    assert.deepEqual(
      current?.failed.map(({ version, at, tries }) => [version, at, tries]),
      [['7.9.0.9', '1970-01-01T00:00:00.000Z', 1]],
    );
  });

  it('that is a link, a folder or a hole of a terabyte counts as missing', { skip: isWindows }, () => {
    const elsewhere = join(root.folder, 'elsewhere.json');
    writeFileSync(elsewhere, JSON.stringify({ ...good, version: '5.4.0.1', generation: 'sus', failed: [] }));
    symlinkSync(elsewhere, root.currentFile);
    assert.equal(readCurrent(root), undefined);
    rmSync(root.currentFile);
    mkdirSync(root.currentFile);
    assert.equal(recoverCurrent(root).current.version, '7.9.0.2');
    rmSync(root.currentFile, { recursive: true });
    write('{');
    truncateSync(root.currentFile, 2 ** 40);
    assert.equal(recoverCurrent(root).current.version, '7.9.0.2');
  });
});

describe('a version folder', { skip: isWindows }, () => {
  const elsewhere = () => join(root.folder, 'elsewhere');
  it('that is a link is not started, whatever it leads to', () => {
    place('9.9.9.9', 'wsus', elsewhere());
    symlinkSync(elsewhere(), versionFolder(root, '9.9.9.9'));
    write(JSON.stringify({ ...committed, version: '9.9.9.9' }));
    assert.equal(readIntactRelease(versionFolder(root, '9.9.9.9')), undefined);
    assert.equal(recoverCurrent(root).current.version, '5.4.0.1');
  });

  for (const name of ['agent.mjs', 'sub', 'sub/part.mjs', releaseFileName]) {
    it(`in which ${name} is a link is not whole`, () => {
      place('7.9.0.2', 'wsus', elsewhere());
      const place_ = join(versionFolder(root, '7.9.0.2'), name);
      rmSync(place_, { recursive: true });
      symlinkSync(join(elsewhere(), name), place_);
      assert.equal(readIntactRelease(versionFolder(root, '7.9.0.2')), undefined);
    });
  }
});
