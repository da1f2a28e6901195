// The contract for status pings of agents.

export type AgentGeneration = 'sus' | 'wsus';

export interface SelfUpdateEvent {
  receivedAt: Date;
  /** The ping's own stamp (X). When it was sent later from urllog.dat this is earlier than `receivedAt`. */
  occurredAt: Date;
  /** SusClientId as a lower-case GUID with dashes, when the ping named a client. */
  computerId: string | undefined;
  address: string;
  userAgent: string;
  component: string;
  activity: string;
  item: string;
  device: string;
  platform: string;
  language: string;
  status: string;
  resultCode: string;
  message: string;
  agentGeneration: AgentGeneration | undefined;
  agentVersion: string | undefined;
}

export interface StoredSelfUpdateEvent extends SelfUpdateEvent {
  eventId: number;
}

/** The mark that tells one write from the next of the same writer: numbers rise. */
export interface WriteMark {
  /** A name that no other process has. */
  writer: string;
  number: number;
}

export interface SelfUpdateEventFilter {
  computerId?: string;
  /** Newest first. Default 100. */
  limit?: number;
}

/** Status pings: what agents say about their own update (/wutrack.bin). */
export interface SelfUpdateEvents {
  /**
   * Keeps pings in one transaction. Notes each named client as a computer that was heard of, with the agent that it
   * said it is. A ping that waited in urllog.dat does not change the agent of a computer that registered since.
   * Again: with the same mark nothing. Without a mark the pings are kept twice.
   * Concurrent: two calls with one mark come one after the other, and the second changes nothing.
   */
  recordSelfUpdateEvents(events: readonly SelfUpdateEvent[], mark?: WriteMark): Promise<void>;

  /**
   * Forgets the marks with a number below this: their writers ended long ago.
   * Again: changes nothing.
   * Concurrent: a writer that still uses such a mark writes its pings twice. Choose `below` accordingly.
   */
  forgetWriteMarks(below: number): Promise<void>;

  /** Newest first. */
  listSelfUpdateEvents(filter?: SelfUpdateEventFilter): Promise<StoredSelfUpdateEvent[]>;
}
