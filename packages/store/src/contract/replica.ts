// The contract for what a replica takes from its upstream server.
import type { Author } from './audit.ts';
import type { TakenOver, WantedGroup } from './take-over.ts';

/** As MS-WSUSSS 3.1.4.10.3.5 tells it. */
export interface UpstreamDeployment {
  deploymentGuid: string;
  updateId: string;
  revisionNumber: number;
  groupId: string;
  /** 0 install, 1 uninstall, 2 scan only, 3 block. */
  action: number;
  deadline: Date | undefined;
  isAssigned: boolean;
  goLiveAt: Date;
}

/** Groups, declined updates and license terms are whole lists. Deployments are all of them, or changes. */
export interface UpstreamDecisions {
  /** The next question begins with it. Only the upstream reads it. */
  anchor: string;
  groups: readonly WantedGroup[];
  deployments: readonly UpstreamDeployment[];
  /** The deployments are all that there are: the others that are known go. */
  isWhole: boolean;
  /** Deployments that are no more. */
  dead: readonly string[];
  declined: readonly string[];
  acceptedTerms: readonly string[];
}

/** `waiting`: deployments that do not count yet, because their time or their update did not come. */
export interface TakenFromUpstream extends TakenOver {
  acceptedTerms: string[];
  waiting: number;
}

/** A replica takes its groups and decisions from its upstream server, an autonomous server has its own. */
export type ServerRole = 'autonomous' | 'replica';

export interface RoleStore {
  /** `autonomous` before the first change. */
  loadRole(): Promise<ServerRole>;

  /**
   * Changes the role, on record, and forgets the deployments of the upstream server: a new replica asks for all of them.
   * Groups and decisions stay until the next synchronisation. Answers the role of before.
   * Again: changes nothing.
   * Concurrent: the last one counts. A synchronisation that is under way ends as it began.
   */
  changeRole(role: ServerRole, author: Author): Promise<ServerRole>;
}
