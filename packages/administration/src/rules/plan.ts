// Plans a run of the rules: its changes, and the reason for each update that it leaves alone. Reads only.
import { applyRules, deadlineAt, matches, type RuleFacts } from '@moult/catalog/rules';
import type { DecidedNow, RuleChange, Store, StoredRule, StoredRuleFacts, TargetGroup } from '@moult/store';
import { ruleBounds } from '../bounds.ts';

export interface PlannedChange {
  change: RuleChange;
  revisionId: number;
  title: string;
  /** Computers that need the update. */
  needed: number;
}

interface Passed {
  updateId: string;
  title: string;
  rule: string;
  why:
    | 'a person decided'
    | 'declined'
    | 'waiting'
    | 'overruled'
    | 'license terms'
    | 'still needed'
    | 'the group is gone';
  /** The rule that came first, the day on which it is due, or the computers that need it. */
  says: string;
}

export interface RulePlan {
  planned: PlannedChange[];
  passed: Passed[];
  /** Superseded updates that a rule declines if no computer needs them: id to rule. */
  superseded: Map<string, { rule: StoredRule; title: string; revisionId: number; needed: number }>;
  /** How many updates each rule matches. */
  matched: Map<string, number>;
}

const updatesPerPage = 500;

interface Circumstances {
  rules: readonly StoredRule[];
  groups: readonly TargetGroup[];
  zones: ReadonlyMap<string, string>;
  /** Of groups without a time zone. */
  ownZone: string;
  now: Date;
}

/** Asks all rules about all updates. Costs one pass over the catalog, in small steps with other work between them. */
export async function planRules(store: Store, circumstances: Circumstances): Promise<RulePlan> {
  const plan: RulePlan = { planned: [], passed: [], superseded: new Map(), matched: new Map() };
  const rules = circumstances.rules.filter(({ isEnabled }) => isEnabled);
  if (rules.length === 0) return plan;
  for (let after = 0; ; ) {
    const page = await store.readRuleFacts(after, updatesPerPage);
    const last = page.at(-1);
    if (!last) return plan;
    after = last.titleId;
    await planPage(store, await withCves(store, page, rules, circumstances.now), { ...circumstances, rules }, plan);
  }
}

type Facts = StoredRuleFacts & RuleFacts;

/** It reads a document only if a rule about CVEs matches the update otherwise. */
async function withCves(
  store: Store,
  page: readonly StoredRuleFacts[],
  rules: readonly StoredRule[],
  now: Date,
): Promise<Facts[]> {
  const asking = rules.filter(({ when }) => when.cves.length > 0);
  const facts = page.map((one): Facts => ({ ...one, cves: undefined }));
  if (asking.length === 0) return facts;
  const isAsked = (one: Facts) => asking.some(({ when }) => matches({ ...when, cves: [] }, one, now.getTime()));
  const found: Facts[] = [];
  for (const one of facts) {
    const text = isAsked(one) ? (await store.loadDocuments([one.revisionId])).get(one.revisionId) : undefined;
    found.push(text === undefined ? one : { ...one, cves: cvesIn(`${one.title} ${text}`) });
  }
  return found;
}

function cvesIn(text: string): string[] {
  return [...new Set([...text.matchAll(/\bCVE-\d{4}-\d{4,10}\b/gi)].map(([cve]) => cve.toUpperCase()))];
}

async function planPage(store: Store, page: readonly Facts[], given: Circumstances, plan: RulePlan): Promise<void> {
  const { rules, now } = given;
  const verdicts = page.map((facts) => ({ facts, verdict: applyRules(rules, facts, now.getTime()) }));
  const decided = await store.loadDecided(page.map(({ updateId }) => updateId));
  for (const { facts, verdict } of verdicts) {
    const { updateId, title } = facts;
    const before = decided.get(updateId);
    if (!before) continue;
    const about = new About(plan, facts);
    for (const { rule, by } of verdict.overruled) about.pass(rule, 'overruled', by.name);
    for (const { rule, until } of verdict.waiting) about.pass(rule, 'waiting', new Date(until).toISOString());
    const declining = verdict.declinedBy as StoredRule | undefined;
    if (declining?.when.superseded) {
      about.count(declining);
      plan.superseded.set(updateId, { rule: declining, title, revisionId: facts.revisionId, needed: facts.needed });
    } else if (declining) planDecline(about, declining, before);
    if (verdict.heldBy) planHold(about, verdict.heldBy, before);
    for (const { rule, groupId, action } of verdict.approvals)
      planApproval(about, { rule: rule as StoredRule, groupId, action }, before, given);
  }
}

/** Writes down what is planned of one update. */
class About {
  readonly #plan: RulePlan;
  readonly #facts: Facts;

  constructor(plan: RulePlan, facts: Facts) {
    this.#plan = plan;
    this.#facts = facts;
  }

  count({ ruleId }: { ruleId: string }): void {
    this.#plan.matched.set(ruleId, (this.#plan.matched.get(ruleId) ?? 0) + 1);
  }

  pass(rule: { name: string }, why: Passed['why'], says = ''): void {
    // A thousand rules that overrule each other say nothing more than the first thousands of cases.
    if (this.#plan.passed.length >= ruleBounds.maxPassed) return;
    this.#plan.passed.push({ updateId: this.#facts.updateId, title: this.#facts.title, rule: rule.name, why, says });
  }

  plan(change: DistributiveOmit<RuleChange, 'updateId'>): void {
    const { updateId, title, revisionId, needed } = this.#facts;
    this.#plan.planned.push({ change: { ...change, updateId } as RuleChange, title, revisionId, needed });
  }
}

type DistributiveOmit<Type, Key extends PropertyKey> = Type extends unknown ? Omit<Type, Key> : never;

function planDecline(about: About, rule: StoredRule, before: DecidedNow): void {
  about.count(rule);
  if (before.isDeclined) return;
  if (before.declineBy === 'person') about.pass(rule, 'a person decided', 'it was declined, and a person ended that');
  // A person puts an update into rings, too.
  else if (before.deployments.some(({ by, action }) => !by?.startsWith('rule:') && action !== 'Inherit'))
    about.pass(rule, 'a person decided', 'a person approved it');
  else about.plan({ kind: 'decline', rule });
}

/** A person must decide, so the run withdraws the approvals of rules. */
function planHold(about: About, rule: { ruleId: string; name: string }, before: DecidedNow): void {
  about.count(rule);
  for (const { groupId, action, by } of before.deployments)
    if (action !== 'Inherit' && by?.startsWith('rule:')) about.plan({ kind: 'take-back', rule, groupId });
}

interface Wanted {
  rule: StoredRule;
  groupId: string;
  action: Extract<RuleChange, { kind: 'approve' }>['action'];
}

function planApproval(about: About, { rule, groupId, action }: Wanted, before: DecidedNow, given: Circumstances): void {
  about.count(rule);
  if (before.isDeclined && !before.declineBy?.startsWith('rule:')) {
    about.pass(rule, 'declined');
    return;
  }
  if (!given.groups.some((one) => one.groupId === groupId)) {
    about.pass(rule, 'the group is gone', groupId);
    return;
  }
  for (const { groupId: target, zone } of placesOf(groupId, rule, given)) {
    const held = before.deployments.find((one) => one.groupId === target);
    if (held && held.by === undefined) about.pass(rule, 'a person decided', held.action);
    else if (held?.by?.startsWith('ring:')) about.pass(rule, 'a person decided', held.by);
    // The deadline stays as it was set, unless the rule was changed since.
    else if (held?.action === action && held.changedAt >= rule.changedAt.getTime() && !before.isDeclined) continue;
    else {
      const deadline = rule.effect.deadline && deadlineAt(rule.effect.deadline, given.now, zone);
      about.plan({ kind: 'approve', rule, groupId: target, action, deadline });
    }
  }
}

/** The group, and for a time of day each group inside of it whose clocks are others. */
function placesOf(groupId: string, { effect }: StoredRule, { groups, zones, ownZone }: Circumstances) {
  const parents = new Map(groups.map((group) => [group.groupId, group.parentId]));
  const lineOf = (start: string): string[] => {
    const line: string[] = [];
    for (let id: string | undefined = start; id !== undefined && !line.includes(id); id = parents.get(id))
      line.push(id);
    return line;
  };
  const zoneOf = (id: string) => zones.get(lineOf(id).find((one) => zones.has(one)) ?? '') ?? ownZone;
  const own = { groupId, zone: zoneOf(groupId) };
  if (!effect.deadline) return [own];
  const inside = groups.filter((group) => group.groupId !== groupId && lineOf(group.groupId).includes(groupId));
  const others = inside
    .filter((group) => zones.has(group.groupId))
    .map((group) => ({ groupId: group.groupId, zone: zoneOf(group.groupId) }));
  return [own, ...others.filter(({ zone }) => zone !== own.zone)];
}
