// A rule for approvals: conditions that an update meets, and what happens to it then.

/** As Microsoft rates a vulnerability. */
export type RuleSeverity = 'unspecified' | 'low' | 'moderate' | 'important' | 'critical';

export type RuleType = 'software' | 'driver' | 'feature' | 'definition';

/** All that are given must hold. Of the values of one, any. */
export interface RuleConditions {
  /** Ids of categories. */
  classifications: readonly string[];
  products: readonly string[];
  severities: readonly RuleSeverity[];
  /** Numbers of KB articles. */
  articles: readonly string[];
  /** `CVE-2026-1234`. */
  cves: readonly string[];
  /** The whole title, letter case aside: `*` is any text, `?` any character. */
  title: string | undefined;
  types: readonly RuleType[];
  /** Days since the update came into the catalog. */
  minAgeDays: number | undefined;
  maxAgeDays: number | undefined;
  /** At least so many computers need it. */
  neededBy: number | undefined;
  superseded: boolean | undefined;
}

export type RuleAction = 'install' | 'optional' | 'detect-only' | 'decline' | 'hold';

export interface RuleDeadline {
  /** After the day of the approval. */
  days: number;
  /** Minutes after midnight, in the time zone of the computers' group. */
  minutes: number;
}

export interface RuleEffect {
  action: RuleAction;
  /** Ids. Without meaning for decline and hold, which are for all computers. */
  groupIds: readonly string[];
  /** Days after the update came into the catalog. */
  delayDays: number;
  deadline: RuleDeadline | undefined;
  /** Ids of license terms that this rule accepts. */
  acceptLicenses: readonly string[];
}

export interface Rule {
  ruleId: string;
  name: string;
  isEnabled: boolean;
  when: RuleConditions;
  effect: RuleEffect;
}

/** One update as rules see it. */
export interface RuleFacts {
  updateId: string;
  title: string;
  updateType: string;
  isExpired: boolean;
  isSuperseded: boolean;
  severity: RuleSeverity;
  /** Ids of all categories that it belongs to. */
  categories: ReadonlySet<string>;
  articles: readonly string[];
  /** Undefined: not read. A rule that asks for CVEs does not match then. */
  cves: readonly string[] | undefined;
  /** When its first revision came into the catalog. */
  arrivedAt: number;
  /** Computers that need it. */
  needed: number;
}
