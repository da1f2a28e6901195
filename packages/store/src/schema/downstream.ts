// Deployments of the server above, and reports of servers below.
import type { Identity } from './identity.ts';

/** Of a replica: what the upstream server told, also of updates that are not here yet. */
export interface UpstreamDeploymentsTable {
  deployment_guid: string;
  update_id: string;
  revision_number: number;
  group_id: string;
  /** As MS-WSUSSS 3.1.4.10.3.5. */
  action: number;
  deadline: number | null;
  is_assigned: number;
  go_live_at: number;
}

export interface DownstreamServersTable {
  server_id: string;
  /** Null: this server itself is above it. */
  parent_id: string | null;
  name: string;
  version: string;
  is_replica: number;
  first_seen: number;
  /** By our clock. */
  received_at: number;
  /** LastRollupTime, corrected by the difference of the clocks. */
  rolled_up_at: number;
  last_sync: number | null;
  /** The clock of the reporting server was so far ahead of ours. */
  clock_ahead_ms: number;
  /** DownstreamServerRollupServerSummary as JSON. */
  summary: string | null;
}

export interface DownstreamComputersTable {
  computer_id: string;
  server_id: string;
  received_at: number;
  last_sync: number | null;
  /** 0 unknown, 1 succeeded, 2 failed. */
  last_sync_result: number;
  last_reboot: number | null;
  last_status: number | null;
  last_inventory: number | null;
  detected_at: number | null;
  dns_name: string;
  address: string;
  /** ComputerRollupDetails as JSON. Null until they came. */
  details: string | null;
  /** Of the last RollupComputerStatus. 0 before the first. */
  roll_up_number: number;
}

export interface DownstreamFiguresTable {
  needed: number;
  failed: number;
}

/** The last report on a computer to the server above. */
export interface RollUpSentTable {
  computer_id: string;
  number: number;
  /** Digests. */
  contact: string;
  details: string;
  /** 0: the server above does not want to hear of it any more. */
  is_wanted: number;
}

export interface RollUpChangesTable {
  change_id: Identity;
  computer_id: string;
  update_id: string;
}
