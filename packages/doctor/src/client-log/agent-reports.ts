// The reports of agents, in bounded memory: every failure of each client, its last success of each kind about each
// update, and its last events.
import { eventNumbers as is } from '@moult/protocol/reporting';
import { clientLogBounds } from '../bounds.ts';
import { isOwn, type ReportedEvent } from './reporting-events.ts';

const failureIds = new Set<number>([
  ...[is.scanFailed, is.connectionFailed, is.downloadFailed, is.installFailed, is.installCancelled],
  ...[is.readyToInstall, is.scheduledInstallFailed, is.installAtShutdownFailed],
]);
const successOf: Record<number, number[]> = {
  [is.scanFailed]: [is.scanSucceeded],
  [is.connectionFailed]: [is.scanSucceeded],
  [is.downloadFailed]: [is.downloadSucceeded],
  [is.installFailed]: [is.installSucceeded],
  [is.installAtShutdownFailed]: [is.installedAtShutdown, is.installSucceeded],
};
const successIds = new Set(Object.values(successOf).flat());

/** The last events of one id about one update. */
interface Latest {
  at: number;
  index: number;
  /** Of those without a time. */
  timelessIndex: number;
}

/** The events of one client. */
export class AgentReports {
  /** How many there were. */
  count = 0;
  /** One was written by the agent of Windows 10 and later. */
  isTen = false;
  /** The last one that says that the agent replaced itself. */
  replaced: ReportedEvent | undefined;
  private readonly failed: { event: ReportedEvent; index: number }[] = [];
  private readonly successes = new Map<string, Latest>();
  /** A ring. */
  private readonly ring: ReportedEvent[] = [];

  static of(events: readonly ReportedEvent[]): AgentReports {
    const reports = new AgentReports();
    for (const event of events) reports.add(event, false);
    return reports;
  }

  /** Answers how many failures more or fewer are kept now. */
  add(event: ReportedEvent, isFull: boolean): number {
    const index = this.count++;
    this.ring[index % clientLogBounds.maxRecentReports] = event;
    if (event.caller === 'UpdateOrchestrator') this.isTen = true;
    if (event.eventId === is.installSucceeded && isOwn(event)) this.replaced = event;
    if (isSuccess(event)) this.noteSuccess(event, index);
    if (!isFailure(event)) return 0;
    this.failed.push({ event, index });
    if (this.failed.length <= (isFull ? clientLogBounds.maxRecentReports : clientLogBounds.maxFailures)) return 1;
    const dropped = Math.ceil(this.failed.length / 2);
    this.failed.splice(0, dropped);
    return 1 - dropped;
  }

  /** The last ones, in their order. */
  get recent(): ReportedEvent[] {
    const oldest = this.count < clientLogBounds.maxRecentReports ? 0 : this.count % clientLogBounds.maxRecentReports;
    return [...this.ring.slice(oldest), ...this.ring.slice(0, oldest)];
  }

  /** True where one of them says that something was done. */
  get hasSuccess(): boolean {
    return this.successes.size > 0;
  }

  /** All failures, and whether a later success of the same kind ended each of them. */
  get failures(): { event: ReportedEvent; isOver: boolean }[] {
    return this.failed.map(({ event, index }) => {
      const isOver = (successOf[event.eventId] ?? []).some((eventId) => {
        const success = this.successes.get(successKey(eventId, event.updateId));
        return success !== undefined && isTakenBack(event, index, success);
      });
      return { event, isOver };
    });
  }

  private noteSuccess({ eventId, updateId, at }: ReportedEvent, index: number): void {
    const key = successKey(eventId, updateId);
    const latest = this.successes.get(key) ?? { at: Number.NEGATIVE_INFINITY, index, timelessIndex: -1 };
    if (this.successes.size < clientLogBounds.maxSuccesses) this.successes.set(key, latest);
    latest.index = index;
    if (at === undefined) latest.timelessIndex = index;
    else latest.at = Math.max(latest.at, at);
  }
}

/** True for an event that says that something failed. */
export function isFailure({ eventId, outcome }: ReportedEvent): boolean {
  return failureIds.has(eventId) || /^fail/i.test(outcome);
}

/** True for an event that takes failures of its kind back. */
export function isSuccess({ eventId }: ReportedEvent): boolean {
  return successIds.has(eventId);
}

/** The events of all clients. */
export class ReportedEvents {
  private readonly byClient = new Map<string, AgentReports>();
  private kept = 0;
  private added = 0;

  add(client: string, event: ReportedEvent): void {
    const reports = this.byClient.get(client) ?? new AgentReports();
    this.byClient.set(client, reports);
    const more = reports.add(event, this.kept >= clientLogBounds.maxReports);
    this.kept += more;
    if (more !== 0) this.added++;
  }

  /** Failures that are kept no more. */
  get dropped(): number {
    return this.added - this.kept;
  }

  get clients(): IterableIterator<string> {
    return this.byClient.keys();
  }

  get size(): number {
    return this.byClient.size;
  }

  of(client: string): AgentReports | undefined {
    return this.byClient.get(client);
  }
}

function successKey(eventId: number, updateId: string): string {
  return `${eventId}|${updateId}`;
}

/** By time where both have one, else by line. */
function isTakenBack({ at }: ReportedEvent, index: number, success: Latest): boolean {
  return at === undefined ? success.index > index : success.at > at || success.timelessIndex > index;
}
