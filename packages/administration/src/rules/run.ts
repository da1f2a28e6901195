// Runs the rules: plans, accepts the license terms that rules name, and writes in small transactions. A run that is killed leaves
// whole decisions, and the next run does the rest.
import type { Author, RuleChange, Store, StoredRule } from '@moult/store';
import type { LiveCatalog } from '@moult/store/catalog';
import { acceptTerms, loadDecided, openTerms } from '../decided-update.ts';
import { type PlannedChange, planRules, type RulePlan } from './plan.ts';
import { planSuperseded } from './superseded.ts';

export interface RuleRun {
  at: Date;
  changes: (PlannedChange & { bytes: number; restart: Restart })[];
  passed: RulePlan['passed'];
  matched: { rule: string; updates: number }[];
  totals: {
    updates: number;
    approvals: number;
    declines: number;
    takenBack: number;
    /** Needs of computers that the approvals answer: a computer counts once for each update. */
    installations: number;
    bytes: number;
    /** Approved updates that always restart the computer, and those that may. */
    restarts: { always: number; possible: number };
  };
}

type Restart = 'never' | 'possible' | 'always';

interface Circumstances {
  catalog: LiveCatalog;
  now: Date;
  ownZone: string;
}

const changesPerTransaction = 100;

/** The changes of a run at `now`, as the catalog and the reports are today. Writes nothing. */
export async function testRules(store: Store, circumstances: Circumstances): Promise<RuleRun> {
  const plan = await planAll(store, circumstances);
  await planSuperseded(store, circumstances.catalog, plan, circumstances.now);
  return toRun(store, plan, plan.planned, circumstances.now);
}

/** Runs all rules. Answers what was written. Throws only what the store throws. */
export async function runRules(store: Store, circumstances: Circumstances): Promise<RuleRun> {
  const { catalog, now } = circumstances;
  const plan = await planAll(store, circumstances);
  const author: Author = { name: 'rules', at: now };
  const first = await writeAll(store, plan.planned, author);
  // By now the catalog knows what was approved: that is what superseded updates are declined for.
  plan.planned = [];
  await planSuperseded(store, catalog, plan, now);
  const second = await writeAll(store, plan.planned, author);
  return toRun(store, plan, [...first, ...second], now);
}

async function planAll(store: Store, { now, ownZone }: Circumstances): Promise<RulePlan> {
  const rules = await store.listRules();
  const [groups, zones] = [await store.loadGroups(), await store.loadTimeZones()];
  const plan = await planRules(store, { rules, groups, zones, ownZone, now });
  await leaveOutUnaccepted(store, rules, plan);
  return plan;
}

async function writeAll(store: Store, planned: readonly PlannedChange[], author: Author): Promise<PlannedChange[]> {
  const rules = await store.listRules();
  const written = new Set<RuleChange>();
  for (let start = 0; start < planned.length; start += changesPerTransaction) {
    const some = planned.slice(start, start + changesPerTransaction);
    for (const one of some) await acceptNamed(store, rules, one, author);
    for (const change of await store.applyRuleChanges(
      some.map(({ change }) => change),
      author,
    ))
      written.add(change);
  }
  return planned.filter(({ change }) => written.has(change));
}

/** An update waits for a person if it has terms that no person accepted and the rule does not name. */
async function leaveOutUnaccepted(store: Store, rules: readonly StoredRule[], plan: RulePlan): Promise<void> {
  const open = new Map<number, string[]>();
  const kept: PlannedChange[] = [];
  for (const one of plan.planned) {
    const { change, revisionId, title } = one;
    if (!installs(change)) {
      kept.push(one);
      continue;
    }
    const terms = open.get(revisionId) ?? (await openTermIds(store, revisionId));
    open.set(revisionId, terms);
    const named = rules.find(({ ruleId }) => ruleId === change.rule.ruleId)?.effect.acceptLicenses ?? [];
    const missing = terms.filter((id) => !named.includes(id));
    if (missing.length === 0) kept.push(one);
    else {
      const { updateId, rule } = change;
      plan.passed.push({ updateId, title, rule: rule.name, why: 'license terms', says: missing.join(', ') });
    }
  }
  plan.planned = kept;
}

async function acceptNamed(
  store: Store,
  rules: readonly StoredRule[],
  { change, revisionId }: PlannedChange,
  author: Author,
): Promise<void> {
  const rule = rules.find(({ ruleId }) => ruleId === change.rule.ruleId);
  if (!rule || rule.effect.acceptLicenses.length === 0 || !installs(change)) return;
  const terms = await openTerms(store, await loadDecided(store, { revisionId }));
  const named = terms.filter(({ eulaId }) => rule.effect.acceptLicenses.includes(eulaId));
  await acceptTerms(store, named, { name: `rule "${rule.name}"`, at: author.at });
}

async function openTermIds(store: Store, revisionId: number): Promise<string[]> {
  return (await openTerms(store, await loadDecided(store, { revisionId }))).map(({ eulaId }) => eulaId);
}

function installs(change: RuleChange): boolean {
  return change.kind === 'approve' && (change.action === 'Install' || change.action === 'OptionalInstall');
}

async function toRun(store: Store, plan: RulePlan, planned: readonly PlannedChange[], at: Date): Promise<RuleRun> {
  const sizes = new Map<number, { bytes: number; restart: Restart; revisionIds: number[] }>();
  for (const { change, revisionId } of planned)
    if (installs(change) && !sizes.has(revisionId)) sizes.set(revisionId, await sizeOf(store, revisionId));
  const changes = planned.map((one) => {
    const { bytes, restart } = sizes.get(one.revisionId) ?? { bytes: 0, restart: 'never' as const };
    return { ...one, bytes: installs(one.change) ? bytes : 0, restart: installs(one.change) ? restart : 'never' };
  });
  const rules = await store.listRules();
  const count = (kind: RuleChange['kind']) => planned.filter(({ change }) => change.kind === kind).length;
  const installed = new Map(planned.filter(({ change }) => installs(change)).map((one) => [one.revisionId, one]));
  const restarting = (kind: Restart) => [...sizes.values()].filter(({ restart }) => restart === kind).length;
  return {
    at,
    changes,
    passed: plan.passed,
    matched: rules.map(({ ruleId, name }) => ({ rule: name, updates: plan.matched.get(ruleId) ?? 0 })),
    totals: {
      updates: new Set(planned.map(({ change }) => change.updateId)).size,
      ...{
        approvals: count('approve'),
        declines: count('decline'),
        takenBack: count('take-back') + count('reinstate'),
      },
      installations: [...installed.values()].reduce((total, { needed }) => total + needed, 0),
      bytes: await store.countBytesOf([...sizes.values()].flatMap(({ revisionIds }) => revisionIds)),
      restarts: { always: restarting('always'), possible: restarting('possible') },
    },
  };
}

async function sizeOf(store: Store, revisionId: number) {
  const { revisionIds } = await loadDecided(store, { revisionId });
  const extended = await store.loadFragments('extended', revisionIds);
  const behaviours = [...extended.values()].flatMap((text) => [...text.matchAll(/\bRebootBehavior="(\w+)"/g)]);
  const has = (behaviour: string) => behaviours.some(([, found]) => found === behaviour);
  const restart: Restart = has('AlwaysRequiresReboot') ? 'always' : has('CanRequestReboot') ? 'possible' : 'never';
  return { bytes: await store.countBytesOf(revisionIds), restart, revisionIds };
}
