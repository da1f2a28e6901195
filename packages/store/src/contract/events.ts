// The contract for report events of clients.

export interface ReportedEvent {
  instanceId: string;
  computerId: string;
  timeAtTarget: Date;
  namespaceId: number;
  /** The number of MS-WUSP 2.2.2.3.1. */
  eventNumber: number;
  sourceId: number;
  /** Undefined when the event is about no update (zero GUID on the wire). */
  updateId: string | undefined;
  revisionNumber: number;
  win32HResult: number;
  appName: string;
  replacementStrings: string[];
  miscData: string[];
}

export interface ListedEvent extends ReportedEvent {
  /** '' when the computer is not known any more. */
  dnsName: string;
  receivedAt: Date;
}

export interface EventFilter {
  computerId?: string | undefined;
  updateId?: string | undefined;
  limit: number;
}

export interface RefusedRow<Row> {
  row: Row;
  error: unknown;
}

export interface KnownReport {
  timeAtTarget: Date;
  receivedAt: Date;
  eventNumber: number;
  updateId: string | undefined;
  /** Unsigned. */
  result: number;
  appName: string;
  replacementStrings: string[];
}

export interface RoutineStep {
  /** Event ids above this are still to be looked at. */
  after: number;
  /** How many ids to look at. */
  count: number;
  eventNumbers: readonly number[];
  receivedBefore: Date;
  /** A later time of receipt was written by a wrong clock: such an event is skipped, because it ends each sweep. */
  newestBelievable: Date;
}

export interface RoutineStepResult {
  removed: number;
  /** The start of the next step. */
  after: number;
  /** Nothing older than `receivedBefore` lies above `after`. */
  isDone: boolean;
}

export type EventTable = 'reporting_events' | 'self_update_events';

export interface EventVolume {
  events: number;
  bytes: number;
}

export interface SampleLimits {
  samples: number;
  eventsPerSample: number;
  /** From 0 to below 1. */
  random(): number;
}

export interface RemovalStep {
  table: EventTable;
  /** Ids above this are still to be looked at. */
  after: number;
  count: number;
  /** Only events with one of these numbers. Undefined: all. */
  eventNumbers?: readonly number[] | undefined;
}

export interface RemovalStepResult extends EventVolume {
  after: number;
  isDone: boolean;
}

/** Report events of clients (MS-WUSP 2.2.2.3). One instance counts once for its computer. */
export interface ReportedEvents {
  /**
   * Keeps the events of one batch in one transaction. Text beyond the bounds is cut. The states of updates that an
   * event tells count whole. Answers the events that the database refuses for their contents. All others are kept.
   * Again: instances that are stored are passed over, and states do not change. Concurrent: batches of one computer
   * come one after the other.
   */
  recordReportingEvents(events: readonly ReportedEvent[], receivedAt: Date): Promise<RefusedRow<ReportedEvent>[]>;

  /** Newest first, `limit` at most. */
  listReportingEvents(filter: EventFilter): Promise<ListedEvent[]>;

  /** Reports of one computer, newest first, `limit` at most, as an explanation of it needs them. */
  listReports(computerId: string, limit: number): Promise<KnownReport[]>;

  /**
   * On SQLite, notes the updates that the oldest full block of events is about, when that is not noted yet. False when
   * no block is left, and on PostgreSQL, which has an index. Again: takes the next block. Concurrent: SQLite has one
   * writer. The other call takes the next block.
   */
  noteEventBlock(): Promise<boolean>;
}

/** Events that go by age. Each call is one small step. */
export interface EventRetention {
  /**
   * Removes events received before `before`, `limit` at most, and answers how many. Events that a wrong clock stamped
   * stay: those from before Moult existed, and those that came after a younger event. Stamps later than `newest` do not
   * count. Again: removes the next ones. Concurrent: each event counts in one call only.
   */
  removeOldEvents(before: Date, limit: number, newest?: Date): Promise<number>;

  /**
   * The same for status pings.
   * Again: removes the next ones.
   * Concurrent: each ping counts in one call only.
   */
  removeOldSelfUpdateEvents(before: Date, limit: number, newest?: Date): Promise<number>;

  /**
   * Looks at the next `count` events and removes those of the given numbers that are old enough.
   * Again: changes nothing over the same ids.
   * Concurrent: an event may be counted by both calls.
   */
  removeRoutineEvents(step: RoutineStep): Promise<RoutineStepResult>;
}

/** How much the events take, and the oldest that go when they take too much. */
export interface EventBounds {
  /** Exact as long as the samples reach for all events. Else an estimate from samples spread over all ids. */
  estimateEvents(table: EventTable, limits: SampleLimits): Promise<EventVolume>;

  /**
   * Looks at the next `count` events, oldest first, and removes those with a wanted number. Answers what it removed.
   * Again: changes nothing over the same ids.
   * Concurrent: an event may be counted by both calls.
   */
  removeOldestEvents(step: RemovalStep): Promise<RemovalStepResult>;

  /**
   * Removes the oldest report events of one computer until it has no more than `most`. Answers how many it removed. A
   * bounded number goes in one call: after the bound was lowered, call it again. Again: removes nothing, or the next
   * ones. Concurrent: an event may be counted by both calls.
   */
  trimEventsOf(computerId: string, most: EventVolume): Promise<number>;
}

export interface EventStore extends ReportedEvents, EventRetention, EventBounds {}
