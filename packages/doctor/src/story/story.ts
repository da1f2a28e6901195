// The story of one computer: folds events of its logs. The agent, the server, the failures, whether it worked again
// later, and the lines that are not understood. Bounded: equal troubles are counted, not kept.
import { clientLogBounds } from '../bounds.ts';
import { type Judgement, judge } from '../rules/judge.ts';
import type { FindingCode } from '../words/codes.ts';
import { type LogEvent, type LogKind, noParameters, type Stage } from './event.ts';
import { Operations } from './operations.ts';
import { type LeftOver, shapeOf, Trouble } from './remembered.ts';
import { standingTroubles } from './standing.ts';

export class Story {
  readonly versions = new Set<string>();
  readonly kinds = new Set<LogKind>();
  /** Servers that were asked. */
  readonly servers = new Set<string>();
  /** Servers that the agent says it is told to use. */
  readonly configured = new Set<string>();
  /** Whose web service was asked for updates, and where that is said first. */
  readonly scans = new Map<'yours' | 'microsoft', LogEvent>();
  readonly troubles: Trouble[] = [];
  /** The agent says that no server is set. */
  withoutServer = false;
  timeZone: string | undefined;
  /** The last scan that ended well, and how many updates it found. */
  lastScan: LogEvent | undefined;
  /** Lines of its files, events or not. */
  lines = 0;
  private lastKind: LogKind | undefined;
  private order = 0;
  private undecodedEvents = 0;
  private firstUndecoded: LogEvent | undefined;
  private readonly byCode = new Map<FindingCode, Trouble[]>();
  private readonly left = new Map<string, LeftOver>();
  /** Lines of further shapes that are not understood. */
  leftMore = 0;
  private readonly operations = new Operations();
  private readonly firstMilestones: LogEvent[] = [];
  /** A ring. */
  private readonly lastMilestones: LogEvent[] = [];
  private moreMilestones = 0;
  /** Order and time of the last success of each stage, for your servers and Microsoft's, and for each object. */
  private readonly successes = new Map<string, Success>();

  /** Takes the next event in. */
  add(event: LogEvent): void {
    this.order++;
    this.saw(event.source.kind);
    if (event.parameters !== noParameters || event.rule !== undefined) this.note(event);
    if (event.milestone !== undefined) this.addMilestone(event);
    const { outcome, stage } = event;
    if (outcome === 'began') this.operations.begin(event);
    else if (outcome === 'succeeded') this.succeed(event);
    else if (outcome === 'ended') this.operations.end(stage);
    else if (outcome === 'failed' || outcome === 'warned') this.fail(event);
    else if (event.level === 'error' && event.rule === undefined) this.leave(event);
  }

  /** A line of such a log, whether it says anything or not. */
  saw(kind: LogKind): void {
    if (kind === this.lastKind) return;
    this.lastKind = kind;
    this.kinds.add(kind);
  }

  /** True where a line has the form that agents, or tools of the same trade, write. */
  get isOfAgent(): boolean {
    return [...this.kinds].some((kind) => kind !== 'text');
  }

  /** How many events there were. */
  get events(): number {
    return this.order;
  }

  /** The first ones and the last ones, in their order. */
  get milestones(): LogEvent[] {
    const oldest = this.moreMilestones % halfOfMilestones();
    const { firstMilestones: first, lastMilestones: last } = this;
    return [...first, ...last.slice(oldest), ...last.slice(0, oldest)];
  }

  /** The troubles that count, healed ones included. */
  standingTroubles(): Trouble[] {
    return standingTroubles(this.troubles, {
      isHealed: (trouble) => this.isHealed(trouble),
      isForeign: (trouble) => this.isForeign(trouble),
      scanned: this.succeeded('detection', 'yours'),
    });
  }

  /** True for what one of Microsoft's services gave: by the line, or since the client has no other server. */
  isForeign({ whose, stage }: Trouble): boolean {
    if (whose !== undefined) return whose === 'microsoft';
    return this.withoutServer && this.configured.size === 0 && ofServices.has(stage);
  }

  /** True when the stage that failed worked again afterwards. */
  isHealed(trouble: Trouble): boolean {
    const { stage, whose, last, lastOrder } = trouble;
    const objects = last.parameters.updateId;
    return this.isOver(keyOf(stage, whose, objects), last.time, lastOrder);
  }

  /** Lines that their log calls errors, that no rule understands, and that no later line ended. */
  get leftOver(): LeftOver[] {
    return [...this.left.values()].filter(
      ({ last, lastOrder }) => !this.isOver(keyOf(last.stage, last.whose, undefined), last.time, lastOrder),
    );
  }

  /** Operations that began and did not end. */
  get unfinished(): LogEvent[] {
    return this.operations.unfinished;
  }

  /** True where an operation is seen to have ended well, of whatever stage. */
  get hasSuccess(): boolean {
    return this.successes.size > 0;
  }

  /** True where a stage ended well at a server of yours, or at Microsoft's. */
  succeeded(stage: Stage, whose: LogEvent['whose']): boolean {
    return this.successes.has(keyOf(stage, whose, undefined));
  }

  /** The first line that could not be decoded, when such lines are more than a few. */
  get undecoded(): LogEvent | undefined {
    return this.undecodedEvents * 10 >= this.lines ? this.firstUndecoded : undefined;
  }

  private note(event: LogEvent): void {
    const { version, zone, server, configured, scanUrl } = event.parameters;
    if (version) this.versions.add(version);
    if (zone) this.timeZone = zone;
    if (server) this.servers.add(server);
    if (configured) this.configured.add(configured);
    if (event.rule === 'no-server') this.withoutServer = true;
    const whose = event.whose ?? 'yours';
    if (scanUrl && !this.scans.has(whose)) this.scans.set(whose, event);
    if (event.rule !== 'not-decoded') return;
    this.undecodedEvents++;
    this.firstUndecoded ??= event;
  }

  private addMilestone(event: LogEvent): void {
    if (this.firstMilestones.length < halfOfMilestones()) this.firstMilestones.push(event);
    else this.lastMilestones[this.moreMilestones++ % halfOfMilestones()] = event;
  }

  private succeed(event: LogEvent): void {
    const { stage, whose, alsoWell, time, parameters } = event;
    this.operations.end(stage);
    if (stage === 'detection' && parameters.found !== undefined) this.lastScan = event;
    const at = { time, order: this.order };
    this.successes.set(keyOf(stage, whose, undefined), at);
    if (alsoWell !== undefined) for (const well of alsoWell) this.successes.set(keyOf(well, whose, undefined), at);
    const { updateId } = parameters;
    if (updateId && this.successes.size < clientLogBounds.maxSuccesses)
      this.successes.set(keyOf(stage, whose, updateId), at);
  }

  private fail(event: LogEvent): void {
    if (event.outcome === 'failed') this.operations.fail(event.stage);
    const judgement = judge(event);
    if (judgement === undefined) this.leave(event);
    else if (judgement.cause !== 'harmless') this.trouble(judgement.cause, judgement, event);
  }

  private trouble(code: FindingCode, judgement: Judgement, event: LogEvent): void {
    const same = this.byCode.get(code);
    const known = same?.find((trouble) => isSame(trouble, event));
    if (known) known.again(event, this.order);
    else if (this.troubles.length < clientLogBounds.maxTroubles) {
      const fresh = new Trouble(code, judgement, event, this.order);
      this.troubles.push(fresh);
      if (same) same.push(fresh);
      else this.byCode.set(code, [fresh]);
    }
  }

  /** Its meaning is not known. Words alone count only where the log itself calls them an error. */
  private leave(event: LogEvent): void {
    const names = event.level === 'error' || event.code !== undefined || event.outcome === 'failed';
    if (!names) return;
    const shape = shapeOf(event.line.text);
    const known = this.left.get(shape);
    if (known) {
      known.count++;
      known.last = event;
      known.lastOrder = this.order;
    } else if (this.left.size < clientLogBounds.maxTroubles)
      this.left.set(shape, { first: event, last: event, count: 1, lastOrder: this.order });
    else this.leftMore++;
  }

  private isOver(key: string, time: number | undefined, order: number): boolean {
    const success = this.successes.get(key);
    if (!success) return false;
    if (success.time !== undefined && time !== undefined && success.time !== time) return success.time > time;
    return success.order > order;
  }
}

/** The stages in which a client talks to a service. */
const ofServices = new Set<Stage>(['detection', 'web-service', 'auth-ticket', 'download', 'reporting']);

function isSame({ first }: Trouble, event: LogEvent): boolean {
  return (
    first.stage === event.stage &&
    first.whose === event.whose &&
    first.parameters.file === event.parameters.file &&
    first.parameters.updateId === event.parameters.updateId
  );
}

/** Stages at a server of yours have their own names as keys. */
function keyOf(stage: Stage, whose: LogEvent['whose'], object: string | undefined): string {
  if (object === undefined && whose !== 'microsoft') return stage;
  return `${stage}|${whose ?? 'yours'}|${object ?? ''}`;
}

interface Success {
  time: number | undefined;
  order: number;
}

/** So many of the first, and as many of the last ones. */
function halfOfMilestones(): number {
  return Math.floor(clientLogBounds.maxMilestones / 2);
}
