// The sum of many request logs, in bounded memory: groups of equal failures, and a story per client.
import { requestLogBounds } from '../bounds.ts';
import { ClientTally, isPackage, Repeats, Sighting } from './client-tally.ts';
import {
  type HttpRecord,
  isGood,
  isLater,
  isMicrosoftHost,
  isMicrosoftPath,
  type RequestKind,
  siteOf,
  stampOf,
} from './record.ts';

/** The common part of all equal answers, of any client. */
export class Shape {
  /** The first of them. */
  readonly record: HttpRecord;
  readonly isGood: boolean;
  readonly site: string;
  readonly key: string;
  readonly isMicrosoft: boolean;
  /** Of failures. */
  group: AnswerGroup | undefined;

  constructor(record: HttpRecord) {
    this.record = record;
    this.isGood = isGood(record);
    this.site = siteOf(record);
    this.isMicrosoft = (record.host !== undefined && isMicrosoftHost(record.host)) || isMicrosoftPath(record.path);
    this.key = this.isGood
      ? `${record.kind}|${this.site}`
      : [record.kind, this.site, record.status ?? 0, record.substatus, record.win32, record.reason].join('|');
  }
}

/** The same answer given to one client again and again: counted without being decoded. */
export class Run {
  readonly shape: Shape;
  readonly first: Sighting;
  readonly client: string | undefined;
  private readonly tally: ClientTally | undefined;

  constructor(shape: Shape, first: Sighting, client: string | undefined, tally: ClientTally | undefined) {
    this.shape = shape;
    this.first = first;
    this.client = client;
    this.tally = tally;
  }

  /** True where somebody asks on which days it was. */
  get hasDays(): boolean {
    return this.tally !== undefined && isPackage(this.shape.record);
  }

  /** One of the run was of the day of `at`, unlike the one before it. */
  addDay(at: number): void {
    this.tally?.notePackage(at);
  }
}

/** Equal answers to equal questions. */
export interface AnswerGroup {
  kind: RequestKind;
  site: string;
  status: number;
  substatus: number | undefined;
  win32: number | undefined;
  reason: string | undefined;
  count: number;
  clients: Set<string>;
  first: HttpRecord;
  last: HttpRecord;
  sharePoint: boolean;
}

export class HttpTally {
  readonly groups = new Map<string, AnswerGroup>();
  readonly clients = new Map<string, ClientTally>();
  /** Requests that went to Microsoft's own servers. */
  readonly microsoft: HttpRecord[] = [];
  /** Client clock minus log clock, largest seen, per kind of log. */
  skew: { ms: number; record: HttpRecord; count: number } | undefined;
  /** Last good answer per kind and site. */
  readonly lastGood = new Map<string, HttpRecord>();
  /** Requests of clients beyond those whose stories are kept. */
  withoutStory = 0;
  /** Failures of a kind beyond those that are told apart. */
  withoutGroup = 0;
  records = 0;
  /** Lines that were read whole. */
  decoded = 0;
  /** The program that wrote each log, as the log names it. */
  readonly software = new Map<string, string>();
  private keptPings = 0;
  private groupClients = 0;

  /** Takes a request in. `repeat` tells of those that are like it. */
  add(record: HttpRecord, shape = new Shape(record)): Run {
    this.measureClock(record);
    const run = this.see(shape, new Sighting(record, record.at, record.line), record.client);
    if (record.kind === 'wutrack' && record.query !== '' && record.client) this.keepPing(record, record.client);
    return run;
  }

  /** The same as `add` for a request with a known client, time and line. The rest is as in `shape`. */
  addLike(shape: Shape, client: string | undefined, at: number | undefined, line: number): Run {
    return this.see(shape, new Sighting(shape.record, at, line), client);
  }

  /** So many more like the first of a run, the last of them then and there. */
  repeat({ shape, first, client }: Run, times: number, at: number | undefined, line: number): void {
    if (times === 0) return;
    this.count(shape, new Repeats({ like: first.like, at, line }, times, first.line), client);
  }

  private see(shape: Shape, sighting: Sighting, client: string | undefined): Run {
    if (shape.isMicrosoft && this.microsoft.length < 20) this.microsoft.push(sighting.recordFor(client));
    return new Run(shape, sighting, client, this.count(shape, sighting, client));
  }

  private count(shape: Shape, sighting: Sighting, client: string | undefined): ClientTally | undefined {
    this.records += sighting.times;
    if (shape.isGood) this.noteGood(shape, sighting, client);
    else this.group(shape, sighting, client);
    const tally = client ? this.tallyOf(client) : undefined;
    tally?.take(sighting);
    if (client && !tally) this.withoutStory += sighting.times;
    return tally;
  }

  private measureClock(record: HttpRecord): void {
    const stamp = stampOf(record.query);
    if (stamp === undefined || record.at === undefined) return;
    const ms = stamp - record.at;
    // Sent within the minute of the stamp, written up to a minute later.
    if (Math.abs(ms) < 10 * 60_000) return;
    const count = (this.skew?.count ?? 0) + 1;
    if (!this.skew || Math.abs(ms) > Math.abs(this.skew.ms)) this.skew = { ms, record, count };
    else this.skew.count = count;
  }

  private noteGood({ key }: Shape, sighting: Sighting, client: string | undefined): void {
    const known = this.lastGood.get(key);
    if (known ? isLater(sighting, known) : this.lastGood.size < requestLogBounds.maxSites) {
      this.lastGood.set(key, sighting.recordFor(client));
    }
  }

  private group(shape: Shape, sighting: Sighting, client: string | undefined): void {
    if ((shape.record.status ?? 0) === 0 && !shape.record.reason) return;
    shape.group ??= this.groups.get(shape.key) ?? this.startGroup(shape, sighting.recordFor(client));
    const { group } = shape;
    if (group === undefined) {
      this.withoutGroup += sighting.times;
      return;
    }
    group.count += sighting.times;
    if (client) this.noteAffected(group, client);
    if (isLater(group.first, sighting)) group.first = sighting.recordFor(client);
    if (!isLater(group.last, sighting)) group.last = sighting.recordFor(client);
  }

  private startGroup({ key, site }: Shape, record: HttpRecord): AnswerGroup | undefined {
    if (this.groups.size >= requestLogBounds.maxGroups) return undefined;
    const { kind, status = 0, substatus, win32, reason, text } = record;
    const sharePoint = /_vti_|sharepoint|_layouts/i.test(text);
    const ends = { first: record, last: record };
    const group = {
      kind,
      site,
      status,
      substatus,
      win32,
      reason,
      count: 0,
      clients: new Set<string>(),
      ...ends,
      sharePoint,
    };
    this.groups.set(key, group);
    return group;
  }

  private noteAffected({ clients }: AnswerGroup, client: string): void {
    if (
      clients.size >= requestLogBounds.maxClientsPerGroup ||
      this.groupClients >= requestLogBounds.maxGroupClients ||
      clients.has(client)
    )
      return;
    clients.add(client);
    this.groupClients++;
  }

  private keepPing(record: HttpRecord, client: string): void {
    this.keptPings += this.clients.get(client)?.takePing(record, this.keptPings >= requestLogBounds.maxPings) ?? 0;
  }

  private tallyOf(client: string): ClientTally | undefined {
    const known = this.clients.get(client);
    if (known || this.clients.size >= requestLogBounds.maxClients) return known;
    const fresh = new ClientTally(client);
    this.clients.set(client, fresh);
    return fresh;
  }
}
