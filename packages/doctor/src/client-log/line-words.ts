// The words that decide which parts of a client's log line are read. If one is missing, the pattern that needs it
// cannot match. If it is there, the pattern decides.
import type { KnownLine } from './known-line.ts';
import { knownLines } from './known-lines.ts';
import { type Marks, type Word, WordFinder } from './word-finder.ts';

/** The words of a line, also those that no known line has. */
export const has = {
  /** Of a failure: complaints.ts. */
  complaint: 1 << 0,
  selfUpdate: 1 << 1,
  search: 1 << 2,
  download: 1 << 3,
  install: 1 << 4,
  url: 1 << 5,
  /** Letters of other languages: the words are not looked for. */
  beyondAscii: 1 << 6,
  susSuccess: 1 << 7,
  httpStatus: 1 << 8,
  /** Of a service by its id, or of Microsoft's service locator. */
  service: 1 << 9,
  /** Of a request, in any form of log. */
  request: 1 << 10,
  /** Of an entry of the event log. */
  event: 1 << 11,
} as const;

const words: Record<Exclude<keyof typeof has, 'beyondAscii'>, readonly string[]> = {
  complaint: [
    ...['warn', 'fatal', 'error', 'fail', 'fault', 'fehl', 'erreur', 'nws', 'hr', 'unable', 'cannot', 'could not'],
    ...['exit code', 'exception', 'hresult', 'self-update check returned'],
  ],
  selfUpdate: ['self-update', 'selfupdate', 'iuident.cab', 'wuident.cab', 'wuaucomp.cab'],
  search: ['finding updates', 'search for updates'],
  download: ['download'],
  install: ['install'],
  url: ['://'],
  susSuccess: ['\tsuccess\tdetection\t'],
  httpStatus: ['http status'],
  service: ['sls', 'service', 'redir', 'obtain', 'got'],
  request: ['get', 'head', 'post', 'put', 'options', 'propfind', 'connect', 'w3svc'],
  event: ['event', 'is not working', 'non-running', 'is not accessible', 'have ever contacted'],
};

/** The marks of a line without any of them: its columns. */
export const plainFlags = has.download | has.install | has.service | has.httpStatus | has.request | has.event;

/** The sign is left alone. */
const bitsOfNumber = 31;

/** The finder of all of them. */
export function newLineFinder(): WordFinder {
  const ofFlags = Object.entries(words).flatMap(([name, texts]) =>
    texts.map((text): Word => ({ text, flags: has[name as keyof typeof has] })),
  );
  const ofLines = knownLines.flatMap((line, index) => line.words.map((text): Word => ({ text, ...bitOf(index) })));
  return new WordFinder([...ofFlags, ...ofLines], has.beyondAscii);
}

/** For a line whose words were not looked for: it may have all of them. */

/** Visits the known lines that this one may be, in their order. */
export function forKnownLines({ low, high }: Marks, visit: (line: KnownLine) => void): void {
  for (let bits = low; bits !== 0; bits &= bits - 1) visitLine(31 - Math.clz32(bits & -bits), visit);
  for (let bits = high; bits !== 0; bits &= bits - 1) visitLine(bitsOfNumber + 31 - Math.clz32(bits & -bits), visit);
}

function visitLine(index: number, visit: (line: KnownLine) => void): void {
  const line = knownLines[index];
  if (line) visit(line);
}

function bitOf(index: number): Partial<Marks> {
  return index < bitsOfNumber ? { low: 1 << index } : { high: 1 << (index - bitsOfNumber) };
}
