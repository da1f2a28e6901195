// Why an update is not on all computers of a group: for each computer the decision that SyncUpdates sends, and what the computer
// said of the update, counted by reason.
import type { Offer, UpdateId } from '@moult/catalog';
import { allComputers, type TargetGroup, type UpdateState, unassignedComputers } from '@moult/store';
import type { CatalogSources } from './update.ts';

interface GroupReason {
  /** A word for programs: `held`, `failed`, `not-approved` … */
  reason: string;
  says: string;
  computers: number;
  /** Names of the first ones. */
  examples: string[];
}

interface GroupAnswer {
  updateId: string;
  title: string;
  group: string;
  computers: number;
  installed: number;
  notApplicable: number;
  /** Why it is not on the others, most computers first. */
  reasons: GroupReason[];
}

const examplesShown = 5;

/** Asks about the computers of a group and of the groups inside of it. Costs one look at each computer. */
export async function explainUpdateInGroup(
  { store, catalog }: CatalogSources,
  update: { updateId: string; title: string },
  group: TargetGroup,
  now: Date,
): Promise<GroupAnswer> {
  const { updateId, title } = update;
  const filter = { groupIds: groupsInside(await store.loadGroups(), group.groupId), update: { updateId } };
  const { items } = await store.pageComputers(filter, { limit: undefined });
  const answer: GroupAnswer = {
    updateId,
    title,
    group: group.name,
    computers: items.length,
    installed: 0,
    notApplicable: 0,
    reasons: [],
  };
  const counts = new Map<string, GroupReason>();
  for (const { computerId, dnsName, state = 'unknown', lastContact } of items) {
    if (state === 'installed') answer.installed++;
    else if (state === 'notApplicable') answer.notApplicable++;
    else {
      const targeting = await store.loadTargeting(computerId);
      const view = { groupIds: targeting?.groupIds ?? [unassignedComputers], facts: targeting?.facts ?? {} };
      const { reason, says } = whyNot(catalog.decide(view, now).on(updateId as UpdateId), state, { lastContact, now });
      const known = counts.get(says) ?? { reason, says, computers: 0, examples: [] };
      known.computers++;
      if (known.examples.length < examplesShown) known.examples.push(dnsName);
      counts.set(says, known);
    }
  }
  answer.reasons = [...counts.values()].sort((a, b) => b.computers - a.computers || (a.says < b.says ? -1 : 1));
  return answer;
}

/** Undefined for All Computers: every computer. */
function groupsInside(groups: readonly TargetGroup[], start: string): string[] | undefined {
  if (start === allComputers) return undefined;
  const found = new Set([start]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const { groupId, parentId } of groups) if (parentId !== undefined && found.has(parentId)) found.add(groupId);
  }
  return [...found];
}

type Decision = ReturnType<Offer['on']>;

/** The strongest reason of the decision, and where it is not the decision, the state of the computer. */
function whyNot(
  { action, deadline, reasons }: Decision,
  state: UpdateState,
  { lastContact, now }: { lastContact: Date; now: Date },
): { reason: string; says: string } {
  const [first] = reasons;
  if (first?.code === 'stopped') return { reason: 'stopped', says: `The emergency stop is on: ${first.says}` };
  if (first?.code === 'held') return { reason: 'held', says: `Hold ${first.holdId} keeps it back: ${first.says}` };
  if (first?.code === 'ring')
    return { reason: 'ring', says: `The rings "${first.rings}" did not reach this computer yet.` };
  const plain = plainReasons[reasons.at(-1)?.code ?? 'unknown'];
  if (plain !== undefined) return { reason: reasons.at(-1)?.code ?? 'unknown', says: plain };
  if (action !== 'Install' && action !== 'OptionalInstall')
    return { reason: 'not-approved', says: 'It is not approved for installation: computers only report on it.' };
  if (state === 'failed')
    return { reason: 'failed', says: 'The installation failed. "moult explain COMPUTER" shows the error.' };
  if (state === 'pendingReboot') return { reason: 'restart', says: 'It is installed. The computer must restart.' };
  if (now.getTime() - lastContact.getTime() > silentMs)
    return { reason: 'silent', says: 'The computer did not contact this server for 14 days.' };
  if (state === 'unknown')
    return { reason: 'not-scanned', says: 'It is approved. The computer did not report on it yet.' };
  if (action === 'OptionalInstall') return { reason: 'optional', says: 'It is offered, and the user decides.' };
  const by = deadline === undefined ? '' : ` The deadline is ${deadline}.`;
  return { reason: 'waiting', says: `It is approved, and the computer did not install it yet.${by}` };
}

const silentMs = 14 * 86_400_000;

const plainReasons: Readonly<Record<string, string>> = {
  unknown: 'It is not in the catalog.',
  declined: 'It is declined.',
  expired: 'Its publisher expired it.',
  incomplete: 'Parts of it are not in the catalog.',
  'bundle-member': 'It is a part of other updates.',
  blocked: 'It is blocked for the groups of the computer.',
  undecided: 'It is not approved.',
};
