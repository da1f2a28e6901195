// Applies rules to one update. It asks them in their order, and the first that matches decides for its groups.
import type { DeploymentAction } from '../deployment/target-groups.ts';
import type { Rule, RuleAction, RuleConditions, RuleFacts, RuleType } from './rule.ts';
import { fitsTitle } from './title-pattern.ts';

interface RuleApproval {
  rule: Rule;
  groupId: string;
  action: DeploymentAction;
}

interface RuleVerdict {
  approvals: RuleApproval[];
  /** The rule that declines it for all computers. */
  declinedBy: Rule | undefined;
  /** The rule that keeps it for a person: no later rule decides on it. */
  heldBy: Rule | undefined;
  /** Rules that match, and come too late for all that they say. */
  overruled: { rule: Rule; by: Rule }[];
  /** Approved when its delay is over. */
  waiting: { rule: Rule; until: number }[];
}

const dayMs = 86_400_000;

const classificationOf: Partial<Record<RuleType, string>> = {
  feature: '3689bdc8-b205-4af4-8d4a-a63924c5e9d5',
  definition: 'e0789628-ce08-4437-be74-2495b842f43b',
};

const approving: Partial<Record<RuleAction, DeploymentAction>> = {
  install: 'Install',
  optional: 'OptionalInstall',
  'detect-only': 'PreDeploymentCheck',
};

/** `rules` in their order. Pure. Costs one look at each rule. An expired update is never decided on. */
export function applyRules(rules: readonly Rule[], facts: RuleFacts, now: number): RuleVerdict {
  const verdict: RuleVerdict = { approvals: [], declinedBy: undefined, heldBy: undefined, overruled: [], waiting: [] };
  if (facts.isExpired) return verdict;
  const decidedBy = new Map<string, Rule>();
  let forAll: Rule | undefined;
  for (const rule of rules) {
    if (!rule.isEnabled || !matches(rule.when, facts, now)) continue;
    const { action, groupIds, delayDays } = rule.effect;
    const open = groupIds.filter((groupId) => !decidedBy.has(groupId));
    const by = forAll ?? (groupIds.length > 0 && open.length === 0 ? decidedBy.get(groupIds[0] ?? '') : undefined);
    if (by) {
      verdict.overruled.push({ rule, by });
      continue;
    }
    const until = facts.arrivedAt + delayDays * dayMs;
    // Stamps of the database may be a little ahead of this clock.
    const isWaiting = delayDays > 0 && until > now;
    if (isWaiting) verdict.waiting.push({ rule, until });
    // It has its place already while it waits: a later rule for the same group must not be faster.
    for (const groupId of open) decidedBy.set(groupId, rule);
    if (isWaiting) continue;
    const deployed = approving[action];
    if (deployed) verdict.approvals.push(...open.map((groupId) => ({ rule, groupId, action: deployed })));
    else if (decidedBy.size > 0) verdict.overruled.push({ rule, by: [...decidedBy.values()][0] ?? rule });
    else {
      forAll = rule;
      if (action === 'decline') verdict.declinedBy = rule;
      else verdict.heldBy = rule;
    }
  }
  return verdict;
}

/** Whether an update meets all conditions of a rule. */
export function matches(when: RuleConditions, facts: RuleFacts, now: number): boolean {
  const age = (now - facts.arrivedAt) / dayMs;
  return (
    anyOf(when.classifications, (id) => facts.categories.has(id)) &&
    anyOf(when.products, (id) => facts.categories.has(id)) &&
    anyOf(when.severities, (severity) => severity === facts.severity) &&
    anyOf(when.types, (type) => isOfType(type, facts)) &&
    anyOf(when.articles, (article) => facts.articles.includes(article)) &&
    anyOf(when.cves, (cve) => facts.cves?.includes(cve) ?? false) &&
    (when.minAgeDays === undefined || age >= when.minAgeDays) &&
    (when.maxAgeDays === undefined || age <= when.maxAgeDays) &&
    (when.neededBy === undefined || facts.needed >= when.neededBy) &&
    (when.superseded === undefined || when.superseded === facts.isSuperseded) &&
    (when.title === undefined || fitsTitle(when.title, facts.title))
  );
}

function anyOf<Value>(values: readonly Value[], holds: (value: Value) => boolean): boolean {
  return values.length === 0 || values.some(holds);
}

function isOfType(type: RuleType, { updateType, categories }: RuleFacts): boolean {
  const id = classificationOf[type];
  if (id !== undefined) return categories.has(id);
  return updateType === (type === 'driver' ? 'Driver' : 'Software');
}
