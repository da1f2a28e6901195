// The meaning of a text of a client's log by itself, without the columns before it. Agents write the same few thousand
// texts again and again, at each check and at each failure: what was found out of one is remembered, in bounded memory.
import { clientLogBounds } from '../bounds.ts';
import { noParameters } from '../story/event.ts';
import { aboutMicrosoft, isComplaint, isError, isOutcome } from './complaints.ts';
import { failuresIn, urlIn } from './entry.ts';
import type { KnownLine } from './known-line.ts';
import { forKnownLines, has } from './line-words.ts';
import type { Marks } from './word-finder.ts';

/** A known line that a text is. */
export interface MatchedLine {
  line: KnownLine;
  /** The names in it, and the meaning of the known line. */
  parameters: Readonly<Record<string, string>>;
  milestone: string | undefined;
}

export interface Meaning {
  /** Of `has`: what words there may be. */
  flags: number;
  url: string | undefined;
  /** The known lines that it is, in their order. */
  matched: readonly MatchedLine[];
  /** It tells of something that went wrong. */
  isComplaint: boolean;
  /** Of a complaint: the HTTP status and the HRESULTs it names. */
  status: number | undefined;
  failures: readonly number[];
  /** It says how an operation ended. Other warnings may have done no harm. */
  isOutcome: boolean;
  /** Its own log calls it an error. */
  isError: boolean;
  /** It is about Microsoft's services, or (false) a server of yours. Undefined where its address tells. */
  isMicrosoft: boolean | undefined;
}

const remembered = new Map<string, Meaning>();
/** A bit for each text that was seen, by its hash. */
const seen = new Uint8Array(65_536);
let seenCount = 0;

/** The possible meanings of a text that has these words, and perhaps not all of them. */
export function meaningOf(text: string, words: Marks): Meaning {
  return remembered.get(text) ?? findOut(text, words);
}

function findOut(text: string, words: Marks): Meaning {
  const { flags } = words;
  const matched: MatchedLine[] = [];
  forKnownLines(words, (line) => {
    const match = line.pattern.exec(text);
    if (match && !line.unless?.test(text)) matched.push(matchedBy(line, match.groups));
  });
  const complains = (flags & (has.complaint | has.beyondAscii)) !== 0 && isComplaint(text);
  const hasStatus = complains && (flags & has.httpStatus) !== 0;
  const status = hasStatus ? /HTTP status(?: code)?\s*[:=]?\s*'?(\d{3})\b/i.exec(text)?.[1] : undefined;
  const meaning: Meaning = {
    flags,
    url: (flags & has.url) === 0 ? undefined : urlIn(text),
    matched,
    isComplaint: complains,
    status: status === undefined ? undefined : Number(status),
    failures: complains ? failuresIn(text) : [],
    isOutcome: complains && isOutcome(text),
    isError: complains && isError(text),
    isMicrosoft: (flags & has.service) === 0 ? undefined : aboutMicrosoft(text),
  };
  if (text.length <= clientLogBounds.maxTextLength && isSeenAgain(text)) remember(text, meaning);
  return meaning;
}

function matchedBy(line: KnownLine, groups: Record<string, string | undefined> | undefined): MatchedLine {
  const { parameters: said, milestone } = line.says;
  if (groups === undefined) return { line, parameters: said ?? noParameters, milestone };
  const parameters: Record<string, string> = { ...said };
  for (const name in groups) {
    const value = groups[name];
    if (value !== undefined) parameters[name] = value;
  }
  return {
    line,
    parameters,
    milestone: milestone?.replaceAll(/\{(\w+)\}/g, (_, name: string) => parameters[name] ?? ''),
  };
}

/** Most texts with an id or a time in them are seen once: it is useless to remember those. */
function isSeenAgain(text: string): boolean {
  let hash = text.length;
  const step = 1 + (text.length >> 5);
  for (let at = 0; at < text.length; at += step) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  const slot = (hash ^ (hash >>> 16)) & (seen.length - 1);
  if (seen[slot] === 1) return true;
  if (++seenCount > clientLogBounds.maxSeenOnce) {
    seen.fill(0);
    seenCount = 0;
  }
  seen[slot] = 1;
  return false;
}

function remember(text: string, meaning: Meaning): void {
  if (remembered.size >= clientLogBounds.maxTexts) remembered.clear();
  remembered.set(text, meaning);
}
