// What is only there to be fast changes nothing: lines say the same read by their words and columns as read by every
// pattern there is.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { Columns } from './columns.ts';
import { isComplaint } from './complaints.ts';
import { parseEntry } from './entry.ts';
import type { KnownLine } from './known-line.ts';
import { knownLines } from './known-lines.ts';
import { forKnownLines, has, newLineFinder } from './line-words.ts';

const folder = fileURLToPath(new URL('../../../../fixtures/captures/logs/', import.meta.url));
const samples = readdirSync(folder)
  .filter((file) => file.endsWith('.log'))
  .flatMap((file) => readFileSync(join(folder, file), 'utf8').split(/\r?\n/));
const finder = newLineFinder();

function rulesOf(text: string): Set<KnownLine> {
  const bytes = Buffer.from(text);
  finder.find(bytes, 0, bytes.length);
  const rules = new Set<KnownLine>();
  forKnownLines(finder.marks, (rule) => rules.add(rule));
  return rules;
}

describe('the words of a line', () => {
  for (const rule of knownLines) {
    it(`are there wherever this is: ${rule.pattern.source.slice(0, 70)}`, () => {
      // The generator knows no borders of words and no groups that only look ahead.
      const texts = fc.stringMatching(
        new RegExp(rule.pattern.source.replaceAll('\\b', '').replaceAll(/\(\?[!=][^)]*\)/g, '')),
      );
      fc.assert(
        fc.property(texts, fc.boolean(), (text, loud) => {
          if (rule.pattern.test(text)) assert.ok(rulesOf(loud ? text.toUpperCase() : text).has(rule), text);
        }),
        { seed: 20261129, numRuns: 60 },
      );
    });
  }

  it('are found whatever stands before and behind them, in any letter case', () => {
    for (const rule of knownLines) {
      for (const word of rule.words) {
        for (const text of [word, `${word[0]}${word}`, `x ${word.toUpperCase()} \u00e9`])
          assert.ok(rulesOf(text).has(rule), text);
      }
    }
  });

  it('tell of every complaint and every known line of the samples', () => {
    for (const text of samples) {
      const rules = rulesOf(text);
      if (isComplaint(text)) assert.notEqual(finder.marks.flags & (has.complaint | has.beyondAscii), 0, text);
      for (const rule of knownLines) if (rule.pattern.test(text)) assert.ok(rules.has(rule), text);
    }
  });
});

const stamp = fc.constantFrom(
  ...['2009-05-25\t10:20:33:123', '2018/10/21 12:08:49.8046643', '2018.10.21 12:08:49,80', '2009-05-25 24:00:00:001'],
  ...['2009-13-25\t10:20:33:123', '2009-5-25\t10:20:33', '2009-05-25  10:20:33 ', '2009-05-25\t10:20:33:12345678'],
  ...['2009-05-25T10:20:33Z', '2009-05-25 10:20:33 AM', '0009-05-25\t10:20:33:123', '', '25/05/2009 10:20:33'],
);
const between = fc.constantFrom('\t', ' ', '  ', '\t ', '');
const process = fc.constantFrom('1000', ' 848', '12345678', '9x', '');
const thread = fc.constantFrom('1a4', '604', '123456789', '1g', '');
const component = fc.constantFrom('Agent', 'Setup', 'AU-2', 'x_1', '-x', '9', '', '\u00dcbel', 'PT:');
const text = fc.constantFrom('', 'WARNING: failed \u00a0', '\t* Online', '{3DA21691}', 'a\rb', '\ufeffx');

describe('the columns of a line', () => {
  it('are those that its text has', () => {
    const columns = new Columns();
    let taken = 0;
    fc.assert(
      fc.property(fc.tuple(stamp, between, process, between, thread, between, component, between, text), (parts) => {
        const line = parts.join('');
        const bytes = Buffer.from(`\n${line}`);
        if (!columns.take(bytes, 1, bytes.length)) return;
        taken++;
        const entry = parseEntry(line, '', 1, 'month-first');
        assert.equal(columns.component, entry.component);
        assert.equal(columns.layout, entry.layout);
        assert.equal(line.slice(columns.textStart - 1).trim(), entry.text);
        assert.deepEqual(entry.stamp, { at: columns.timeOf(bytes), zone: 'written', length: columns.stampLength });
      }),
      { seed: 20261129, numRuns: 20_000 },
    );
    assert.ok(taken > 200, String(taken));
  });

  it('are read in every line of the samples that has them', () => {
    const columns = new Columns();
    for (const line of samples) {
      const bytes = Buffer.from(line);
      const { layout } = parseEntry(line, '', 1, 'month-first');
      assert.equal(columns.take(bytes, 0, bytes.length), layout === 'wua' || layout === 'etw', line);
    }
  });
});
