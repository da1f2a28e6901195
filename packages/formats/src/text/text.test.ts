import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cutText, jsonText, visibleIn, visibleLines, visibleText } from './index.ts';

/** By number: an editor that shows this file must not obey them. */
const invisible = [
  ...[0x00, 0x07, 0x08, 0x0b, 0x1b, 0x7f, 0x85, 0x9b, 0xad, 0x34f, 0x61c, 0x115f, 0x17b4, 0x180e, 0x200b, 0x200c],
  ...[0x200d, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2060, 0x2061, 0x2066, 0x2067],
  ...[0x2068, 0x2069, 0x206f, 0x3164, 0xfe0f, 0xfeff, 0xffa0, 0xfff9, 0xe0001, 0xe0041, 0xe0100],
].map((code) => String.fromCodePoint(code));

describe('text of strangers, shown', () => {
  it('has a mark in place of everything that cannot be seen or that turns the order', () => {
    for (const character of invisible) {
      const mark = `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`;
      assert.equal(visibleText(`a${character}b`), `a${mark}b`);
      assert.equal(visibleLines(`a${character}b`), `a${mark}b`);
    }
    assert.equal(visibleText('reception\u202egpj.exe'), 'reception<U+202E>gpj.exe');
    assert.equal(visibleText('\u001b[2Jgone\r\nnext\t'), '<U+001B>[2Jgone<U+000D><U+000A>next<U+0009>');
    assert.equal(visibleText('half \ud83d, whole \ud83d\ude00'), 'half <U+D83D>, whole \ud83d\ude00');
  });

  it('stays as it is in every script that people read', () => {
    for (const text of ['RECEPTION-07', 'größe', 'Ελλάδα', 'приём', 'שלום', 'مرحبا', 'ยินดี', '受付', '접수', 'नमस्ते']) {
      assert.equal(visibleText(text), text);
    }
  });

  it('keeps the lines of texts of several lines, and shows a lone carriage return, which would hide one', () => {
    assert.equal(visibleLines('a\tb\nc\r\nd\re'), 'a\tb\nc\r\nd<U+000D>e');
  });

  it('is shown wherever it stands in a document', () => {
    const at = new Date(0);
    const shown = visibleIn({ a: ['\u202e', { b: '\u200b\n' }], n: 1, at, nothing: null, gone: undefined });
    assert.deepEqual(shown, { a: ['<U+202E>', { b: '<U+200B>\n' }], n: 1, at, nothing: null, gone: undefined });
  });

  it('in JSON is the same to a program, and nothing to a terminal', () => {
    const value = fc.dictionary(fc.string({ unit: 'binary' }), fc.array(fc.string({ unit: 'binary' })));
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 2), (document, indent) => {
        const text = jsonText(document, indent);
        assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(document)));
      }),
    );
    assert.equal(jsonText(undefined), 'null');
  });
});

describe('text within a bound', () => {
  it('is cut between characters, marked, and never longer than asked for', () => {
    assert.equal(cutText('12345', 5), '12345');
    assert.equal(cutText('123456', 5), '12…');
    assert.equal(cutText('größe', 6), 'gr…');
    assert.equal(cutText('größe', 7), 'größe');
    assert.equal(cutText('ab\ud83d\ude00', 6), 'ab\ud83d\ude00');
    assert.equal(cutText('ab\ud83d\ude00c', 6), 'ab…');
    assert.equal(cutText('a\0b\ud800', 20), 'a\ufffdb\ufffd');
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.integer({ min: 3, max: 100 }), (text, maxBytes) => {
        const cut = cutText(text, maxBytes);
        assert.ok(Buffer.byteLength(cut) <= maxBytes);
        assert.ok(cut.isWellFormed() && !cut.includes('\0'));
        const whole = text.toWellFormed().replaceAll('\0', '\ufffd');
        if (Buffer.byteLength(whole) <= maxBytes) assert.equal(cut, whole);
        else assert.ok(cut.endsWith('…') && whole.startsWith(cut.slice(0, -1)));
      }),
    );
  });
});
