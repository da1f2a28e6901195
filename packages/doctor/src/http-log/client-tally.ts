// The requests of one client and their answers. There may be tens of thousands of them, so that each is few bytes: what
// equal answers share is one record, and what is told of them is put together when somebody asks.
import { requestLogBounds } from '../bounds.ts';
import { errorOfPing } from './ping.ts';
import { comparePlaces, type HttpRecord, isGood, isLater, type RequestKind } from './record.ts';

const daysOfWord = 30;

/** A request that was seen: `like` is it, or one with the same answer. */
export class Sighting {
  readonly like: HttpRecord;
  readonly at: number | undefined;
  readonly line: number;

  constructor(like: HttpRecord, at: number | undefined, line: number) {
    this.like = like;
    this.at = at;
    this.line = line;
  }

  /** How many it stands for. */
  get times(): number {
    return 1;
  }

  /** As a record. `client` is who asked. */
  recordFor(client: string | undefined): HttpRecord {
    const { like, line } = this;
    // Only the very line has a text and a query of its own.
    return line === like.line ? like : { ...like, ...this.own(client) };
  }

  protected own(client: string | undefined): Pick<HttpRecord, 'text' | 'query' | 'at' | 'line' | 'client'> {
    return { text: '', query: '', at: this.at, line: this.line, client };
  }
}

/** The last of several equal answers. The first one is on line `since`. */
export class Repeats extends Sighting {
  private readonly count: number;
  private readonly since: number;

  constructor(last: { like: HttpRecord; at: number | undefined; line: number }, count: number, since: number) {
    super(last.like, last.at, last.line);
    this.count = count;
    this.since = since;
  }

  override get times(): number {
    return this.count;
  }

  override recordFor(client: string | undefined): HttpRecord {
    return { ...this.like, ...this.own(client), repeats: { times: this.count + 1, since: this.since } };
  }
}

/** One kind of request, answered well or badly. */
interface Stage {
  kind: RequestKind;
  isGood: boolean;
  count: number;
  first: Sighting;
  last: Sighting;
  /** The one first seen after it. */
  next: Stage | undefined;
}

export interface StageRecords {
  kind: RequestKind;
  count: number;
  first: HttpRecord;
  last: HttpRecord;
}

export class ClientTally {
  readonly client: string;
  requests = 0;
  /** A chain: an array has room for sixteen, and most clients have four. */
  private stages: Stage | undefined;
  private days: DaySet | undefined;
  private agents: readonly string[] = none;
  private lastPings: HttpRecord[] | undefined;

  constructor(client: string) {
    this.client = client;
  }

  get userAgents(): readonly string[] {
    return this.agents;
  }

  /** On how many days an agent's package was delivered. */
  get packageDays(): number {
    return this.days?.size ?? 0;
  }

  /** The last ones. */
  get pings(): readonly HttpRecord[] {
    return this.lastPings ?? none;
  }

  take(sighting: Sighting): void {
    const { like, times } = sighting;
    this.requests += times;
    this.noteAgent(like.userAgent);
    const good = isGood(like);
    const known = this.find(like.kind, good);
    if (known) {
      known.count += times;
      if (isLater(known.first, sighting)) known.first = sighting;
      if (!isLater(known.last, sighting)) known.last = sighting;
    } else
      this.append({ kind: like.kind, isGood: good, count: times, first: sighting, last: sighting, next: undefined });
    if (isPackage(like)) this.notePackage(sighting.at);
  }

  /** An agent's package was delivered at this time. */
  notePackage(at: number | undefined): void {
    if (at === undefined) return;
    this.days ??= new DaySet(at);
    this.days.add(at);
  }

  /** Answers how many pings more or fewer are kept now. */
  takePing(record: HttpRecord, isFull: boolean): number {
    this.lastPings ??= [];
    const before = this.lastPings.length;
    this.lastPings.push(record);
    if (isFull && before >= requestLogBounds.fewPings) this.lastPings = lastOfEach(this.lastPings);
    else if (before >= requestLogBounds.maxPingsPerClient) this.lastPings.shift();
    return this.lastPings.length - before;
  }

  has(kind: RequestKind, good: boolean): boolean {
    return this.find(kind, good) !== undefined;
  }

  /** The outcome of one kind of request. */
  stage(kind: RequestKind, good: boolean): StageRecords | undefined {
    const stage = this.find(kind, good);
    return stage && this.toRecords(stage);
  }

  /** The outcomes of all of them, in the order in which they were first seen. */
  recordsOf(good: boolean): StageRecords[] {
    return this.those(good).map((stage) => this.toRecords(stage));
  }

  /** True where a request was answered badly and not well since. `matters` says which. */
  isFailing(matters: (record: HttpRecord) => boolean): boolean {
    return this.those(false).some(({ kind, last }) => {
      const good = this.find(kind, true)?.last;
      return matters(last.like) && !(good && comparePlaces(last, good) < 0);
    });
  }

  private those(good: boolean): Stage[] {
    const found: Stage[] = [];
    for (let stage = this.stages; stage; stage = stage.next) if (stage.isGood === good) found.push(stage);
    return found;
  }

  private toRecords({ kind, count, first, last }: Stage): StageRecords {
    return { kind, count, first: first.recordFor(this.client), last: last.recordFor(this.client) };
  }

  private find(kind: RequestKind, good: boolean): Stage | undefined {
    let stage = this.stages;
    while (stage && (stage.kind !== kind || stage.isGood !== good)) stage = stage.next;
    return stage;
  }

  private append(stage: Stage): void {
    let end = this.stages;
    if (!end) this.stages = stage;
    else {
      while (end.next) end = end.next;
      end.next = stage;
    }
  }

  private noteAgent(agent: string): void {
    if (agent === '' || this.agents.length >= requestLogBounds.maxUserAgents || this.agents.includes(agent)) return;
    this.agents = [...this.agents, agent];
  }
}

const none: readonly never[] = [];

/** True for an agent's package that was delivered: its days are counted. */
export function isPackage(record: HttpRecord): boolean {
  return record.kind === 'package' && record.method === 'GET' && isGood(record);
}

/** The last one that failed and the last one that did not, in their order. */
function lastOfEach(pings: readonly HttpRecord[]): HttpRecord[] {
  const errors = pings.map(({ query }) => errorOfPing(query));
  const places = [errors.findLastIndex((error) => (error ?? 0) !== 0), errors.lastIndexOf(0)];
  return pings.filter((_, place) => places.includes(place));
}

/** Days, a bit each, of a year and more. */
class DaySet {
  /** The day of the first bit. */
  private base: number;
  private readonly words: number[] = [];
  size = 0;

  constructor(at: number) {
    this.base = dayOf(at);
  }

  add(at: number): void {
    const word = this.wordOf(dayOf(at));
    if (word === undefined) return;
    const bit = 1 << ((dayOf(at) - this.base) % daysOfWord);
    const before = this.words[word] ?? 0;
    if ((before & bit) !== 0) return;
    this.words[word] = before | bit;
    this.size++;
  }

  /** The place of the bit of a day. Undefined for one too far from the others. */
  private wordOf(day: number): number | undefined {
    const { words } = this;
    const early = Math.max(0, Math.ceil((this.base - day) / daysOfWord));
    const word = Math.floor((day - this.base) / daysOfWord) + early;
    if (word >= requestLogBounds.maxDayWords || early + words.length > requestLogBounds.maxDayWords) return undefined;
    for (let more = 0; more < early; more++) words.unshift(0);
    this.base -= early * daysOfWord;
    while (words.length <= word) words.push(0);
    return word;
  }
}

function dayOf(at: number): number {
  return Math.floor(at / 86_400_000);
}
