// Computers, their names and their figures.
import type { Generated } from 'kysely';
import type { Identity } from './identity.ts';

export interface ComputersTable {
  computer_id: string;
  dns_name: string;
  address: string;
  requested_groups: string;
  agent_generation: string | null;
  agent_version: string | null;
  os_version: string | null;
  /** By the table of systems of the version that registered it. Null for an unknown system. */
  os_name: string | null;
  os_description: string | null;
  architecture: string | null;
  manufacturer: string | null;
  model: string | null;
  /** Everything that RegisterComputer said, as JSON. */
  registration: string | null;
  first_contact: number;
  last_contact: number;
  registered_at: number | null;
  last_sync: number | null;
  last_report: number | null;
  /** The name of the last authorisation, in lower case. Null without one. */
  current_name: string | null;
  identity_changes: Generated<number>;
  identity_changed_at: number | null;
  /** When this identity was last used by two at a time. */
  shared_at: number | null;
  /** When it made the last status report whose states are kept, by the earlier of its clock and ours. */
  scanned_at: number | null;
  /** Up to when moves by client-side targeting have used up their room in the record. */
  targeting_noted_until: number | null;
  /** Sort keys of lists: see lists/computer-keys.ts. */
  name_sort: Generated<string>;
  address_sort: Generated<string>;
  agent_sort: Generated<string>;
  system_sort: Generated<string>;
}

/** Computers whose sort keys are not computed yet. Triggers of the database note them. */
export interface ComputerSortChangesTable {
  change_id: Identity;
  computer_id: string;
}

export interface IdentityChangesTable {
  computer_id: string;
  /** Counts the changes of one computer. */
  number: number;
  changed_at: number;
  /** name, hardware or system. */
  aspect: string;
  before: string;
  after: string;
}

/** Kept by triggers of the database, never written by anything else. */
export interface ComputerFiguresTable {
  computer_id: string;
  /** 1: in `computers`. */
  known: number;
  /** 1: known, and has reported. */
  reported: number;
  /** Updates that it needs, that it has downloaded, or that wait for a restart. */
  needed: number;
  /** Updates that failed. */
  failed: number;
  /** Report events of it that are stored. */
  events: number;
  /** The day of its last contact, since 1970 in UTC. Null if that is not known. */
  contact_day: number | null;
}

export interface ComputerNamesTable {
  computer_id: string;
  /** The DNS name in lower case. */
  name_key: string;
  dns_name: string;
  address: string;
  first_seen: number;
  last_seen: number;
  times_seen: number;
}

/** How far a group was. Days without a change have no row. */
export interface GroupDaysTable {
  group_id: string;
  /** Since 1970 in UTC. */
  day: number;
  computers: number;
  up_to_date: number;
  needing: number;
  failing: number;
  never_reported: number;
  silent: number;
}
