// The contract for lists that administrators read: filters, sorts, and pages that neither skip nor repeat an item.
import type { AuditRecord } from './audit.ts';
import type { ListedComputer } from './computers.ts';
import type { ListedEvent } from './events.ts';
import type { StoredSelfUpdateEvent } from './self-update.ts';
import type { StateCounts, UpdateState } from './states.ts';

export interface PageRequest {
  /** Undefined: all that is left. */
  limit: number | undefined;
  /** `next` of the page before, with the same sort and the same filters. */
  cursor?: string | undefined;
}

export interface Page<Item> {
  items: Item[];
  /** Of the whole list with these filters, however many are on this page. */
  total: number;
  /** The start of the next page. Undefined on the last one. */
  next: string | undefined;
}

export interface Sorted<Sort extends string> {
  sort?: Sort;
  isDescending?: boolean;
}

export interface PagedComputer extends ListedComputer {
  /** Updates that it needs, has downloaded, or that wait for a restart. */
  needed: number;
  /** Updates that failed. */
  failed: number;
  /** Of the update that the filter names: its state here, and since when that was reported. */
  state?: UpdateState;
  stateSince?: Date | undefined;
}

export interface ComputerFilter {
  /** A part of the name or the address, letter case aside. */
  search?: string | undefined;
  /** In one of these groups, directly. */
  groupIds?: readonly string[] | undefined;
  /** `sus`, `wsus`, `unknown`, or how a version begins. */
  agent?: string | undefined;
  /** A part of the name of the system, letter case aside. */
  system?: string | undefined;
  /** It needs an update, or waits for a restart. */
  isNeeding?: boolean | undefined;
  /** An update failed on it. */
  isFailing?: boolean | undefined;
  /** The last contact was before the day of this, in UTC. */
  silentSince?: Date | undefined;
  /** Also in one of these groups, directly: the reach of an account. */
  within?: readonly string[] | undefined;
  /** The state of one update. One of these when any are given. */
  update?: { updateId: string; states?: readonly UpdateState[] | undefined } | undefined;
}

export type ComputerSort =
  | 'name'
  | 'address'
  | 'agent'
  | 'system'
  | 'last-contact'
  | 'last-sync'
  | 'last-report'
  | 'needed'
  | 'failed';

/** As Microsoft rates a vulnerability. An update without a rating is unspecified. */
export type Severity = 'unspecified' | 'low' | 'moderate' | 'important' | 'critical';

export type ApprovalState = 'approved' | 'unapproved' | 'declined';

export interface PagedUpdate {
  updateId: string;
  revisionId: number;
  revisionNumber: number;
  title: string;
  updateType: string;
  /** Numbers of KB articles. */
  articles: string[];
  severity: Severity;
  /** Names of categories. Undefined and empty where the catalog has none. */
  classification: string | undefined;
  products: string[];
  /** When this revision came into the catalog. */
  importedAt: Date;
  approval: ApprovalState;
  isSuperseded: boolean;
  /** Its publisher expired this revision: it is offered no more, and cannot be approved. */
  isExpired: boolean;
  /** Computers that need it, have it downloaded, or wait for a restart. Undefined for the reach of an account. */
  needed: number | undefined;
  /** Computers where it failed. */
  failed: number | undefined;
}

export interface UpdateFilter {
  /** A part of the title, letter case of any script aside. */
  search?: string | undefined;
  /** These alone. */
  updateIds?: readonly string[] | undefined;
  /** The whole title, letter case aside. */
  title?: string | undefined;
  /** The number of a KB article. */
  article?: string | undefined;
  /** In each list one of these categories. */
  categoryIds?: readonly (readonly string[])[] | undefined;
  severities?: readonly Severity[] | undefined;
  approval?: ApprovalState | undefined;
  /** Approved for this group itself. */
  groupId?: string | undefined;
  isSuperseded?: boolean | undefined;
  /** Its publisher expired the newest revision. */
  isExpired?: boolean | undefined;
  /** Some computer needs it, or waits for a restart. */
  isNeeded?: boolean | undefined;
  /** It failed on some computer. */
  isFailed?: boolean | undefined;
  /** Came into the catalog since then. */
  importedSince?: Date | undefined;
  /** Also parts of bundles, which lists omit: a person can name one. */
  withParts?: boolean | undefined;
  /** Only approvals for these groups count: the reach of an account. The computers of others are not counted. */
  within?: readonly string[] | undefined;
}

export type UpdateSort = 'title' | 'imported' | 'severity' | 'needed' | 'failed';

export interface UpdateCounts {
  total: number;
  approved: number;
  declined: number;
  /** Approvals, counted per update and group. */
  deployments: number;
}

export interface Category {
  categoryId: string;
  /** `Product`, `ProductFamily`, `Company`, `UpdateClassification`. */
  type: string;
  name: string;
  /** Categories that it is inside of. */
  parents: string[];
}

export interface TimeSpan {
  since?: Date | undefined;
  /** Not itself. */
  until?: Date | undefined;
}

export interface ReportFilter extends TimeSpan {
  /** Only of computers in one of these groups: the reach of an account. So in all filters. */
  within?: readonly string[] | undefined;
  computerId?: string | undefined;
  updateId?: string | undefined;
  eventNumber?: number | undefined;
  isFailed?: boolean | undefined;
}

export interface PingFilter extends TimeSpan {
  within?: readonly string[] | undefined;
  computerId?: string | undefined;
  isFailed?: boolean | undefined;
}

export interface AuditFilter extends TimeSpan {
  /** The id of the thing that was changed. */
  subject?: string | undefined;
  /** The whole name of the person, or the part of it before ` (`, letter case aside. */
  actor?: string | undefined;
  /** A part of the action, as `approve`. */
  action?: string | undefined;
}

export interface PagedReport extends ListedEvent {
  eventId: number;
  /** '' for none, and for one that is not in the catalog. */
  updateTitle: string;
}

export interface PagedPing extends StoredSelfUpdateEvent {
  /** '' when the computer is not known. */
  dnsName: string;
}

export interface PagedAuditRecord extends AuditRecord {
  /** The present name of `subject`: of a computer, a group or an update. '' for others and for those that are gone. */
  subjectName: string;
}

export interface PagedIdentityChange {
  computerId: string;
  /** The computer's present name. */
  dnsName: string;
  at: Date;
  aspect: 'name' | 'hardware' | 'system';
  before: string;
  after: string;
}

export interface NoticedComputer {
  computerId: string;
  /** '' when it has not said one. */
  dnsName: string;
  address: string;
  /** Updates that it needs, or that failed. */
  updates: number;
  lastContact: Date;
}

/** How many, and the first few. */
export interface Noticed {
  computers: number;
  first: NoticedComputer[];
}

export interface Attention {
  /** They need an update, have one downloaded, or wait for a restart. Most updates first. */
  needing: Noticed;
  /** An update failed there. Most updates first. */
  failing: Noticed;
  /** No contact within the days of the bound. Longest silence first. */
  silent: Noticed;
  silentDays: number;
  /** They have not reported yet. */
  neverReported: number;
}

/**
 * Lists page by page. A page begins behind the last item of the page before, by the key of the sort. Each throws
 * ServerError SERVER_REFUSED for a cursor of another list or another sort.
 */
export interface ListStore {
  /**
   * Computers, by name unless `sort` says otherwise. Letter case does not count. Versions and addresses go by their numbers.
   */
  pageComputers(filter: ComputerFilter, request: PageRequest & Sorted<ComputerSort>): Promise<Page<PagedComputer>>;

  /**
   * Updates, by title unless `sort` says otherwise: software and drivers that are decided on by themselves. Categories,
   * detectoids and parts of bundles do not count.
   */
  pageUpdates(filter: UpdateFilter, request: PageRequest & Sorted<UpdateSort>): Promise<Page<PagedUpdate>>;

  /** Categories of these types, by name. */
  listCategories(types: readonly string[]): Promise<Category[]>;

  /** The updates that supersede this one by one of their revisions, by title. */
  listSupersedersOf(updateId: string): Promise<{ updateId: string; title: string }[]>;

  /** How many updates there are, as every list and page says. */
  countUpdates(): Promise<UpdateCounts>;

  /**
   * Reads what lists show of updates that came or changed since the last time: articles, severity, categories. Lists of
   * updates call it themselves. Answers how many updates there were. Again: answers 0. Concurrent: both read, and write
   * the same.
   */
  readUpdateFacts(): Promise<number>;

  /** How many updates one computer has in each state. */
  countStatesOn(computerId: string): Promise<StateCounts>;

  /** Reports, newest first. */
  pageReports(filter: ReportFilter, request: PageRequest): Promise<Page<PagedReport>>;

  /** Status pings, newest first. */
  pageStatusPings(filter: PingFilter, request: PageRequest): Promise<Page<PagedPing>>;

  /** Changes of identities, newest first. */
  pageIdentityChanges(
    filter: { computerId?: string | undefined; within?: readonly string[] | undefined },
    request: PageRequest,
  ): Promise<Page<PagedIdentityChange>>;

  /** Audit records, newest first. */
  pageAudit(filter: AuditFilter, request: PageRequest): Promise<Page<PagedAuditRecord>>;

  /**
   * Computes by what computers are sorted that came or changed since the last time. Lists of computers call it themselves.
   * Answers how many changes there were.
   * Again: answers 0.
   * Concurrent: each takes other changes.
   */
  sortComputers(): Promise<number>;

  /** Stored faults: how many reports by event number, and how many status pings. */
  countFaults(): Promise<{ reports: Map<number, number>; pings: number }>;
}
