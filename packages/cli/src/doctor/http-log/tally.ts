// What a pile of request logs adds up to, in bounded memory: groups of equal failures, and a story per client.
import { type HttpRecord, isMicrosoftHost, isMicrosoftPath, type RequestKind, stampOf } from './record.ts';

const maxClients = 20_000;
const maxGroups = 2_000;
const maxRuns = 200_000;
const maxClientsPerGroup = 1_000;
const maxDays = 400;

/** The same answer given again and again: counted without being decoded. Who counts writes here what came of it. */
export class Run {
  readonly record: HttpRecord;
  /** How many there were besides `record`. */
  extra = 0;
  /** The last one; NaN without a time. */
  lastAt: number;
  lastLine: number;
  readonly days: Set<number> | undefined;

  constructor(record: HttpRecord, days: Set<number> | undefined) {
    this.record = record;
    this.days = days;
    this.lastAt = record.at ?? Number.NaN;
    this.lastLine = record.line;
  }

  /** One of the run was of the day of `at`, unlike the one before it. */
  addDay(at: number): void {
    if (this.days !== undefined && this.days.size < maxDays) this.days.add(Math.floor(at / 86_400_000));
  }

  /** The last of the run as a record, which says that it stands for many. */
  last(): HttpRecord {
    if (this.extra === 0) return this.record;
    const { record } = this;
    const at = Number.isNaN(this.lastAt) ? undefined : this.lastAt;
    return { ...record, at, line: this.lastLine, text: '', repeats: { times: this.extra + 1, since: record.line } };
  }
}

/** A record in one line: as it was written where that was kept, else what it stands for. */
export function describeRecord({ text, method, path, status, substatus, win32, client, repeats }: HttpRecord): string {
  if (text !== '') return text.trim();
  const code = [status, substatus, win32].filter((part) => part !== undefined).join('.');
  const answer = `${method} ${path} → ${code}`;
  if (repeats) return `${answer}, ${repeats.times} times as in line ${repeats.since}`;
  return client === undefined ? answer : `${answer} to ${client}`;
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

export interface Stage {
  at: number | undefined;
  what: string;
  record: HttpRecord;
}

export interface ClientTally {
  client: string;
  userAgents: Set<string>;
  /** First good answer per kind of request, and the last one. */
  good: Map<RequestKind, { first: HttpRecord; last: HttpRecord; count: number }>;
  bad: Map<RequestKind, { first: HttpRecord; last: HttpRecord; count: number }>;
  /** Good GETs of a package, and on how many days. */
  packageDays: Set<number>;
  pings: HttpRecord[];
  machineIds: Set<string>;
  requests: number;
}

const empty: readonly never[] = [];

export class HttpTally {
  readonly groups = new Map<string, AnswerGroup>();
  readonly clients = new Map<string, ClientTally>();
  /** Requests that went to Microsoft's own servers. */
  readonly microsoft: HttpRecord[] = [];
  /** Client clock minus log clock, largest seen, per kind of log. */
  skew: { ms: number; record: HttpRecord; count: number } | undefined;
  /** Last good answer per kind and site. */
  readonly lastGood = new Map<string, HttpRecord>();
  uncountedClients = 0;
  records = 0;

  private readonly runs: Run[] = [];

  /** Takes a request in; the run it starts may be told of repeats until `settle`. */
  add(record: HttpRecord): Run {
    this.records++;
    if ((record.host && isMicrosoftHost(record.host)) || isMicrosoftPath(record.path)) this.keepMicrosoft(record);
    this.measureClock(record);
    this.group(record, 1);
    const tally = this.story(record, 1);
    const packages = record.kind === 'package' && record.method === 'GET' && isGood(record);
    const run = new Run(record, packages ? tally?.packageDays : undefined);
    if (this.runs.length < maxRuns) this.runs.push(run);
    return run;
  }

  /** Adds the repeats of the runs so far to groups and stories. Call it after each file. */
  settle(): void {
    for (const run of this.runs) {
      if (run.extra === 0) continue;
      const last = run.last();
      this.records += run.extra;
      this.group(last, run.extra);
      this.story(last, run.extra);
    }
    this.runs.length = 0;
  }

  private keepMicrosoft(record: HttpRecord): void {
    if (this.microsoft.length < 20) this.microsoft.push(record);
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

  private group(record: HttpRecord, times: number): void {
    const site = siteOf(record);
    if (isGood(record)) {
      const key = `${record.kind}|${site}`;
      const known = this.lastGood.get(key);
      if (!known || isLater(record, known)) this.lastGood.set(key, record);
      return;
    }
    const status = record.status ?? 0;
    if (status === 0 && !record.reason) return;
    const key = [record.kind, site, status, record.substatus, record.win32, record.reason].join('|');
    const known = this.groups.get(key);
    if (!known) {
      if (this.groups.size >= maxGroups) return;
      this.groups.set(key, {
        kind: record.kind,
        site,
        status,
        substatus: record.substatus,
        win32: record.win32,
        reason: record.reason,
        count: times,
        clients: new Set(record.client ? [record.client] : empty),
        first: record,
        last: record,
        sharePoint: /_vti_|sharepoint|_layouts/i.test(record.text),
      });
      return;
    }
    known.count += times;
    if (record.client && known.clients.size < maxClientsPerGroup) known.clients.add(record.client);
    if (isLater(known.first, record)) known.first = record;
    if (!isLater(known.last, record)) known.last = record;
  }

  private story(record: HttpRecord, times: number): ClientTally | undefined {
    if (!record.client) return undefined;
    const tally = this.tallyOf(record.client);
    if (!tally) return undefined;
    tally.requests += times;
    if (record.userAgent && tally.userAgents.size < 8) tally.userAgents.add(record.userAgent);
    const side = isGood(record) ? tally.good : tally.bad;
    const known = side.get(record.kind);
    if (known) {
      known.count += times;
      if (isLater(known.first, record)) known.first = record;
      if (!isLater(known.last, record)) known.last = record;
    } else side.set(record.kind, { first: record, last: record, count: times });
    if (record.kind === 'package' && record.method === 'GET' && isGood(record) && record.at !== undefined) {
      if (tally.packageDays.size < maxDays) tally.packageDays.add(Math.floor(record.at / 86_400_000));
    }
    if (record.kind === 'wutrack' && record.query !== '') this.keepPing(tally, record);
    return tally;
  }

  private keepPing(tally: ClientTally, record: HttpRecord): void {
    const machine = /(?:^|&)U=([0-9a-f]{32})(?:&|$)/i.exec(record.query)?.[1];
    if (machine && tally.machineIds.size < 50) tally.machineIds.add(machine.toLowerCase());
    tally.pings.push(record);
    if (tally.pings.length > 40) tally.pings.shift();
  }

  private tallyOf(client: string): ClientTally | undefined {
    const known = this.clients.get(client);
    if (known) return known;
    if (this.clients.size >= maxClients) {
      this.uncountedClients++;
      return undefined;
    }
    const fresh: ClientTally = {
      client,
      userAgents: new Set(),
      good: new Map(),
      bad: new Map(),
      packageDays: new Set(),
      pings: [],
      machineIds: new Set(),
      requests: 0,
    };
    this.clients.set(client, fresh);
    return fresh;
  }
}

/** Which site of the server a record belongs to, as far as the log tells; sites.ts puts together what is one. */
export function siteOf({ port, site }: HttpRecord): string {
  if (port === undefined) return site ?? '';
  return site === undefined ? `port ${port}` : `${site} on port ${port}`;
}

/** 2xx and 304; a sniffed request without an answer is neither good nor bad. */
export function isGood(record: HttpRecord): boolean {
  const status = record.status ?? 0;
  return (status >= 200 && status < 300) || status === 304;
}

/** By time where both have one, else by line: logs that were put together are not in order. */
export function isLater(a: HttpRecord, b: HttpRecord): boolean {
  return a.at !== undefined && b.at !== undefined ? a.at > b.at : a.line > b.line;
}
