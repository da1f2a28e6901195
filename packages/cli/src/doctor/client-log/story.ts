// Reads a client's log line by line and keeps the story: which agent, which server, how each self-update check ended,
// what failed and whether it worked again later. Bounded: equal troubles are counted, not kept.
import type { Evidence } from '../finding.ts';
import { causeOf, causeOfStatus } from '../hresult/cause.ts';
import type { FindingCode } from '../words/codes.ts';
import { isAboutMicrosoft, isComplaint, isOutcome, managedService, standing } from './complaints.ts';
import { failuresIn, type LogEntry, lastPart, urlIn } from './entry.ts';
import { knownLines } from './known-lines.ts';
import { type Phase, phaseOf, troubleOf } from './trouble.ts';

export interface Trouble {
  code: FindingCode;
  phase: Phase;
  /** HRESULT; 0 where a line of text was enough. */
  error: number;
  url: string | undefined;
  count: number;
  first: Evidence;
  last: Evidence;
  lastAt: number | undefined;
  lastOrder: number;
  extra: Record<string, string>;
  /** A line said that an operation ended this way; without one it may have done no harm. */
  decisive: boolean;
  /** It is about one of Microsoft's services, not about a server of yours. */
  foreign: boolean;
}

export interface Milestone {
  at: number | undefined;
  what: string;
  evidence: Evidence;
  /** Undefined for what is neither good nor bad. */
  good: boolean | undefined;
}

const maxTroubles = 300;
const maxMilestones = 400;
const maxUnplaced = 8;

export class ClientStory {
  readonly versions = new Set<string>();
  readonly layouts = new Set<string>();
  readonly serverUrls = new Set<string>();
  /** Servers that the agent says it is told to use. */
  readonly configured = new Set<string>();
  /** Whose web service was asked for updates, and where that is said first. */
  readonly scans = new Map<'yours' | 'microsoft', { url: string; evidence: Evidence }>();
  readonly components = new Set<string>();
  readonly troubles = new Map<string, Trouble>();
  readonly milestones: Milestone[] = [];
  /** Order (line count over all files) and time of the last success of each phase, for your servers and Microsoft's. */
  private readonly successes = new Map<string, { at: number | undefined; order: number }>();
  timeZone: string | undefined;
  checksStarted = 0;
  checksEnded = 0;
  lastCheckStart: Evidence | undefined;
  private phase: Phase = 'other';
  private url: string | undefined;
  private service = managedService;
  private undecodedLines = 0;
  private firstUndecoded: Evidence | undefined;
  private validating = '';
  private order = 0;
  /** Failures that depend on what was asked for, which a later line says. */
  private unplaced: { entry: LogEntry; value: number; phase: Phase }[] = [];
  /** The scan was not tried: what is said of it next is how the self-update check ended. */
  private scanSkipped = false;

  /** Takes the next line in. */
  add(entry: LogEntry): void {
    this.order++;
    if (entry.layout !== 'plain') this.layouts.add(entry.layout);
    if (entry.component && this.components.size < 60) this.components.add(entry.component);
    this.followPhase(entry);
    if (entry.layout === 'sus' && /\tSuccess\tDetection\t/i.test(entry.raw)) this.success(entry, 'self-update');
    const url = urlIn(entry.text);
    if (url) this.url = url;
    for (const rule of knownLines) {
      const match = rule.pattern.exec(entry.text);
      if (match) rule.apply(this, entry, match);
    }
    this.noteFailures(entry);
  }

  milestone(entry: LogEntry, what: string, good: boolean | undefined): void {
    if (this.milestones.length >= maxMilestones) this.milestones.splice(maxMilestones / 2, 1);
    this.milestones.push({ at: entry.stamp?.at, what, evidence: evidenceOfEntry(entry), good });
  }

  success(entry: LogEntry, ...phases: Phase[]): void {
    const foreign = this.isForeign(entry);
    for (const phase of phases) this.successes.set(keyOf(phase, foreign), { at: entry.stamp?.at, order: this.order });
  }

  trouble(entry: LogEntry, code: FindingCode, error = 0, extra: Record<string, string> = {}): void {
    const url = this.url;
    const foreign = this.isForeign(entry);
    const decisive = isOutcome(entry);
    const key = `${code}|${this.phase}|${extra.file ?? ''}|${foreign}`;
    const known = this.troubles.get(key);
    const last = evidenceOfEntry(entry);
    if (known) {
      known.count++;
      known.last = last;
      known.lastAt = entry.stamp?.at;
      known.lastOrder = this.order;
      known.url ??= url;
      if (known.error === 0) known.error = error;
      known.decisive ||= decisive;
      return;
    }
    if (this.troubles.size >= maxTroubles) return;
    const order = this.order;
    const lastAt = entry.stamp?.at;
    this.troubles.set(key, {
      code,
      phase: this.phase,
      error,
      url,
      count: 1,
      first: last,
      last,
      lastAt,
      lastOrder: order,
      extra,
      decisive,
      foreign,
    });
  }

  /** The troubles that count, healed ones included. */
  standing(): Trouble[] {
    this.settle();
    const scanned = this.successes.has(keyOf('scan', false));
    return standing([...this.troubles.values()], (trouble) => this.isHealed(trouble), scanned);
  }

  /** Nothing more is to come: what still waits for its address is taken without one. */
  settle(): void {
    const waiting = this.unplaced;
    this.unplaced = [];
    for (const { entry, value, phase } of waiting) this.noteFailure(entry, value, phase);
  }

  /** True when the phase that failed worked again afterwards. */
  isHealed(trouble: Trouble): boolean {
    const success = this.successes.get(keyOf(trouble.phase, trouble.foreign));
    if (!success) return false;
    if (success.at !== undefined && trouble.lastAt !== undefined && success.at !== trouble.lastAt) {
      return success.at > trouble.lastAt;
    }
    return success.order > trouble.lastOrder;
  }

  /** From here on the work is about this service. */
  talkTo(service: string): void {
    if (service !== this.service) this.url = undefined;
    this.service = service;
  }

  /** The self-update check failed, so that nothing is asked of the web services. */
  skipScan(): void {
    this.scanSkipped = true;
  }

  /** A web service is asked for updates. */
  scan(entry: LogEntry, url: string): void {
    this.scanSkipped = false;
    this.url = url;
    const whose = this.isForeign(entry) ? 'microsoft' : 'yours';
    // The Store's service and others are asked on every machine.
    if (whose === 'microsoft' && this.service !== managedService && !updateServices.has(this.service)) return;
    if (!this.scans.has(whose)) this.scans.set(whose, { url, evidence: evidenceOfEntry(entry) });
  }

  private isForeign(entry: LogEntry): boolean {
    return this.service !== managedService || isAboutMicrosoft(entry, this.url);
  }

  startCheck(entry: LogEntry): void {
    this.settle();
    this.scanSkipped = false;
    this.checksStarted++;
    this.phase = 'self-update';
    this.url = undefined;
    this.lastCheckStart = evidenceOfEntry(entry);
  }

  endCheck(): void {
    this.checksEnded++;
  }

  /** A trace that its converter had no words for, or the notice that stands in place of a log. */
  notDecoded(entry: LogEntry): void {
    this.undecodedLines++;
    this.firstUndecoded ??= evidenceOfEntry(entry);
  }

  /** The first line that could not be decoded, when such lines are more than a few. */
  get undecoded(): Evidence | undefined {
    return this.undecodedLines * 10 >= this.order ? this.firstUndecoded : undefined;
  }

  validate(file: string): void {
    this.validating = file;
  }

  get validated(): string {
    return this.validating;
  }

  enter(phase: Phase): void {
    this.phase = phase;
  }

  private followPhase(entry: LogEntry): void {
    const before = this.phase;
    this.phase = phaseOf(entry, before);
    // What is downloaded or reported goes to another address than what the scan talked to.
    if (this.phase !== before && elsewhere.has(this.phase)) this.url = undefined;
  }

  private noteFailures(entry: LogEntry): void {
    if (!isComplaint(entry)) return;
    const status = /HTTP status(?: code)?\s*[:=]?\s*'?(\d{3})\b/i.exec(entry.text)?.[1];
    if (status) {
      const cause = causeOfStatus(Number(status));
      if (cause !== 'harmless')
        this.trouble(entry, troubleForStatus(Number(status), this.phase, this.url), 0x80190000 + Number(status));
    }
    for (const value of failuresIn(entry.text)) {
      // WinHTTP's lines tell the status first and only then what was asked for.
      const early = this.url === undefined && (this.phase === 'self-update' || this.phase === 'other');
      if (early && causeOf(value) === 'DOCTOR_TREE_MISSING' && this.unplaced.length < maxUnplaced) {
        this.unplaced.push({ entry, value, phase: this.phase });
      } else {
        if (this.url !== undefined) this.settle();
        this.noteFailure(entry, value, this.phase === 'scan' && this.scanSkipped ? 'self-update' : this.phase);
      }
    }
  }

  private noteFailure(entry: LogEntry, value: number, phase: Phase): void {
    const code = troubleOf(value, phase, this.url);
    if (code === 'harmless') return;
    const file = lastPart(this.validated);
    const named: Record<string, string> = aboutFiles.has(code) && file !== '' ? { file, path: file } : {};
    const now = this.phase;
    this.phase = phase;
    this.trouble(entry, code, value, named);
    this.phase = now;
  }
}

const elsewhere = new Set<Phase>(['download', 'report']);

/** Windows Update and Microsoft Update. */
const updateServices = new Set(['9482f4b4-e343-43b6-b170-9a65bc822c77', '7971f918-a847-4430-9279-4a52d1efe18d']);

function keyOf(phase: Phase, foreign: boolean): string {
  return `${phase}|${foreign}`;
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

function troubleForStatus(status: number, phase: Phase, url: string | undefined): FindingCode {
  const code = troubleOf(0x80190000 + status, phase, url);
  return code === 'harmless' ? 'DOCTOR_HTTP_STATUS' : code;
}

/** Findings about a file whose signature was being looked at. */
const aboutFiles = new Set<FindingCode>([
  'DOCTOR_CABINET_WRONG_SIGNER',
  'DOCTOR_CABINET_ALTERED',
  'DOCTOR_CABINET_UNSIGNED',
  'DOCTOR_SIGNATURE_REFUSED',
]);
