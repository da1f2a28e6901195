// The documents of the API, as far as the console reads them. Times are ISO 8601 in UTC.
export type Role = 'administrator' | 'approver' | 'reporter' | 'auditor';
export type UpdateState =
  | 'unknown'
  | 'notApplicable'
  | 'notInstalled'
  | 'downloaded'
  | 'installed'
  | 'failed'
  | 'pendingReboot';

export interface Page<Item> {
  items: Item[];
  total: number;
  next: string | null;
}

export interface WhoAmI {
  account: string;
  roles: Role[];
  by: 'session' | 'token';
  /** It reaches the whole server, and not some groups only. */
  isWholeServer: boolean;
  groups: string[];
}

export interface Computer {
  computerId: string;
  dnsName: string;
  address: string;
  agentGeneration?: string;
  agentVersion?: string;
  osName?: string;
  osDescription?: string;
  lastContact: string;
  lastSync?: string;
  lastReport?: string;
  groups: string[];
  requestedGroups: string[];
  needed: number;
  failed: number;
  state?: UpdateState;
  stateSince?: string;
  sharedAt?: string;
}

interface UpdateOnComputer {
  updateId: string;
  title: string;
  state: UpdateState;
  changedAt: string;
}

export interface ComputerDetails extends Omit<Computer, 'groups' | 'requestedGroups'> {
  groups?: string[];
  requestedGroups?: string[];
  firstContact: string;
  registeredAt?: string;
  /** As the computer told it with its registration. */
  registration?: { computerManufacturer?: string; computerModel?: string; processorArchitecture?: string };
  states: Record<UpdateState, number>;
  updates: Page<UpdateOnComputer>;
  identity: { at: string; aspect: string; before: string; after: string }[];
}

export interface Group {
  groupId: string;
  name: string;
  parentId?: string;
  computers: number;
}

export type Action = 'Install' | 'OptionalInstall' | 'Uninstall' | 'PreDeploymentCheck' | 'Block' | 'Inherit';

export interface Decision {
  groupId: string;
  group: string;
  action: Action;
  deadline?: string;
  changedAt: string;
  administrator: string;
}

export type Severity = 'unspecified' | 'low' | 'moderate' | 'important' | 'critical';

export interface Update {
  updateId: string;
  revisionNumber: number;
  title: string;
  articles: string[];
  severity: Severity;
  classification?: string;
  products: string[];
  importedAt: string;
  approval: 'approved' | 'unapproved' | 'declined';
  isSuperseded: boolean;
  isExpired: boolean;
  /** Not for an account that reaches some groups only. */
  needed?: number;
  failed?: number;
  decisions: Decision[];
}

export interface UpdateDetails {
  updateId: string;
  revisionNumber: number;
  updateType: string;
  title: string;
  importedAt: string;
  isDeclined: boolean;
  isExpired: boolean;
  decisions: Decision[];
  supersededBy: { updateId: string; title: string }[];
  states: Record<UpdateState, number>;
}

export interface Report {
  eventId: number;
  receivedAt: string;
  timeAtTarget: string;
  computerId: string;
  dnsName: string;
  eventNumber: number;
  win32HResult: number;
  updateId?: string;
  updateTitle: string;
  appName: string;
  replacementStrings: string[];
  kind: 'scan' | 'download' | 'install' | 'other';
  outcome: 'succeeded' | 'failed' | 'pending' | 'information';
}

export interface Ping {
  eventId: number;
  receivedAt: string;
  occurredAt: string;
  computerId?: string;
  dnsName: string;
  address: string;
  component: string;
  activity: string;
  status: string;
  resultCode: string;
  message: string;
}

export interface Status {
  version: string;
  engine: string;
  notices: { headline: string; cause: string; remedy: string }[];
  clones: number;
  identitiesChanged: number;
  /** Folders are for those who administer the server. */
  disks: {
    holds: 'data' | 'database' | 'content';
    folder?: string;
    freeBytes: number;
    reserveBytes: number;
    isLow: boolean;
  }[];
  server: { url: string; pid: number; startedAt: string };
}

export type SetUpStepName = 'account' | 'source' | 'choices' | 'clients' | 'approval';
export type UpdateSource = 'microsoft' | 'server' | 'files';

export interface SetUpDocument {
  steps: { step: SetUpStepName; state: 'open' | 'done' | 'skipped'; by?: string; at?: string }[];
  source?: UpdateSource;
  upstream: string;
  isMicrosoft: boolean;
}

/** A product, a classification or a language of the upstream server. */
export interface Choice {
  id: string;
  name: string;
  within: string[];
  isChosen: boolean;
}

/** A list that has one page. */
export interface Whole<Item> {
  items: Item[];
  total: number;
}

export interface RelatedUpdate {
  updateId: string;
  title: string;
  isHere: boolean;
  isDeclined: boolean;
  isExpired: boolean;
}

export interface UpdateRelations {
  /** The update itself is the first one. */
  updates: RelatedUpdate[];
  relations: { kind: 'supersedes' | 'bundles'; from: string; to: string }[];
  isCut: boolean;
}
