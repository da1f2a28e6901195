import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError } from '../errors.ts';
import {
  compareVersions,
  encodeQueryStamp,
  encodeRelease,
  isVersion,
  parseQueryStamp,
  parseRelease,
  type Release,
} from './index.ts';

const release: Release = {
  product: 'moult-agent',
  generation: 'wsus',
  version: '7.9.0.1',
  entry: 'agent.mjs',
  files: [{ name: 'agent.mjs', sizeBytes: 12, sha256: 'a'.repeat(64) }],
};

test('a release reads back as it was written', () => {
  assert.deepEqual(parseRelease(encodeRelease(release)), release);
});

test('a release that could write outside its folder, or over itself, is refused', () => {
  const file = { name: 'agent.mjs', sizeBytes: 12, sha256: 'a'.repeat(64) };
  const bad: unknown[] = [
    ...['../x', '/x', 'a/../b', 'C:x', 'a\\b', 'nul', 'NUL.txt', 'a.', 'a/', '', 'a\u0000'].map((name) => ({
      ...release,
      files: [file, { ...file, name }],
    })),
    { ...release, files: [file, { ...file, name: 'AGENT.MJS' }] },
    { ...release, files: [file, { ...file, name: 'Release.json' }] },
    { ...release, files: [] },
    { ...release, files: [{ ...file, sizeBytes: -1 }] },
    { ...release, files: [{ ...file, sizeBytes: 1.5 }] },
    { ...release, files: [{ ...file, sha256: 'A'.repeat(64) }] },
    { ...release, entry: 'other.mjs' },
    { ...release, version: '7.9' },
    { ...release, generation: 'muv' },
    { ...release, product: '<b>' },
    [],
    null,
  ];
  for (const value of bad) {
    assert.throws(
      () => parseRelease(JSON.stringify(value)),
      (error) => error instanceof ProtocolError && error.code === 'PROTOCOL_RELEASE_MALFORMED',
      JSON.stringify(value),
    );
  }
  assert.throws(() => parseRelease('{'), ProtocolError);
});

test('versions are compared part by part as numbers', () => {
  assert.ok(compareVersions('7.10.0.0', '7.9.65535.1') > 0);
  assert.ok(compareVersions('5.4.3790.2182', '7.0.0.0') < 0);
  assert.equal(compareVersions('7.9.0.1', '7.09.0.01'), 0);
  assert.deepEqual(['7.9.0', '7.9.0.65536', '7.9.0.1.2', '7.9.0.x', ''].map(isVersion), Array(5).fill(false));
  assert.throws(() => compareVersions('x', '7.9.0.1'), /not a version/);
});

test('the query stamp is ten digits of the UTC clock', () => {
  assert.equal(encodeQueryStamp(new Date('2009-11-18T09:16:31.999Z')), '0911180916');
  assert.deepEqual(parseQueryStamp('?0911180916'), new Date('2009-11-18T09:16:00Z'));
  assert.deepEqual(['0913180916', '091118091', 'V=1', '0911182416'].map(parseQueryStamp), Array(4).fill(undefined));
});
