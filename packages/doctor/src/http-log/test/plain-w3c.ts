// W3C logs read slowly and plainly, to hold the scanner to: every line is split and looked at as text, and equal answers
// are found by their text. What a run is and keeps of its repeats is the rule, not how fast it is found.
import type { StageRecords } from '../client-tally.ts';
import { type HttpRecord, isGood, kindOfPath } from '../record.ts';
import { HttpTally, type Run } from '../tally.ts';

const passing = ['date', 'time', 'time-taken', 's-ip', 'cs-uri-query'];
const wanted = /\/(iuid|wuid|wutr|self|clie|simp|repo|apir|dssa|<rej)/i;

interface Layout {
  value: string;
  fields: string[];
  stem: number;
  tabbed: boolean | undefined;
  runs: Map<string, Repeated>;
}

/** A run, and what is counted of its repeats. */
interface Repeated {
  run: Run;
  times: number;
  lastAt: number;
  lastLine: number;
}

/** Fields beyond those of w3c.test.ts are not known here. */
export function readPlainly(source: string, log: string): { tally: HttpTally; lines: number } {
  const tally = new HttpTally();
  const all = log.split('\n');
  const lastHasEnd = all.at(-1) === '';
  if (lastHasEnd) all.pop();
  let layout: Layout = { value: '', fields: [], stem: -1, tabbed: undefined, runs: new Map() };
  let directiveDate = '';
  for (const [index, line] of all.entries()) {
    if (line.startsWith('#')) {
      const [, name, value = ''] = /^#(\w+):\s*(.*)$/.exec(line.replace(/\r$/, '')) ?? [];
      if (name === 'Date') directiveDate = value.slice(0, 10);
      if (name !== 'Fields') continue;
      if (value === layout.value) continue;
      const fields = value.toLowerCase().trim().split(/\s+/);
      tellRepeats(layout, tally);
      layout = { value, fields, stem: fields.indexOf('cs-uri-stem'), tabbed: undefined, runs: new Map() };
    } else if (layout.stem >= 0) {
      layout.tabbed ??= line.includes('\t');
      const hasEnd = lastHasEnd || index < all.length - 1;
      readLine({ source, number: index + 1, line, hasEnd, directiveDate }, layout, tally);
    }
  }
  tellRepeats(layout, tally);
  return { tally, lines: all.length };
}

interface Line {
  source: string;
  number: number;
  line: string;
  hasEnd: boolean;
  directiveDate: string;
}

function readLine({ source, number, line, hasEnd, directiveDate }: Line, layout: Layout, tally: HttpTally): void {
  const { fields, stem, runs } = layout;
  const columns = line.split(layout.tabbed ? '\t' : ' ');
  const whole = columns[stem];
  if (whole === undefined) return;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: bytes below the blank end an address
  const address = whole.replace(/[\0-\x1f].*$/s, '');
  const segment = wanted.exec(address)?.[1]?.toLowerCase();
  if (segment === undefined) return;
  const at = timeOf(line, columns, fields, directiveDate);
  const record = recordOf(line, layout, { source, number, at });
  if (!record) return;
  const client = columns[fields.indexOf('c-ip')];
  const isKept = (column: number) => {
    const field = fields[column];
    return field !== undefined && field !== 'c-ip' && !passing.includes(field);
  };
  const answer = columns.filter((_, column) => column !== stem && isKept(column));
  const cut = !hasEnd && columns.length - 1 === stem ? whole.slice(address.length) : undefined;
  const key = JSON.stringify([address, answer, cut, client]);
  const run = segment === 'wutr' ? undefined : runs.get(key);
  if (run) repeat(run, at, number);
  else {
    const fresh = tally.add(record);
    if (segment !== 'wutr' && record.query !== 'Rejected-By-UrlScan')
      runs.set(key, { run: fresh, times: 0, lastAt: at, lastLine: number });
  }
}

/** One more of the same: the last one is who came last by time, and of equal times by line. */
function repeat(repeated: Repeated, at: number, number: number): void {
  repeated.times++;
  if (at < repeated.lastAt) return;
  repeated.lastAt = at;
  repeated.lastLine = number;
  if (repeated.run.hasDays && !Number.isNaN(at)) repeated.run.addDay(at);
}

function tellRepeats({ runs }: Layout, tally: HttpTally): void {
  for (const { run, times, lastAt, lastLine } of runs.values()) {
    tally.repeat(run, times, Number.isNaN(lastAt) ? undefined : lastAt, lastLine);
  }
}

function recordOf(
  line: string,
  { fields, tabbed }: Layout,
  { source, number, at }: { source: string; number: number; at: number },
): HttpRecord | undefined {
  const cells = line.replace(/\r$/, '').split(tabbed ? '\t' : /[ \t]/);
  const cell = (name: string) => {
    const value = cells[fields.indexOf(name)];
    return value === '' || value === '-' ? undefined : value;
  };
  const count = (name: string) => (/^\d+$/.test(cell(name) ?? '') ? Number(cell(name)) : undefined);
  const asked = cell('cs-uri-query') ?? '';
  const stem = cell('cs-uri-stem') ?? '';
  const isRejected = /<rejected-by-urlscan>/i.test(stem) && asked.startsWith('~');
  const path = isRejected ? asked.slice(1) : stem;
  const kind = kindOfPath(path);
  if (kind === 'other') return undefined;
  return {
    source,
    line: number,
    text: '',
    at: Number.isNaN(at) ? undefined : at,
    zone: 'utc',
    client: cell('c-ip'),
    method: cell('cs-method') ?? '',
    path,
    query: isRejected ? 'Rejected-By-UrlScan' : asked,
    kind,
    status: count('sc-status'),
    substatus: count('sc-substatus'),
    win32: count('sc-win32-status'),
    userAgent: (cell('cs(user-agent)') ?? '').replaceAll('+', ' '),
    userName: '',
    host: undefined,
    port: cell('s-port'),
    site: undefined,
    reason: undefined,
  };
}

/** NaN where the column is missing or the line ends in it; any other letters make some number. */
function timeOf(line: string, columns: readonly string[], fields: readonly string[], directiveDate: string): number {
  const startOf = (column: number) => columns.slice(0, column).reduce((sum, { length }) => sum + length + 1, 0);
  const two = (at: number) => (line.charCodeAt(at) - 48) * 10 + line.charCodeAt(at + 1) - 48;
  const [time, date] = [fields.indexOf('time'), fields.indexOf('date')];
  if (time < 0 || time >= columns.length || date >= columns.length) return Number.NaN;
  const clock = startOf(time);
  if (clock + 8 > line.length) return Number.NaN;
  const seconds = (two(clock) * 60 + two(clock + 3)) * 60 + two(clock + 6);
  if (date < 0) return Date.parse(`${directiveDate}T00:00:00Z`) + seconds * 1000;
  const at = startOf(date);
  if (at + 10 > line.length) return Number.NaN;
  const key = (two(at) * 100 + two(at + 2)) * 10_000 + two(at + 5) * 100 + two(at + 8);
  const year = Math.floor(key / 10_000);
  if (year <= 1990 || year >= 2200) return Number.NaN;
  return Date.UTC(year, (Math.floor(key / 100) % 100) - 1, key % 100) + seconds * 1000;
}

/** All that a tally says of counts, times and lines. */
export function digestOf(tally: HttpTally): unknown {
  const place = ({ at, line, repeats }: HttpRecord) => ({ at, line, repeats });
  const side = (stages: readonly StageRecords[]) =>
    stages.map(({ kind, first, last, count }) => ({ kind, count, first: place(first), last: place(last) }));
  return {
    records: tally.records,
    skew: tally.skew && { ...tally.skew, record: place(tally.skew.record) },
    lastGood: [...tally.lastGood].map(([key, record]) => ({ key, ...place(record), isGood: isGood(record) })),
    groups: [...tally.groups].map(([key, { count, clients, first, last }]) => ({
      ...{ key, count, clients: [...clients], first: place(first), last: place(last) },
    })),
    clients: [...tally.clients.values()].map((story) => ({
      ...{ client: story.client, good: side(story.recordsOf(true)), bad: side(story.recordsOf(false)) },
      ...{ requests: story.requests, agents: story.userAgents, days: story.packageDays, pings: story.pings.map(place) },
    })),
  };
}
