// The contract for decisions that come from the server of another network.
import type { DeploymentAction } from '@moult/catalog';
import type { Author } from './audit.ts';

export interface WantedGroup {
  groupId: string;
  name: string;
  /** Undefined: All Computers. */
  parentId: string | undefined;
  timeZone?: string | undefined;
}

export interface WantedDecision {
  updateId: string;
  groupId: string;
  action: DeploymentAction;
  deadline: Date | undefined;
}

/**
 * Groups and decisions as another server has them. Ids of groups are the ids that it uses. Groups follow those of the source, and
 * decisions that the source withdrew are withdrawn here, too.
 */
export interface WantedState {
  /** Noted as the origin of each decision: `bundle:…`, `upstream:…`. */
  source: string;
  /** Nothing of this server stays: groups, decisions and declines that the source does not have go, whoever made them. */
  isWhole?: boolean;
  /** The source says no time zones: those here stay. So does the place of a group without `parentId`. */
  isSparse?: boolean;
  /** Of a source whose groups were matched by name before: the id there to that here. */
  knownGroups?: ReadonlyMap<string, string>;
  groups: readonly WantedGroup[];
  /** Ids of groups that came from this source before. Those that are not in `groups` any more are removed. */
  formerGroups: readonly string[];
  decisions: readonly WantedDecision[];
  declined: readonly string[];
  /** Saved in the same transaction. */
  settings: readonly { name: string; value: string }[];
  /** Of a dry run: updates that are not here yet, and will be. */
  coming?: ReadonlySet<string>;
}

/** One wanted thing that was not done, with the reason. */
export interface KeptAsItWas {
  what: 'group' | 'decision' | 'decline';
  /** The id of the group or of the update. */
  subject: string;
  groupId?: string;
  because: KeptBecause;
}

export type KeptBecause =
  /** Somebody or something of this server decided, and differently. */
  | 'decided-here'
  | 'declined-here'
  /** An administrator of this server ended its decline. */
  | 'reinstated-here'
  | 'update-unknown'
  | 'group-unknown'
  /** Another group has its name. */
  | 'name-taken'
  /** It holds groups, or has approvals, of this server. */
  | 'group-in-use';

export interface TakenOver {
  groupsAdded: string[];
  groupsChanged: string[];
  groupsRemoved: string[];
  decided: number;
  takenBack: number;
  declined: number;
  reinstated: number;
  /** All of them. */
  kept: KeptAsItWas[];
}

export interface TakeOverStore {
  /**
   * Makes groups and decisions those of another server, in one transaction and on record. Decisions of this
   * server stay: `kept` names them. `isDryRun` answers the same and writes nothing.
   * Again: changes nothing but the settings.
   * Concurrent: as `deploy`. Other decisions come before or afterwards.
   */
  takeOver(wanted: WantedState, author: Author, options?: { isDryRun?: boolean }): Promise<TakenOver>;
}
