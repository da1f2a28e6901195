// Lines of a client's log → events. It keeps what earlier lines said about later ones: the stage, the address, the
// service, the file whose signature the agent checks, and the SOAP fault that continues.
import { publishedCodes as hr } from '@moult/protocol/hresult';
import { clientLogBounds } from '../bounds.ts';
import { statusBehind } from '../rules/causes.ts';
import { managedService, ownerOfService, ownerOfUrl, updateServices } from '../rules/services.ts';
import { type LogEvent, type LogKind, type LogSource, noParameters, type Stage } from '../story/event.ts';
import { isFailure, isSuccess } from './agent-reports.ts';
import { type LogEntry, lastPart } from './entry.ts';
import type { MatchedLine } from './meaning.ts';
import { logEventOf, parseReportedEvent } from './reporting-events.ts';
import { SoapFault } from './soap-fault.ts';
import { stageInWords, stageOf, stageWithoutText } from './stage.ts';
import { Works } from './work.ts';

const kindOfLayout: Record<LogEntry['layout'], LogKind> = {
  sus: 'sus-log',
  wua: 'windows-update-log',
  etw: 'get-windows-update-log',
  plain: 'text',
};

type Draft = Omit<LogEvent, 'source' | 'line' | 'time' | 'zone' | 'parameters'> & {
  parameters?: LogEvent['parameters'];
};

export class ClientLines {
  private readonly file: string;
  private readonly emit: (event: LogEvent) => void;
  private readonly sources = new Map<string, LogSource>();
  private readonly works = new Works();
  /** The last service that was looked at. */
  private asked: { service: string | undefined; whose: LogEvent['whose'] } = { service: undefined, whose: undefined };
  /** The last address that was looked at. */
  private judged: { url: string; whose: LogEvent['whose'] } | undefined;
  private validated = '';
  /** Failures that depend on what was asked for, which a later line says. */
  private unplaced: { entry: LogEntry; value: number; stage: Stage }[] = [];
  private readonly fault = new SoapFault();

  constructor(file: string, emit: (event: LogEvent) => void) {
    this.file = file;
    this.emit = emit;
  }

  /** Takes the next line in. */
  add(entry: LogEntry): void {
    this.works.switchTo(entry.thread);
    this.setStage(stageOf(entry, this.works.current.stage));
    if (entry.layout === 'sus' && /\tSuccess\tDetection\t/i.test(entry.raw))
      this.send(entry, { stage: 'self-update', outcome: 'succeeded' });
    const { url, matched } = entry.meaning;
    if (url) this.works.current.url = url;
    for (const each of matched) this.addMatched(entry, each);
    if (!entry.meaning.isComplaint && !this.fault.isOpen) return;
    this.addFault(entry);
    this.addFailures(entry);
  }

  /** The same for a line that says no more than its columns do. False if the line must be read after all. */
  addPlain(component: string, flags: number, thread: number): boolean {
    this.works.switchTo(thread);
    const stage = stageWithoutText(component, flags, this.works.current.stage);
    if (stage === undefined) return false;
    this.setStage(stage);
    return true;
  }

  /** No more lines follow: what still waits for its address is taken without one. */
  end(): void {
    this.settle();
    this.endFault();
  }

  private setStage(stage: Stage): void {
    // Downloads and reports go to another address than the scan.
    if (this.works.current.stage !== stage && (stage === 'download' || stage === 'reporting'))
      this.works.current.url = undefined;
    this.works.current.stage = stage;
  }

  private addMatched(entry: LogEntry, { line, parameters, milestone }: MatchedLine): void {
    if (line.layout !== undefined && line.layout !== entry.layout) return;
    const { id, says } = line;
    if (id === 'report-event') {
      this.addReported(entry, parameters.reported ?? '');
      return;
    }
    this.follow(line.context, parameters);
    const { outcome = 'noted' } = says;
    if (outcome === 'ended' && says.stage === 'detection') this.works.current.isOwn = false;
    if (outcome !== 'noted' && outcome !== 'warned') this.works.current.chain = undefined;
    // Nothing but the lines that follow depends on it.
    if (id === 'names-service' || id === 'validates' || id === 'proxy') return;
    this.send(entry, {
      stage: says.stage ?? this.works.current.stage,
      outcome,
      code: says.code,
      finding: says.finding,
      alsoWell: says.alsoWell,
      rule: id,
      parameters: this.completed(id, parameters),
      milestone,
    });
  }

  /** The names in the line, with those of earlier lines. */
  private completed(id: string, parameters: LogEvent['parameters']): LogEvent['parameters'] {
    if (id === 'scan-finished' && parameters.found === undefined) {
      const found = parameters.detected ?? parameters.listed ?? parameters.counted;
      return found === undefined ? parameters : { ...parameters, found };
    }
    if (id === 'not-signed' && this.validated) return { ...parameters, file: lastPart(this.validated) };
    if (id !== 'asks-service' || !/\/clientwebservice\//i.test(parameters.server ?? '')) return parameters;
    this.works.current.scanSkipped = false;
    // The Store's service and others are asked on every machine.
    const other =
      ownerOfService(this.works.current.service) === 'microsoft' &&
      !updateServices.has(this.works.current.service ?? '');
    return other ? parameters : { ...parameters, scanUrl: parameters.server ?? '' };
  }

  /** Its report about an update, as ReportingEvents.log has it. */
  private addReported(entry: LogEntry, text: string): void {
    const event = parseReportedEvent(text, this.file, entry.line);
    if (event === undefined) return;
    const { stage, code, parameters } = logEventOf(event);
    const outcome = isFailure(event) ? 'failed' : isSuccess(event) ? 'succeeded' : undefined;
    if (outcome !== undefined)
      this.send(entry, { stage, outcome, code, parameters, level: 'error', rule: 'report-event' });
  }

  /** The meaning of a known line for the lines that follow. */
  private follow(context: MatchedLine['line']['context'], groups: LogEvent['parameters']): void {
    if (context === undefined) return;
    if (beginsWork.has(context)) this.works.current.isOwn = true;
    if (context === 'check-begins') {
      this.settle();
      this.works.current.scanSkipped = false;
      this.works.current.stage = 'self-update';
      this.works.current.url = undefined;
      this.works.current.proxy = undefined;
    } else if (context === 'scan-begins') {
      this.works.current.scanSkipped = false;
      this.works.current.proxy = undefined;
    } else if (context === 'scan-skipped') this.works.current.scanSkipped = true;
    else if (context === 'validates') this.validated = groups.validated ?? '';
    else if (context === 'names-service') this.talkTo(groups.serviceGuid?.toLowerCase());
    else if (context === 'asks-service') this.works.current.url = groups.server;
    else if (context === 'uses-proxy') this.works.current.proxy = groups.proxy === '(null)' ? undefined : groups.proxy;
  }

  /** From here on the work is about this service. */
  private talkTo(service: string | undefined): void {
    if (service !== this.works.current.service) this.works.current.url = undefined;
    this.works.current.service = service;
  }

  private addFault(entry: LogEntry): void {
    if (this.fault.isOpen && !this.fault.takes(entry)) this.endFault();
    if (this.fault.begins(entry)) {
      this.endFault();
      this.fault.begin(entry);
    }
    if (this.fault.isComplete) this.endFault();
  }

  private endFault(): void {
    const fault = this.fault.end();
    if (fault === undefined) return;
    const stage = /ReportEventBatch/i.test(fault.parameters.method ?? '') ? 'reporting' : 'web-service';
    const { entry, parameters } = fault;
    this.send(entry, {
      stage,
      outcome: 'warned',
      code: hr.WU_E_PT_SOAPCLIENT_SOAPFAULT,
      rule: 'soap-fault',
      parameters,
      object: this.works.current.url,
    });
  }

  private addFailures(entry: LogEntry): void {
    const { status, failures, isComplaint, isOutcome } = entry.meaning;
    if (!isComplaint) return;
    const outcome = isOutcome ? 'failed' : 'warned';
    if (status !== undefined && status >= 300 && failures.length === 0)
      this.send(entry, {
        stage: this.stageOfFailure(entry, 0),
        outcome,
        status,
        object: this.works.current.url,
      });
    for (const value of failures) this.addFailure(entry, value, status);
    const isKnown =
      entry.meaning.matched.some(({ line }) => line.says.outcome !== undefined) ||
      this.fault.isOpen ||
      this.fault.just(entry);
    if (failures.length === 0 && status === undefined && entry.meaning.isError && !isKnown)
      this.send(entry, { stage: this.stageOfFailure(entry, 0), outcome, level: 'error' });
  }

  private addFailure(entry: LogEntry, value: number, status: number | undefined): void {
    const stage = this.stageOfFailure(entry, value);
    // WinHTTP's lines tell the status first and only then what was asked for.
    const early = this.works.current.url === undefined && (stage === 'self-update' || stage === 'other');
    const waits = early && statusBehind(value) === 404;
    if (waits && this.unplaced.length < clientLogBounds.maxUnplaced) {
      this.unplaced.push({ entry, value, stage });
      return;
    }
    if (this.works.current.url !== undefined) this.settle();
    this.sendFailure(entry, value, stage, status);
  }

  /** By its words, by the code that a deeper line handed up, else where the client is. */
  private stageOfFailure(entry: LogEntry, value: number): Stage {
    const words = stageInWords(entry.text);
    // The agent's own files are another work than updates.
    const ofItself = this.works.current.stage === 'self-update' && (words === 'download' || words === 'installation');
    if (words !== undefined && !ofItself) return words;
    const scanning = this.works.current.stage === 'detection' || this.works.current.stage === 'web-service';
    if (scanning && this.works.current.scanSkipped) return 'self-update';
    const { chain } = this.works.current;
    if (chain && chain.code === value && handsOn.has(chain.stage) && takesOver.has(this.works.current.stage))
      return chain.stage;
    return this.works.current.stage;
  }

  private sendFailure(entry: LogEntry, value: number, stage: Stage, status: number | undefined): void {
    this.works.current.chain = { code: value, stage };
    const file = aboutFiles(value, stage) ? lastPart(this.validated) : '';
    const named = {
      component: entry.component,
      ...(file === '' ? {} : { file }),
      ...(value === hr.WU_E_PT_SOAPCLIENT_SOAPFAULT ? this.fault.last : {}),
      ...(this.works.current.proxy === undefined ? {} : { proxy: this.works.current.proxy }),
    };
    const outcome = entry.meaning.isOutcome ? 'failed' : 'warned';
    const level = entry.meaning.isError ? 'error' : 'warning';
    this.send(entry, { stage, outcome, code: value, status, level, object: this.works.current.url, parameters: named });
  }

  private settle(): void {
    const waiting = this.unplaced;
    this.unplaced = [];
    for (const { entry, value, stage } of waiting) this.sendFailure(entry, value, stage, undefined);
  }

  private send(entry: LogEntry, draft: Draft): void {
    const { stamp, line, raw } = entry;
    const { service } = this.works.current;
    const { parameters = noParameters } = draft;
    const isManaged = service === undefined || service === managedService;
    // One shape for all events, written out: there are millions of them.
    this.emit({
      stage: draft.stage,
      outcome: draft.outcome,
      object: draft.object,
      code: draft.code,
      status: draft.status,
      level: draft.level,
      finding: draft.finding,
      alsoWell: draft.alsoWell,
      rule: draft.rule,
      milestone: draft.milestone,
      time: stamp?.at,
      zone: stamp?.zone,
      source: this.sourceOf(entry),
      line: { number: line, text: raw },
      whose: this.whoseOf(entry),
      parameters: isManaged ? parameters : { serviceGuid: service, ...parameters },
    });
  }

  private sourceOf({ layout, component }: LogEntry): LogSource {
    const key = `${layout}|${component}`;
    const known = this.sources.get(key);
    if (known) return known;
    const source: LogSource = { kind: kindOfLayout[layout], file: this.file, side: 'client', component };
    if (this.sources.size < clientLogBounds.maxComponents) this.sources.set(key, source);
    return source;
  }

  private whoseOf(entry: LogEntry): LogEvent['whose'] {
    const ofService = this.ownerOfService();
    if (ofService === 'microsoft' || (entry.component.length === 3 && /^sls$/i.test(entry.component)))
      return 'microsoft';
    const { isMicrosoft } = entry.meaning;
    if (isMicrosoft !== undefined) return isMicrosoft ? 'microsoft' : 'yours';
    return this.ownerOfUrl() ?? ofService;
  }

  private ownerOfService(): LogEvent['whose'] {
    const { service } = this.works.current;
    if (service !== this.asked.service) this.asked = { service, whose: ownerOfService(service) };
    return this.asked.whose;
  }

  private ownerOfUrl(): LogEvent['whose'] {
    const { judged } = this;
    const { url } = this.works.current;
    if (url === undefined) return undefined;
    if (judged?.url === url) return judged.whose;
    this.judged = { url, whose: ownerOfUrl(url) };
    return this.judged.whose;
  }
}

/** Lines that say what the thread is at. */
const beginsWork = new Set<NonNullable<MatchedLine['line']['context']>>([
  'check-begins',
  'scan-begins',
  'names-service',
  'asks-service',
]);

/** Stages whose codes callers hand on, and the stages of those callers. */
const handsOn = new Set<Stage>(['auth-ticket', 'download', 'installation', 'reporting']);
const takesOver = new Set<Stage>(['other', 'detection', 'web-service']);

/** If the agent was checking a signature, the code is about that file. */
function aboutFiles(value: number, stage: Stage): boolean {
  const trust = value >>> 16 === 0x800b || value >>> 16 === 0x8009;
  return trust && (stage === 'self-update' || stage === 'other' || stage === 'trust');
}
