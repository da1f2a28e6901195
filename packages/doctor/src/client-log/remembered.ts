// What a story remembers of the lines of a client's log. Words for people are made when somebody asks: of millions of
// lines few are told.
import type { Evidence } from '../finding.ts';
import type { FindingCode } from '../words/codes.ts';
import type { LogEntry } from './entry.ts';
import type { Phase } from './trouble.ts';

type TroubleKind = Pick<Trouble, 'code' | 'phase' | 'extra' | 'foreign'>;

/** Something that failed, once or again and again. */
export class Trouble {
  readonly code: FindingCode;
  readonly phase: Phase;
  readonly extra: Record<string, string>;
  /** It is about one of Microsoft's services, not about a server of yours. */
  readonly foreign: boolean;
  /** A line said that an operation ended this way; without one it may have done no harm. */
  decisive: boolean;
  url: string | undefined;
  error: number;
  lastOrder: number;
  count = 1;
  private readonly firstEntry: LogEntry;
  private lastEntry: LogEntry;
  private firstEvidence: Evidence | undefined;

  /** `order` counts lines over all files; `error` is a HRESULT, 0 where a line of text was enough. */
  constructor(what: TroubleKind, entry: LogEntry, order: number, url: string | undefined, error: number) {
    this.code = what.code;
    this.phase = what.phase;
    this.extra = what.extra;
    this.foreign = what.foreign;
    this.decisive = entry.meaning.isOutcome;
    this.url = url;
    this.error = error;
    this.lastOrder = order;
    this.firstEntry = entry;
    this.lastEntry = entry;
  }

  /** True where it is the same trouble. */
  is({ phase, extra, foreign }: TroubleKind): boolean {
    return this.phase === phase && this.foreign === foreign && (this.extra.file ?? '') === (extra.file ?? '');
  }

  again(entry: LogEntry, order: number, url: string | undefined, error: number): void {
    this.count++;
    this.lastEntry = entry;
    this.lastOrder = order;
    this.url ??= url;
    if (this.error === 0) this.error = error;
    this.decisive ||= entry.meaning.isOutcome;
  }

  get first(): Evidence {
    this.firstEvidence ??= evidenceOfEntry(this.firstEntry);
    return this.firstEvidence;
  }

  /** The same object as `first` where there was only one. */
  get last(): Evidence {
    return this.count === 1 ? this.first : evidenceOfEntry(this.lastEntry);
  }

  get lastAt(): number | undefined {
    return this.lastEntry.stamp?.at;
  }
}

/** Something that the client did. */
export class Milestone {
  readonly what: string;
  /** Undefined for what is neither good nor bad. */
  readonly good: boolean | undefined;
  private readonly entry: LogEntry;

  constructor(entry: LogEntry, what: string, good: boolean | undefined) {
    this.entry = entry;
    this.what = what;
    this.good = good;
  }

  get at(): number | undefined {
    return this.entry.stamp?.at;
  }

  get evidence(): Evidence {
    return evidenceOfEntry(this.entry);
  }
}

/** A line as evidence. */
export function evidenceOfEntry(entry: LogEntry): Evidence {
  const text = entry.raw.trim().slice(0, 500);
  const at = entry.stamp ? { at: showTime(entry) } : {};
  return { source: entry.source, line: entry.line, text, ...at };
}

function showTime(entry: LogEntry): string {
  const iso = new Date(entry.stamp?.at ?? 0).toISOString();
  return entry.stamp?.zone === 'utc' ? iso : iso.replace(/Z$/, '');
}
