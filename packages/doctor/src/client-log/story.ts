// Reads a client's log line by line and keeps the story: which agent, which server, how each self-update check ended,
// what failed and whether it worked again later. Bounded: equal troubles are counted, not kept.
import { clientLogBounds } from '../bounds.ts';
import type { Evidence } from '../finding.ts';
import { causeOf, causeOfStatus } from '../hresult/cause.ts';
import type { FindingCode } from '../words/codes.ts';
import { isMicrosoftUrl, managedService, standing } from './complaints.ts';
import { type LogEntry, lastPart } from './entry.ts';
import { evidenceOfEntry, Milestone, Trouble } from './remembered.ts';
import { type Phase, phaseOf, phaseWithoutText, troubleOf } from './trouble.ts';

export class ClientStory {
  readonly versions = new Set<string>();
  readonly layouts = new Set<string>();
  readonly serverUrls = new Set<string>();
  /** Servers that the agent says it is told to use. */
  readonly configured = new Set<string>();
  /** Whose web service was asked for updates, and where that is said first. */
  readonly scans = new Map<'yours' | 'microsoft', { url: string; evidence: Evidence }>();
  readonly components = new Set<string>();
  readonly troubles: Trouble[] = [];
  private readonly byCode = new Map<FindingCode, Trouble[]>();
  private readonly firstMilestones: Milestone[] = [];
  /** A ring. */
  private readonly lastMilestones: Milestone[] = [];
  private moreMilestones = 0;
  /** Order (line count over all files) and time of the last success of each phase, for your servers and Microsoft's. */
  private readonly successes = new Map<string, { at: number | undefined; order: number }>();
  timeZone: string | undefined;
  checksStarted = 0;
  checksEnded = 0;
  private lastCheck: LogEntry | undefined;
  private phase: Phase = 'other';
  private url: string | undefined;
  /** The last address that was looked at. */
  private judged: { url: string; isMicrosoft: boolean } | undefined;
  private service = managedService;
  private undecodedLines = 0;
  private firstUndecoded: Evidence | undefined;
  private validating = '';
  private order = 0;
  private lastComponent = '';
  private lastLayout: LogEntry['layout'] = 'plain';
  /** Failures that depend on what was asked for, which a later line says. */
  private unplaced: { entry: LogEntry; value: number; phase: Phase }[] = [];
  /** The scan was not tried: what is said of it next is how the self-update check ended. */
  private scanSkipped = false;

  /** Takes the next line in. */
  add(entry: LogEntry): void {
    this.order++;
    this.noteColumns(entry.component, entry.layout);
    this.setPhase(phaseOf(entry, this.phase));
    if (entry.layout === 'sus' && /\tSuccess\tDetection\t/i.test(entry.raw)) this.success(entry, 'self-update');
    const { url, known } = entry.meaning;
    if (url) this.url = url;
    for (const { rule, match } of known) rule.apply(this, entry, match);
    this.noteFailures(entry);
  }

  /** The same for a line that says no more than its columns do; false where it has to be read after all. */
  addPlain(component: string, layout: LogEntry['layout'], flags: number): boolean {
    const phase = phaseWithoutText(component, flags, this.phase);
    if (phase === undefined) return false;
    this.order++;
    this.noteColumns(component, layout);
    this.setPhase(phase);
    return true;
  }

  private noteColumns(component: string, layout: LogEntry['layout']): void {
    // Mostly it is one that wrote before.
    if (component === this.lastComponent && layout === this.lastLayout) return;
    this.lastComponent = component;
    this.lastLayout = layout;
    if (layout !== 'plain') this.layouts.add(layout);
    if (component && this.components.size < 60) this.components.add(component);
  }

  milestone(entry: LogEntry, what: string, good: boolean | undefined): void {
    const milestone = new Milestone(entry, what, good);
    if (this.firstMilestones.length < halfOfMilestones()) this.firstMilestones.push(milestone);
    else this.lastMilestones[this.moreMilestones++ % halfOfMilestones()] = milestone;
  }

  /** The first ones and the last ones, in their order. */
  get milestones(): Milestone[] {
    const oldest = this.moreMilestones % halfOfMilestones();
    const { firstMilestones: first, lastMilestones: last } = this;
    return [...first, ...last.slice(oldest), ...last.slice(0, oldest)];
  }

  success(entry: LogEntry, ...phases: Phase[]): void {
    const foreign = this.isForeign(entry);
    for (const phase of phases) this.successes.set(keyOf(phase, foreign), { at: entry.stamp?.at, order: this.order });
  }

  trouble(entry: LogEntry, code: FindingCode, error = 0, extra: Record<string, string> = noExtra): void {
    const what = { code, phase: this.phase, extra, foreign: this.isForeign(entry) };
    const same = this.byCode.get(code);
    const known = same?.find((trouble) => trouble.is(what));
    if (known) known.again(entry, this.order, this.url, error);
    else if (this.troubles.length < clientLogBounds.maxTroubles) {
      const fresh = new Trouble(what, entry, this.order, this.url, error);
      this.troubles.push(fresh);
      if (same) same.push(fresh);
      else this.byCode.set(code, [fresh]);
    }
  }

  /** The troubles that count, healed ones included. */
  standing(): Trouble[] {
    this.settle();
    const scanned = this.successes.has(keyOf('scan', false));
    return standing(this.troubles, (trouble) => this.isHealed(trouble), scanned);
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
    if (this.service !== managedService || /^sls$/i.test(entry.component)) return true;
    return entry.meaning.isMicrosoft ?? this.hasMicrosoftUrl();
  }

  private hasMicrosoftUrl(): boolean {
    const { url, judged } = this;
    if (url === undefined) return false;
    if (judged?.url === url) return judged.isMicrosoft;
    this.judged = { url, isMicrosoft: isMicrosoftUrl(url) };
    return this.judged.isMicrosoft;
  }

  startCheck(entry: LogEntry): void {
    this.settle();
    this.scanSkipped = false;
    this.checksStarted++;
    this.phase = 'self-update';
    this.url = undefined;
    this.lastCheck = entry;
  }

  get lastCheckStart(): Evidence | undefined {
    return this.lastCheck && evidenceOfEntry(this.lastCheck);
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

  private setPhase(phase: Phase): void {
    // What is downloaded or reported goes to another address than what the scan talked to.
    if (this.phase !== phase && elsewhere.has(phase)) this.url = undefined;
    this.phase = phase;
  }

  private noteFailures(entry: LogEntry): void {
    const { status, failures } = entry.meaning;
    if (status !== undefined && causeOfStatus(status) !== 'harmless') {
      this.trouble(entry, troubleForStatus(status, this.phase, this.url), 0x80190000 + status);
    }
    for (const value of failures) {
      // WinHTTP's lines tell the status first and only then what was asked for.
      const early = this.url === undefined && (this.phase === 'self-update' || this.phase === 'other');
      if (early && causeOf(value) === 'DOCTOR_TREE_MISSING' && this.unplaced.length < clientLogBounds.maxUnplaced) {
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
    const file = aboutFiles.has(code) ? lastPart(this.validated) : '';
    const named: Record<string, string> = file === '' ? noExtra : { file, path: file };
    const now = this.phase;
    this.phase = phase;
    this.trouble(entry, code, value, named);
    this.phase = now;
  }
}

const noExtra: Record<string, string> = {};
const elsewhere = new Set<Phase>(['download', 'report']);

/** Windows Update and Microsoft Update. */
const updateServices = new Set(['9482f4b4-e343-43b6-b170-9a65bc822c77', '7971f918-a847-4430-9279-4a52d1efe18d']);

function keyOf(phase: Phase, foreign: boolean): string {
  return `${phase}|${foreign}`;
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

/** So many of the first, and as many of the last ones. */
function halfOfMilestones(): number {
  return Math.floor(clientLogBounds.maxMilestones / 2);
}
