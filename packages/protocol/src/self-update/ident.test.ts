import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProtocolError } from '../errors.ts';
import { composeIdent, encodeIdent, type Ident, parseIdent } from './index.ts';

const small = [
  '; agents of the WSUS generation',
  '[SelfClientUpdate]',
  'Grammar=1',
  'Client=wsus',
  'Version=7.9.0.2',
  'StructureKeyEx=AU\\%ARCH%\\%OS%\\%LANG%\\wuaucomp.cab',
  '[OS]',
  'XP,7.9.0.2-=/SKIP',
  'XP,0.0.0.0-5.3.65535.65535=/UNSUPPORTED install the June 2002 client first ; see docs',
  'XP,-7.9.0.1=XP /LATER:1',
  'W2K=W2K',
  '[ARCH]',
  'x86=x86',
  '[LANG]',
  'pt-br=PTBR',
  '*=EN',
].join('\r\n');

function codeAndLine(text: string | Uint8Array, limits?: Parameters<typeof parseIdent>[1]) {
  try {
    parseIdent(text, limits);
  } catch (error) {
    if (error instanceof ProtocolError) return [error.code, error.line];
    throw error;
  }
  return 'no error';
}

const withoutLines = (ident: Ident) => JSON.parse(JSON.stringify(ident, (key, value) => (key === 'line' ? 0 : value)));

test('the published sections and directives are read, comments and blanks are not', () => {
  const ident = parseIdent(small);
  assert.equal(ident.client, 'wsus');
  assert.equal(ident.version, '7.9.0.2');
  assert.equal(ident.structureKeys[0], 'AU/%ARCH%/%OS%/%LANG%/wuaucomp.cab');
  assert.deepEqual(
    ident.platforms[0]?.map((line) => [line.platform, line.from, line.to, line.target.kind, line.line]),
    [
      ['XP', '7.9.0.2', undefined, 'skip', 8],
      ['XP', '0.0.0.0', '5.3.65535.65535', 'unsupported', 9],
      ['XP', undefined, '7.9.0.1', 'directory', 10],
      ['W2K', undefined, undefined, 'directory', 11],
    ],
  );
  const unsupported = ident.platforms[0]?.[1]?.target;
  assert.equal(unsupported?.kind === 'unsupported' && unsupported.because, 'install the June 2002 client first');
});

test('sections, keys and directives of a later time are passed over', () => {
  const later = `${small}\r\n[Quorum]\r\nanything at all\r\n[OS]\r\nXP,*=/DEFER 3\r\n[SelfClientUpdate]\r\nNotBefore=2031`;
  assert.deepEqual(withoutLines(parseIdent(later)), withoutLines(parseIdent(small)));
});

test('letter case of sections, keys and directives is of no account', () => {
  const shouted = small.replaceAll(/^\[.*\]$|Grammar|Client|Version|StructureKeyEx|\/SKIP/gm, (word) =>
    word === word.toUpperCase() ? word.toLowerCase() : word.toUpperCase(),
  );
  assert.deepEqual(parseIdent(shouted), parseIdent(small));
});

test('ANSI, UTF-8 with mark, UTF-16 with and without mark read the same', () => {
  const text = small.replace('see docs', 'siehe Anhang');
  const expected = parseIdent(text);
  const wide = Buffer.from(text, 'utf16le');
  assert.deepEqual(parseIdent(Buffer.from(`\uFEFF${text}`)), expected);
  assert.deepEqual(parseIdent(Buffer.from(`\uFEFF${text}`, 'utf16le')), expected);
  assert.deepEqual(parseIdent(wide), expected);
  assert.deepEqual(parseIdent(Buffer.from(Buffer.from(`\uFEFF${text}`, 'utf16le')).swap16()), expected);
  assert.deepEqual(parseIdent(Buffer.from(`${text}\r\n; caf\xe9`, 'latin1')), expected);
  assert.deepEqual(parseIdent(text.replaceAll('\r\n', '\n')), expected);
});

test('an error names its line', () => {
  const head = '[SelfClientUpdate]\nGrammar=1\n';
  assert.deepEqual(codeAndLine(`${head}[OS]\nXP,1.2=XP`), ['PROTOCOL_IDENT_MALFORMED', 4]);
  assert.deepEqual(codeAndLine(`${head}[OS]\nXP,1.0.0.0-2.0.0.0-3.0.0.0=XP`), ['PROTOCOL_IDENT_MALFORMED', 4]);
  assert.deepEqual(codeAndLine(`${head}[OS]\nXP,-=XP`), ['PROTOCOL_IDENT_MALFORMED', 4]);
  assert.deepEqual(codeAndLine(`${head}[OS]\nXP,*=`), ['PROTOCOL_IDENT_MALFORMED', 4]);
  assert.deepEqual(codeAndLine(`${head}[OS\n`), ['PROTOCOL_IDENT_MALFORMED', 3]);
  assert.deepEqual(codeAndLine('Grammar=1\n'), ['PROTOCOL_IDENT_MALFORMED', 1]);
  assert.deepEqual(codeAndLine('[SelfClientUpdate]\nGrammar=one'), ['PROTOCOL_IDENT_MALFORMED', 2]);
  assert.deepEqual(codeAndLine('[SelfClientUpdate]\nVersion=1.0.0.0'), ['PROTOCOL_IDENT_MALFORMED', undefined]);
  assert.deepEqual(codeAndLine('[OS]\n'), ['PROTOCOL_IDENT_MALFORMED', undefined]);
  assert.deepEqual(codeAndLine('[SelfClientUpdate]\nGrammar=2'), ['PROTOCOL_IDENT_GRAMMAR', 2]);
});

test('no line can lead out of the self-update directory', () => {
  const head = '[SelfClientUpdate]\nGrammar=1\n';
  for (const bad of ['..', '../x', 'a/b', 'a\\b', 'C:', 'x?y', 'x#y', '.', '%2e%2e', 'a..b', 'http://x/']) {
    assert.deepEqual(codeAndLine(`${head}[OS]\nXP,*=${bad}`), ['PROTOCOL_IDENT_MALFORMED', 4], bad);
    assert.deepEqual(codeAndLine(`${head}[ARCH]\nx86=${bad}`), ['PROTOCOL_IDENT_MALFORMED', 4], bad);
  }
  for (const bad of ['/AU/x', 'AU//x', 'AU/../x', 'http://evil/x', '%TEMP%/x', '\\\\host\\share']) {
    assert.deepEqual(codeAndLine(`${head}StructureKeyEx=${bad}`), ['PROTOCOL_IDENT_MALFORMED', 3], bad);
  }
});

test('size, lines and line length have limits', () => {
  const limits = { maxBytes: 200, maxLines: 5, maxLineLength: 40 };
  assert.deepEqual(codeAndLine(' '.repeat(201), limits), ['PROTOCOL_IDENT_OVER_LIMIT', undefined]);
  assert.deepEqual(codeAndLine('\n\n\n\n\n', limits), ['PROTOCOL_IDENT_OVER_LIMIT', undefined]);
  assert.deepEqual(codeAndLine(`\n;${'x'.repeat(40)}`, limits), ['PROTOCOL_IDENT_OVER_LIMIT', 2]);
});

test('what is composed is ASCII with CRLF and reads back to the same value', () => {
  for (const version of ['7.9.0.1', undefined]) {
    const ident = composeIdent('sus', { product: 'moult-agent', version });
    const text = encodeIdent(ident);
    assert.match(text, /^[\x20-\x7e\r\n]+$/);
    assert.doesNotMatch(text, /[^\r]\n/);
    assert.deepEqual(withoutLines(parseIdent(text)), withoutLines(ident));
  }
});

test('any text is either an ident or a ProtocolError', () => {
  const scraps = fc.constantFrom(
    '[OS]',
    '[SelfClientUpdate]',
    'Grammar=1',
    'XP',
    ',',
    '=',
    '-',
    '*',
    '/SKIP',
    '\n',
    ';',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(scraps, fc.string()), { maxLength: 40 }), (parts) => {
      codeAndLine(parts.join(''));
      codeAndLine(Buffer.from(parts.join(''), 'latin1'));
    }),
  );
});
