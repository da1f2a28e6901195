// The scanner against the plain reader of test/plain-w3c.ts, which splits lines into strings and knows no tricks.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HttpTally } from './tally.ts';
import { digestOf, readPlainly } from './test/plain-w3c.ts';
import { W3cReader } from './w3c.ts';

const source = 'u_ex261120.log';

/** Chunks end at line ends, as lineChunks gives them; `lines` says how many lines each has. */
function read(log: string, lines: readonly number[] = [1_000_000]): { tally: HttpTally; lines: number } {
  const tally = new HttpTally();
  const reader = new W3cReader(source, tally);
  const whole = log.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  for (let first = 0, turn = 0; first < whole.length; turn++) {
    const count = lines[turn % lines.length] as number;
    reader.read(Buffer.from(whole.slice(first, first + count).join(''), 'latin1'));
    first += count;
  }
  reader.end();
  return { tally, lines: reader.lines };
}

function holds(log: string, chunks?: readonly number[]): void {
  const ours = read(log, chunks);
  const plain = readPlainly(source, log);
  assert.equal(ours.lines, plain.lines);
  // Not deepEqual, which takes minutes to say where two large documents differ.
  const [actual, expected] = [ours, plain].map(({ tally }) => JSON.stringify(digestOf(tally))) as [string, string];
  if (actual === expected) return;
  const at = [...actual].findIndex((letter, index) => letter !== expected[index]);
  const part = (text: string) => text.slice(Math.max(0, at - 200), at + 100);
  assert.fail(`read\n${part(actual)}\ninstead of\n${part(expected)}`);
}

/** What each column holds, for the most part as IIS writes it. */
const values: Record<string, readonly string[]> = {
  date: ['2026-11-20', '2026-11-20', '2026-11-21', '2026-11-19', '2024-02-29', '2026-13-40', '-', '1980-01-01'],
  time: ['00:00:00', '08:14:01', '08:14:02', '23:59:59', '12:30:00', '-', '8:1'],
  's-ip': ['10.0.0.2', '10.0.0.3'],
  'cs-method': ['GET', 'HEAD', 'POST'],
  'cs-uri-stem': [
    ...['/iuident.cab', '/selfupdate/wuident.cab', '/SelfUpdate/AU/x86/XP/sv/wuaucomp.cab', '/x/SELFUPDATE/a.exe'],
    ...['/ClientWebService/client.asmx', '/SimpleAuthWebService/SimpleAuth.asmx', '/selfupdate', '/wutrack.bin'],
    ...['/ReportingWebService/ReportingWebService.asmx', '/Reports/Pages/Folder.aspx', '/Content/AB/ABCDEF01.cab', '/'],
    ...[
      '/<Rejected-By-UrlScan>',
      '-',
      '',
      'selfupdate/a.cab',
      '/selfupdate/\u0001a.cab',
      '/self',
      '/sel',
      '/a/b/c/d/wuid',
    ],
    ...['/selfupdate/my file.cab', '/selfupdate/\u00fc.cab', '/selfupdate/12345678.cab', '/selfupdate/12345679.cab'],
  ],
  'cs-uri-query': ['-', '0508260814', '~/iuident.cab', 'U=0123456789abcdef0123456789abcdef&A=w'],
  's-port': ['80', '8530'],
  'c-ip': ['10.0.0.7', '10.0.0.8', '10.0.0.77', '-', ''],
  'cs(User-Agent)': ['Industry+Update+Control', 'Windows-Update-Agent/10.0.10011.16384+Client-Protocol/2.50', '-'],
  'sc-status': ['200', '304', '404', '403', '0'],
  'sc-substatus': ['0', '1'],
  'sc-win32-status': ['0', '2', '64'],
  'time-taken': ['0', '15', '31'],
  'x-other': ['-', 'a', 'b'],
};
const names = Object.keys(values);

const line = fc.record({
  picks: fc.array(fc.nat(999), { minLength: names.length, maxLength: names.length }),
  kind: fc.nat(39),
});

/** Runs of lines below one #Fields line. */
const section = fc.record({
  fields: fc.shuffledSubarray(names, { minLength: 4 }),
  tabbed: fc.boolean(),
  newline: fc.constantFrom('\r\n', '\n'),
  date: fc.option(fc.constantFrom('2026-11-20 00:00:00', '2005-08-26', 'never')),
  lines: fc.array(line, { maxLength: 40 }),
});

type Section = typeof section extends fc.Arbitrary<infer T> ? T : never;

function lineOf(fields: readonly string[], between: string, { picks, kind }: Section['lines'][number]): string {
  const cells = fields.map((field, column) => {
    const known = values[field] as readonly string[];
    const pick = picks[column] as number;
    // Most lines are alike, else there would be no repeats.
    return known[pick < 850 ? 0 : pick % known.length] as string;
  });
  const [first = 0, second = 0] = picks;
  if (kind === 0) return '';
  if (kind === 1) return cells.slice(0, first % (cells.length + 1)).join(between);
  if (kind === 2) return cells.join(between).slice(0, first % 60);
  if (kind === 3) return [...cells, ...Array.from({ length: second % 300 }, (_, index) => `${index}`)].join(between);
  if (kind === 4) return cells.join(between === '\t' ? ' ' : '\t');
  if (kind === 5) return '#Remark: nothing';
  if (kind === 6) return '#Date: 2026-11-22 00:00:00';
  if (kind === 7) return cells.join(between + between);
  return cells.join(between);
}

function logOf(sections: readonly Section[], hasEnd: boolean): string {
  const text = sections
    .flatMap(({ fields, tabbed, newline, date, lines }) => [
      ...(date === null ? [] : [`#Date: ${date}${newline}`]),
      `#Fields: ${fields.join(tabbed ? '\t' : ' ')}${newline}`,
      ...lines.map((one) => lineOf(fields, tabbed ? '\t' : ' ', one) + newline),
    ])
    .join('');
  return hasEnd ? text : text.replace(/\r?\n$/, '');
}

describe('W3C logs', () => {
  it('say the same read by the scanner as read plainly, whatever they hold', () => {
    fc.assert(
      fc.property(
        fc.array(section, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }),
        (sections, hasEnd, chunks) => holds(logOf(sections, hasEnd), chunks),
      ),
      { seed: 20261129, numRuns: 600, endOnFailure: true },
    );
  });

  it('say the same for many clients in mixed order over several days', () => {
    const fields = ['date', 'time', 'cs-method', 'cs-uri-stem', 'cs-uri-query', 'c-ip', 'sc-status', 'time-taken'];
    let log = `#Fields: ${fields.join(' ')}\r\n`;
    for (let number = 0; number < 12_000; number++) {
      const mixed = Math.imul(number, 2654435761) >>> 0;
      const day = 10 + ((mixed >>> 5) % 9);
      const client = `10.0.${(mixed >>> 9) % 4}.${(mixed >>> 13) % 250}`;
      const stem = ['/selfupdate/wuident.cab', '/selfupdate/a/b.cab', '/Content/1.cab'][(mixed >>> 21) % 3];
      log += `2026-11-${day} 10:${10 + (number % 50)}:00 GET ${stem} ${number} ${client} ${number % 7 === 0 ? 404 : 200} 1\r\n`;
    }
    holds(log, [3000]);
  });

  it('tell addresses with blanks apart, where tabs stand between the columns', () => {
    const line = (name: string) => `10.0.0.7\t/selfupdate/my ${name}.cab\t404\n`;
    holds(`#Fields: c-ip cs-uri-stem sc-substatus\n${['a', 'b', 'a'].map(line).join('')}`);
    const { tally } = read(`#Fields: c-ip cs-uri-stem sc-status\n${['a', 'b'].map(line).join('')}`);
    assert.deepEqual(
      [...tally.groups.values()].map(({ last }) => last.path),
      ['/selfupdate/my b.cab'],
    );
  });

  it('keep no repeat in another log that is read in turns with them', () => {
    const text = '#Fields: time c-ip cs-uri-stem sc-status\n10:00:00 10.0.0.7 /iuident.cab 200\n';
    const tallies = [new HttpTally(), new HttpTally()];
    const readers = tallies.map((tally) => new W3cReader(source, tally));
    for (const reader of readers) reader.read(Buffer.from(text));
    for (const [index, reader] of readers.entries()) {
      for (let times = 0; times <= index; times++) reader.read(Buffer.from('10:00:01 10.0.0.7 /iuident.cab 200\n'));
    }
    for (const reader of readers) reader.end();
    assert.deepEqual(
      tallies.map(({ records }) => records),
      [2, 3],
    );
    assert.equal(read(text).tally.records, 1, 'a scanner that was used before knows nothing of it');
  });

  it('are read on behind a line that is longer than the memory of the scanner', () => {
    const line = '10.0.0.7 /iuident.cab 200\n';
    const tally = new HttpTally();
    const reader = new W3cReader(source, tally);
    reader.read(Buffer.from(`#Fields: c-ip cs-uri-stem sc-status\n${line}${'x'.repeat(9_000_000)}\n${line}`));
    reader.read(Buffer.from(line));
    reader.end();
    assert.equal(tally.records, 3);
  });
});
