// The answer of `GET /api/home`, which `/api/home/events` sends as well: everything that the home page shows. Docs:
// docs/home-page.md. Types only: the console imports them, and nothing else of the server.

/** ISO 8601 in UTC, with milliseconds. */
type Instant = string;

/** `unknown`: heard of, but it has not said yet which client it is. */
export type Generation = 'sus' | 'wsus' | 'unknown';

/** The readers of names, addresses and ids of computers: no reader, the server itself, or everybody. */
export type NamesFor = 'nobody' | 'local' | 'everybody';

export interface HomeDocument {
  generatedAt: Instant;
  /** Whether this document holds names, addresses and ids, and who is told them. Without them `events` is empty. */
  names: { shown: boolean; for: NamesFor };
  server: HomeServer;
  /** The notice for the administrator, although the server runs. Empty most of the time. */
  notices: HomeNotice[];
  selfUpdate: HomeSelfUpdate;
  computers: HomeComputers;
  /** Updates that are decided on by themselves. `deployments`: approvals, counted per update and group. */
  updates: { total: number; approved: number; declined: number; deployments: number };
  /** Newest first: the last ones of each kind, and the last faults. */
  events: HomeEvent[];
  /** The last events by kind: how many, and how many of them failed. */
  eventCounts: HomeEventCount[];
  /** All faults that the server keeps, by kind. */
  faults: { kind: HomeEventKind; total: number }[];
}

/** Computers that need somebody's attention: how many, and of those who are told names the first few. */
export interface HomeAttention {
  /** They need an update or wait for a restart. Those that need most first. */
  needing: HomeNoticed;
  /** An update failed there. Those with most failures first. */
  failing: HomeNoticed;
  /** No contact for `silentDays`. The longest silence first. */
  silent: HomeNoticed;
  silentDays: number;
  /** They never reported. */
  neverReported: number;
}

export interface HomeNoticed {
  computers: number;
  first: HomeNoticedComputer[];
}

export interface HomeNoticedComputer {
  computer: string;
  computerId: string;
  /** Updates that it needs, or that failed. 0 for a silent one. */
  updates: number;
  lastContactAt: Instant;
}

export interface HomeEventCount {
  kind: HomeEventKind;
  total: number;
  failed: number;
}

export interface HomeNotice {
  headline: string;
  cause: string;
  remedy: string;
}

export interface HomeServer {
  /** '' for those who are not told names. */
  version: string;
  startedAt: Instant;
  addresses: { site: SiteName; url: string }[];
}

export type SiteName = 'main' | 'self-update' | 'tls';

export interface HomeSelfUpdate {
  /** `available`: every port that clients use answers. `partly`: at least one. `not-available`: none. */
  state: 'available' | 'partly' | 'not-available';
  ports: HomePort[];
  /** The agent releases that clients are led to, newest of each generation first. */
  releases: HomeRelease[];
  /** Requests to /wutrack.bin that were not status pings, since the data directory was made. */
  malformedPings: number;
}

export interface HomePort {
  port: number;
  site: SiteName;
  /** `off`: switched off by the administrator, which is a choice and no fault. */
  state: 'available' | 'not-available' | 'off';
  checkedAt?: Instant;
  /** The files that a client asks for first, and how this port answers them. */
  files: { path: string; answer: string; fine: boolean }[];
  fault?: HomeFault;
}

export interface HomeFault {
  /** The finding of `moult doctor --explain CODE` that has these words. */
  code: string;
  headline: string;
  cause: string;
  remedy: string;
  /** The event ids under which administrators of WSUS know this fault. */
  wsusEvents: { id: number; text: string }[];
}

export interface HomeRelease {
  generation: 'sus' | 'wsus';
  version: string;
  signer: string;
}

export interface HomeComputers {
  total: number;
  lastContactAt?: Instant;
  generations: HomeGeneration[];
  attention: HomeAttention;
  /** Within 30 days: computers that share an identity (SusClientId), and those whose identity changed. */
  identities: { shared: number; changed: number };
}

interface HomeGeneration {
  generation: Generation;
  computers: number;
  /** Newest version first. */
  versions: { version: string; computers: number; standing: Standing }[];
  /** Versions that are not told one by one, because there are too many. */
  others?: { versions: number; computers: number };
}

/**
 * Against the release that clients are led to: `older` can take it and should. `windows` is Windows' own agent, which
 * takes none of ours.
 */
export type Standing = 'newest' | 'older' | 'newer' | 'windows' | 'unknown';

export type HomeEventKind = 'self-update' | 'registration' | 'scan' | 'download' | 'install' | 'other';

export interface HomeEvent {
  id: string;
  /** When the server heard of it. */
  at: Instant;
  /**
   * When it happened by the client's clock, where that is another time: pings may wait for days until they get through.
   */
  happenedAt?: Instant;
  kind: HomeEventKind;
  outcome: 'succeeded' | 'failed' | 'pending' | 'information';
  /** A computer may call itself anything: cut, and with marks like <U+202E> for what cannot be seen. So is `detail`. */
  computer: string;
  computerId: string;
  headline: string;
  detail?: string;
}
