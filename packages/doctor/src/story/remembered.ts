// The memory of a story about events. Words for people are made when somebody asks: of millions of lines few are told.
import type { Evidence } from '../finding.ts';
import type { Judgement } from '../rules/judge.ts';
import type { FindingCode } from '../words/codes.ts';
import type { LogEvent, Stage } from './event.ts';

/** Something that failed, once or again and again. */
export class Trouble {
  readonly code: FindingCode;
  readonly judgement: Judgement;
  readonly stage: Stage;
  readonly first: LogEvent;
  last: LogEvent;
  /** A line said that an operation ended this way. Without one it may have done no harm. */
  decisive: boolean;
  /** HRESULT, 0 where words were enough. */
  error: number;
  url: string | undefined;
  lastOrder: number;
  count = 1;

  /** `order` counts events over all files. */
  constructor(code: FindingCode, judgement: Judgement, event: LogEvent, order: number) {
    this.code = code;
    this.judgement = judgement;
    this.stage = event.stage;
    this.first = event;
    this.last = event;
    this.decisive = event.outcome === 'failed';
    this.error = event.code ?? 0;
    this.url = event.object;
    this.lastOrder = order;
  }

  again(event: LogEvent, order: number): void {
    this.count++;
    this.last = event;
    this.lastOrder = order;
    this.url ??= event.object;
    if (this.error === 0) this.error = event.code ?? 0;
    this.decisive ||= event.outcome === 'failed';
  }

  get whose(): LogEvent['whose'] {
    return this.first.whose;
  }

  get evidence(): Evidence[] {
    const first = evidenceOfEvent(this.first);
    return this.count === 1 ? [first] : [first, evidenceOfEvent(this.last)];
  }
}

/** Lines of one shape that their log calls errors and that are not understood. */
export interface LeftOver {
  first: LogEvent;
  last: LogEvent;
  count: number;
  lastOrder: number;
}

/** A line as evidence. */
export function evidenceOfEvent({ source, line, time, zone }: LogEvent): Evidence {
  const text = line.text.trim().slice(0, 500);
  if (time === undefined) return { source: source.file, line: line.number, text };
  const iso = new Date(time).toISOString();
  return { source: source.file, line: line.number, text, at: zone === 'utc' ? iso : iso.replace(/Z$/, '') };
}

/** A line without what differs from time to time: numbers, ids, times. */
export function shapeOf(text: string): string {
  return text
    .replace(/\{?[0-9a-f]{8}-[0-9a-f-]{27}\}?/gi, '{}')
    .replace(/(?:0x)?[0-9a-f]*\d[0-9a-f]*/gi, '#')
    .slice(0, 200);
}
