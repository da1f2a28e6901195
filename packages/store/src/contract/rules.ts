// The contract for rules: what is kept of them, what they are asked about, and what they write.
import type { DeploymentAction, InheritedDeployment, StoredDeployment } from '@moult/catalog';
import type { ComputerEvidence, Rule, RuleFacts } from '@moult/catalog/rules';
import type { Author } from './audit.ts';

export interface StoredRule extends Rule {
  createdAt: Date;
  changedAt: Date;
  changedBy: string;
}

/** All that rules ask about an update but its CVEs. */
export interface StoredRuleFacts extends Omit<RuleFacts, 'cves'> {
  /** The next page begins after this id. */
  titleId: number;
  revisionId: number;
}

/** The present decisions on an update. */
export interface DecidedNow {
  /** Withdrawn decisions are among them. */
  deployments: (StoredDeployment | InheritedDeployment)[];
  isDeclined: boolean;
  /** `rule:ID`, or `person`. Undefined if it has no origin, as a decline by a version before. */
  declineBy: string | undefined;
  declinedAt: Date | undefined;
}

export type RuleChange = { updateId: string; rule: { ruleId: string; name: string } } & (
  | { kind: 'approve'; groupId: string; action: DeploymentAction; deadline: Date | undefined }
  | { kind: 'take-back'; groupId: string }
  /** `evidence`: where it is declined because of its successors, the computers that needed it, and with a `?` those that may. */
  | { kind: 'decline'; evidence?: readonly string[] | undefined }
  | { kind: 'reinstate' }
);

/** An update that a rule declined because of its successors, and the computers that needed it then. */
export interface SupersededDecline {
  updateId: string;
  ruleId: string;
  declinedAt: Date;
  evidence: string[];
}

export interface RuleStore {
  /** All rules, in their order. */
  listRules(): Promise<StoredRule[]>;

  /**
   * Saves a rule: a new one comes last, one that is there keeps its place. It goes on record.
   * Again: one more record.
   * Concurrent: the last call wins.
   * Throws SERVER_REFUSED for a name that another rule has.
   */
  saveRule(rule: Rule, author: Author): Promise<void>;

  /**
   * Removes a rule. Decisions of the rule stay.
   * Again: throws SERVER_NOT_FOUND.
   * Concurrent: of two removals one throws SERVER_NOT_FOUND.
   * Throws SERVER_NOT_FOUND.
   */
  removeRule(ruleId: string, author: Author): Promise<void>;

  /**
   * Puts a rule at this place, counted from 1. The others close up. It goes on record.
   * Again: changes nothing, and goes on record again.
   * Concurrent: one move comes after the other.
   * Throws SERVER_NOT_FOUND.
   */
  moveRule(ruleId: string, place: number, author: Author): Promise<void>;

  /** The newest revisions of the next `limit` updates that are decided on, with ids above `after`, in rising order. */
  readRuleFacts(after: number, limit: number): Promise<StoredRuleFacts[]>;

  /** The present decisions on these updates. */
  loadDecided(updateIds: readonly string[]): Promise<Map<string, DecidedNow>>;

  /**
   * Writes decisions of rules, in one transaction and on record. Decisions of a person stay, whatever a rule says: such
   * changes are left out. Answers the changes that were written.
   * Again: answers none.
   * Concurrent: as `deploy`. Of two servers that run the rules the second finds everything done.
   */
  applyRuleChanges(changes: readonly RuleChange[], author: Author): Promise<RuleChange[]>;

  /** Updates that are declined because of their successors since `after`. */
  listSupersededDeclines(after: Date): Promise<SupersededDecline[]>;

  /**
   * Every computer that needs this update, or never looked for it. With the state of `successors`. `known`: computers that
   * needed it when it was declined. `declinedAt`: others that were here before then are not asked again.
   */
  loadEvidence(
    updateId: string,
    successors: readonly string[],
    declined?: { at: Date; known: readonly string[] },
  ): Promise<StoredEvidence[]>;

  /** Bytes of the files of these revisions, each file once. */
  countBytesOf(revisionIds: readonly number[]): Promise<number>;

  /** Group to the name of its time zone, of groups that have one of their own. */
  loadTimeZones(): Promise<Map<string, string>>;

  /**
   * Gives a group a time zone. Undefined: that of its parent. It goes on record.
   * Again: one more record.
   * Concurrent: the last call wins.
   * Throws SERVER_NOT_FOUND for the group.
   */
  setTimeZone(nameOrId: string, timeZone: string | undefined, author: Author): Promise<void>;
}

export interface StoredEvidence extends Pick<ComputerEvidence, 'computerId' | 'state'> {
  groupIds: string[];
  osVersion: string | undefined;
  manufacturer: string | undefined;
  model: string | undefined;
  /** In the order of the successors that were asked about. */
  successors: ('unknown' | 'not-applicable' | 'needed' | 'installed')[];
}
