// Decisions about updates: approvals, rules, holds and rollouts.
import type { Identity } from './identity.ts';

export interface DeploymentsTable {
  deployment_id: Identity;
  update_id: string;
  group_id: string;
  action: string;
  deadline: number | null;
  created_at: number;
  changed_at: number;
  administrator: string;
}

export interface RulesTable {
  rule_id: string;
  position: number;
  name: string;
  /** The name in lower case. */
  name_key: string;
  is_enabled: number;
  /** Conditions and effect as JSON. */
  definition: string;
  created_at: number;
  changed_at: number;
  changed_by: string;
}

export interface HoldsTable {
  hold_id: string;
  /** hold or advise. */
  effect: string;
  says: string;
  link: string | null;
  ends_at: number | null;
  /** HoldCondition as JSON. */
  condition: string;
  source: string | null;
  added_by: string;
  added_at: number;
}

export interface RolloutsTable {
  rollout_id: string;
  plan_id: string;
  update_id: string;
  version: number;
  status: string;
  /** State, when each ring was reached, and the reason to wait, as JSON. */
  progress: string;
  started_at: number;
}

export interface RolloutComputersTable {
  rollout_id: string;
  computer_id: string;
  ring: number;
  outcome: string;
  outcome_at: number;
  connected_at_offer: number;
}

export interface ComputerRhythmsTable {
  computer_id: string;
  gaps: number;
  gap_ms: number;
  deviation_ms: number;
  connected_ms: number;
  last_contact: number;
}
