import assert from 'node:assert/strict';
import { posix, win32 } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { FormatError } from '../errors.ts';
import { collisionKey, toPathSegments } from './index.ts';

const hostile = [
  ...['', '.', '..', '...', '. .', '/', '\\', '/etc/passwd', '\\\\server\\share\\x', '\\\\?\\C:\\x', '//./COM1'],
  ...['../x', 'a/../../x', 'a\\..\\..\\x', 'a/./x', 'a//x', 'a/', '.. /x', '..\u0000/x', 'a/..'],
  ...['C:x', 'C:\\x', 'c:/x', 'a:b', 'a/b:stream', 'a::$DATA', ':x'],
  ...['CON', 'con.txt', 'a/NUL', 'nul.tar.gz', 'aux .log', 'COM1', 'com¹', 'LPT9.x', 'CONIN$', 'clock$', 'COM0.c'],
  ...['a.', 'a ', 'a. .', 'dir./x', 'dir /x', 'a\u0000b', 'a\u001fb', 'a\u007f', 'a\u0085b', '\ud800', 'x\udc00y'],
  ...['a'.repeat(256), `${'a/'.repeat(2048)}b`],
];
for (const name of hostile) {
  test(`the name ${JSON.stringify(name.slice(0, 40))} is refused`, () => {
    assert.throws(
      () => toPathSegments(name),
      (error) => error instanceof FormatError && error.code === 'FORMAT_UNSAFE_NAME' && error.message.length < 500,
    );
  });
}

for (const name of [
  'a',
  'a/b.cab',
  '..a',
  'a..b',
  '.hidden',
  'console',
  'com10.txt',
  'ü/ß',
  'x\u2215y',
  'a'.repeat(255),
]) {
  test(`the name ${JSON.stringify(name.slice(0, 40))} is a path`, () => {
    assert.deepEqual(toPathSegments(name), name.split('/'));
  });
}

test('an overlong spelling of a dot or slash in UTF-8 does not become one', () => {
  // C0 AE is a dot, C0 AF a slash, for a decoder that should not be one.
  const name = new TextDecoder().decode(Uint8Array.of(0xc0, 0xae, 0xc0, 0xae, 0xc0, 0xaf, 0x78));
  assert.equal(toPathSegments(name).length, 1);
});

/** Names made of what leads out, between ordinary letters. */
const pieces = fc.constantFrom(
  ...[
    '.',
    '..',
    '/',
    '\\',
    ':',
    ' ',
    '\0',
    'C:',
    '\\\\',
    '//',
    '?',
    '%2e',
    '~1',
    'con',
    'NUL',
    '$',
    '\u200c',
    '\ufeff',
  ],
  ...[
    'a',
    'B',
    'é',
    'e\u0301',
    'ß',
    '\u2024',
    '\uff0e',
    '\uff0f',
    '\u2215',
    '\u29f5',
    '\ud800',
    '\u{1f600}',
    '\r',
    '*',
  ],
);
const anyName = fc.oneof(
  fc.array(pieces, { maxLength: 12 }).map((some) => some.join('')),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(...hostile),
);

for (const [system, path, folder] of [
  ['POSIX', posix, '/srv/moult data'],
  ['Windows', win32, 'D:\\Moult Data'],
] as const) {
  test(`no name leaves its folder by the rules of ${system}`, () => {
    let taken = 0;
    const leaves = (name: string) => {
      let segments: string[];
      try {
        segments = toPathSegments(name);
      } catch (error) {
        assert.ok(error instanceof FormatError && error.code === 'FORMAT_UNSAFE_NAME', String(error));
        return;
      }
      taken++;
      const target = path.resolve(folder, ...segments);
      assert.ok(target.startsWith(folder + path.sep), target);
      // Each segment is one step down, and is spelled as it was given: nothing was folded away.
      assert.deepEqual(path.relative(folder, target).split(path.sep), segments);
      // Asked again, it is the same: what was found safe is stored and read back as it is.
      assert.deepEqual(toPathSegments(segments.join('/')), segments);
    };
    fc.assert(fc.property(anyName, leaves), { numRuns: 20_000 });
    assert.ok(taken > 100, `only ${taken} names were safe: the property says little`);
  });
}

test('on Windows a safe name is no device and keeps its end', () => {
  fc.assert(
    fc.property(anyName, (name) => {
      let segments: string[];
      try {
        segments = toPathSegments(name);
      } catch {
        return;
      }
      for (const segment of segments) {
        // What Windows opens: without trailing dots and spaces; the base name up to dot, colon or trailing space.
        assert.equal(segment.replace(/[. ]+$/, ''), segment);
        const base = (/^[^.:]*/.exec(segment)?.[0] ?? '').replace(/ +$/, '').toUpperCase();
        assert.ok(!['CON', 'PRN', 'AUX', 'NUL', 'CLOCK$', 'COM1', 'LPT1', 'CONIN$', 'CONOUT$'].includes(base), segment);
      }
    }),
    { numRuns: 20_000 },
  );
});

for (const [first, second] of [
  ['a.txt', 'A.TXT'],
  ['é', 'E\u0301'],
  ['straße', 'STRASSE'],
  ['\u212a', 'k'],
  ['x', 'x\u200c'],
  ['x', 'x..'],
] as const) {
  test(`${JSON.stringify(first)} and ${JSON.stringify(second)} may be one file`, () => {
    assert.equal(collisionKey([first]), collisionKey([second]));
  });
}

test('the folder and the file of a name are not mixed up in its key', () => {
  assert.notEqual(collisionKey(['a', 'b']), collisionKey(['a b']));
  assert.notEqual(collisionKey(['ab']), collisionKey(['a', 'b']));
});
