// Superseded updates that a rule declines. A rule declines one only if no computer loses its last fix by it. If a
// computer loses one later, within 30 days, the rule ends the decline.
import type { UpdateId } from '@moult/catalog';
import { type ComputerEvidence, planDeclines, type SupersededUpdate } from '@moult/catalog/rules';
import { type Store, type SupersededDecline, unassignedComputers } from '@moult/store';
import type { LiveCatalog } from '@moult/store/catalog';
import { ruleBounds } from '../bounds.ts';
import type { RulePlan } from './plan.ts';

const reversibleMs = 30 * 86_400_000;

/** Adds to `plan` what becomes of superseded updates, as things stand now. */
export async function planSuperseded(store: Store, catalog: LiveCatalog, plan: RulePlan, now: Date): Promise<void> {
  const declines = await store.listSupersededDeclines(new Date(now.getTime() - reversibleMs));
  if (declines.length === 0 && plan.superseded.size === 0) return;
  await catalog.refresh();
  const isDeclined = (updateId: UpdateId) =>
    catalog.decide({ groupIds: [], facts: {} }, now).deployments.isDeclined(updateId);
  const declinedIds = new Set(declines.map(({ updateId }) => updateId));
  const candidates = [...plan.superseded.keys()].filter((id) => !declinedIds.has(id) && !isDeclined(id as UpdateId));
  const updates: SupersededUpdate[] = [
    ...inTurn(declines, now).map(({ updateId, declinedAt, evidence }) => ({
      updateId,
      declined: { at: declinedAt, known: evidence },
    })),
    ...inTurn(candidates, now).map((updateId) => ({ updateId })),
  ];
  const evidenceOf = async ({ updateId, declined }: SupersededUpdate, gone: ReadonlySet<string>) => {
    const successors = successorsOf(catalog, updateId as UpdateId).filter((id) => !gone.has(id) && !isDeclined(id));
    const computers = await store.loadEvidence(updateId, successors, declined);
    return computers.map((one): ComputerEvidence => {
      const groupIds = one.groupIds.length > 0 ? one.groupIds : [unassignedComputers];
      const offer = catalog.decide({ groupIds, facts: one }, now);
      return {
        ...{ computerId: one.computerId, state: one.state },
        successors: successors.map((id, at) => ({
          state: one.successors[at] ?? 'unknown',
          isApproved: offer.on(id).action === 'Install',
        })),
      };
    });
  };
  const found = await planDeclines(updates, evidenceOf, { maxEvidence: ruleBounds.maxEvidence });
  await write(store, plan, declines, found);

  /** Directly or through others. The newest revision of each counts. */
  function successorsOf({ index: all }: LiveCatalog, updateId: UpdateId): UpdateId[] {
    const found: UpdateId[] = [];
    // Updates can supersede each other.
    const seen = new Set([updateId]);
    for (const at of seen) {
      for (const { update, summary, slot } of all.update(at)?.supersededBy ?? []) {
        if (update.revisions.at(-1)?.slot !== slot || seen.has(update.updateId)) continue;
        seen.add(update.updateId);
        if (!summary.isExpired) found.push(update.updateId);
      }
    }
    return found;
  }
}

/** Of many the run of each hour takes other ones: each of them costs a look at the computers. */
function inTurn<Update>(updates: readonly Update[], now: Date): Update[] {
  const { maxSuperseded } = ruleBounds;
  const portions = Math.max(1, Math.ceil(updates.length / maxSuperseded));
  const portion = Math.floor(now.getTime() / 3_600_000) % portions;
  return updates.slice(portion * maxSuperseded, (portion + 1) * maxSuperseded);
}

async function write(
  store: Store,
  plan: RulePlan,
  declines: readonly SupersededDecline[],
  { decline, reinstate, kept }: Awaited<ReturnType<typeof planDeclines>>,
): Promise<void> {
  for (const { updateId, evidence } of decline) {
    const found = plan.superseded.get(updateId);
    if (!found) continue;
    const { rule, title, revisionId, needed } = found;
    plan.planned.push({ change: { kind: 'decline', updateId, rule, evidence }, title, revisionId, needed });
  }
  for (const { updateId } of reinstate) {
    const ruleId = declines.find((one) => one.updateId === updateId)?.ruleId ?? '';
    const newest = (await store.findRevisions(updateId)).at(-1);
    const rule = { ruleId, name: plan.superseded.get(updateId)?.rule.name ?? ruleId };
    const change = { kind: 'reinstate' as const, updateId, rule };
    plan.planned.push({ change, title: newest?.title ?? updateId, revisionId: newest?.revisionId ?? 0, needed: 0 });
  }
  for (const { updateId, losers } of kept) {
    const found = plan.superseded.get(updateId);
    if (found)
      plan.passed.push({
        ...{ updateId, title: found.title, rule: found.rule.name, why: 'still needed' },
        says: losers.length > 0 ? `${losers.length} computers have no other fix` : 'too many computers still need it',
      });
  }
}
