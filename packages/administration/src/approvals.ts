// Approvals: an action for an update in a group, and declined updates.
import { type Objection, objectionTo } from '@moult/catalog';
import type { DeploymentAction, ListedRevision, MissingFile, Store, TargetGroup } from '@moult/store';
import {
  acceptTerms,
  type DecidedUpdate,
  filesOfTerms,
  findMissing,
  loadDecided,
  openTerms,
} from './decided-update.ts';
import { AdministrationError } from './errors.ts';
import { findDecidable, findGroup, findUpdate, undecidable } from './find.ts';
import type { Administration } from './open-server.ts';
import { requireAutonomous } from './role.ts';

export interface Approval {
  /** As findUpdate takes it. */
  update: string;
  /** Names or ids. Without any, All Computers. */
  groups?: readonly string[] | undefined;
  /**
   * Inherit withdraws the decision for a group, so that the decision of its parent counts again. For All Computers it
   * leaves no decision.
   */
  action: DeploymentAction | 'Inherit';
  deadline?: Date | undefined;
  /** A deadline that is over is meant so: computers install at once. */
  allowPastDeadline?: boolean | undefined;
  /** The administrator accepts the license terms of the update, for all computers. */
  acceptLicense?: boolean | undefined;
}

export interface Approved {
  updateId: string;
  title: string;
  action: Approval['action'];
  deadline: Date | undefined;
  groups: { groupId: string; name: string }[];
  /** Files that computers will ask this server for and that it does not have. */
  missingFiles: MissingFile[];
}

/**
 * Decides about an update in each group, in place of the decision before. That also ends a decline. It looks up all
 * names before it decides anything. Any decision can be withdrawn, whatever the update is. Throws AdministrationError
 * SERVER_NOT_FOUND for the update or a group, SERVER_REFUSED for a category or detectoid, ADMINISTRATION_BUNDLE_MEMBER,
 * ADMINISTRATION_EXPIRED, ADMINISTRATION_CANNOT_UNINSTALL, ADMINISTRATION_DEADLINE, ADMINISTRATION_LICENSE_TERMS.
 */
export async function approve(administration: Administration, approval: Approval): Promise<Approved> {
  const [approved] = await approveAll(administration, [approval.update], approval);
  if (!approved) throw new TypeError('An approval of one update answers one.');
  return approved;
}

/**
 * The same for several updates. All names and all rules are looked at before anything is decided: one update that may not
 * be approved leaves the others as they were. An update that is named twice counts once. Throws as approve does.
 */
export async function approveAll(
  administration: Administration,
  updates: readonly string[],
  approval: Omit<Approval, 'update'>,
): Promise<Approved[]> {
  const { store } = administration;
  await requireAutonomous(administration);
  const groups = await findGroups(store, approval.groups ?? ['All Computers']);
  const found = new Map<string, ListedRevision>();
  for (const update of updates) {
    const one = await findUpdate(store, update);
    found.set(one.updateId, one);
  }
  const allowed: Allowed[] = [];
  for (const one of found.values()) allowed.push(await requireAllowed(administration, one, approval));
  await carryOut(administration, allowed, groups, approval);
  const { action, deadline } = approval;
  const named = groups.map(({ groupId, name }) => ({ groupId, name }));
  return allowed.map(({ found: { updateId, title }, missingFiles }) => ({
    ...{ updateId, title, action, deadline, groups: named, missingFiles },
  }));
}

interface Allowed {
  found: ListedRevision;
  /** License terms that this approval accepts. */
  open: Awaited<ReturnType<typeof openTerms>>;
  missingFiles: MissingFile[];
}

/** Writes in several transactions, so that computers that report meanwhile do not wait long. */
async function carryOut(
  { store, author }: Administration,
  allowed: readonly Allowed[],
  groups: readonly TargetGroup[],
  { action, deadline }: Omit<Approval, 'update'>,
): Promise<void> {
  const perTransaction = Math.max(1, Math.floor(decisionsPerTransaction / Math.max(1, groups.length)));
  for (let start = 0; start < allowed.length; start += perTransaction) {
    const some = allowed.slice(start, start + perTransaction);
    for (const { open } of some) await acceptTerms(store, open, author);
    const ids = some.map(({ found }) => found.updateId);
    // A group without a decision has none to withdraw.
    const decided = action === 'Inherit' ? await store.listDeploymentsOf(ids) : undefined;
    const isDecided = decided && new Set(decided.map(({ updateId, groupId }) => `${updateId} ${groupId}`));
    const decisions = ids.flatMap((updateId) =>
      groups
        .filter(({ groupId }) => isDecided?.has(`${updateId} ${groupId}`) !== false)
        .map(({ groupId }) => ({ updateId, groupId, action, deadline })),
    );
    await store.deployAll(decisions, author);
  }
}

/** A transaction takes about 100 ms on SQLite, 800 ms on PostgreSQL. Check-ins do not wait for it. */
const decisionsPerTransaction = 2000;

/**
 * Declines updates, so that no computer is offered them, or lets their decisions count again. Either all change or none. An
 * update that you name twice counts once. Throws as approve does, and ADMINISTRATION_EXPIRED for the decline of an expired
 * update, which stays.
 */
export async function declineAll(
  administration: Administration,
  updates: readonly string[],
  isDeclined: boolean,
): Promise<{ updateId: string; title: string; isDeclined: boolean }[]> {
  const { store, author } = administration;
  await requireAutonomous(administration);
  const found = new Map<string, ListedRevision>();
  for (const update of updates) {
    const one = isDeclined ? await findDecidable(store, update) : await findUpdate(store, update);
    if (!isDeclined) await refuseExpired(store, one);
    found.set(one.updateId, one);
  }
  await store.setDeclinedAll([...found.keys()], isDeclined, author);
  return [...found.values()].map(({ updateId, title }) => ({ updateId, title, isDeclined }));
}

/** The groups of these names or ids, each once. Throws AdministrationError SERVER_NOT_FOUND. */
export async function findGroups(store: Store, names: readonly string[]): Promise<TargetGroup[]> {
  const groups: TargetGroup[] = [];
  for (const name of names) {
    const group = await findGroup(store, name);
    if (!groups.some(({ groupId }) => groupId === group.groupId)) groups.push(group);
  }
  return groups;
}

/** Nothing is written yet. */
async function requireAllowed(
  { store, author }: Administration,
  found: ListedRevision,
  approval: Omit<Approval, 'update'>,
): Promise<Allowed> {
  const { action, deadline, allowPastDeadline = false, acceptLicense = false } = approval;
  if (action === 'Inherit') return { found, open: [], missingFiles: [] };
  // An approval is for the update: its newest revision counts, whichever was named.
  const newest = (await store.findRevisions(found.updateId)).at(-1) ?? found;
  const decided = await loadDecided(store, newest);
  const objection = objectionTo(decided.update, decided.members, {
    action,
    deadline,
    now: author.at,
    allowPastDeadline,
  });
  if (objection) throw await refusal(store, newest, objection, deadline);
  if (action !== 'Install' && action !== 'OptionalInstall') return { found, open: [], missingFiles: [] };
  const open = await openTerms(store, decided);
  if (open.length > 0 && !acceptLicense) throw await licenseRefusal(store, newest, decided, open);
  return { found, open, missingFiles: await findMissing(store, decided) };
}

async function refuseExpired(store: Store, found: ListedRevision): Promise<void> {
  const newest = (await store.findRevisions(found.updateId)).at(-1) ?? found;
  const summary = (await store.loadSummaries([newest.revisionId])).get(newest.revisionId);
  const isDecided = newest.updateType === 'Software' || newest.updateType === 'Driver';
  if (summary?.isExpired && isDecided) throw await refusal(store, newest, 'expired', undefined);
}

/** The error that says why an update may not be decided on so. */
export async function refusal(
  store: Store,
  found: Pick<ListedRevision, 'title' | 'updateId' | 'updateType'>,
  objection: Objection,
  deadline: Date | undefined,
): Promise<AdministrationError> {
  const named = `"${found.title}" (${found.updateId})`;
  switch (objection) {
    case 'rule-only':
    case 'bundle-member':
      return undecidable(store, found, objection);
    case 'expired':
      return new AdministrationError(
        'ADMINISTRATION_EXPIRED',
        `The publisher expired ${named}. It stays declined. Approve an update that supersedes it.`,
      );
    case 'cannot-uninstall':
      return new AdministrationError(
        'ADMINISTRATION_CANNOT_UNINSTALL',
        `${named} cannot be uninstalled by an update server: its metadata has no UninstallationBehavior. Remove it on the computers themselves, or decide not-approved to offer it no longer.`,
      );
    case 'deadline-without-use':
      return new AdministrationError(
        'ADMINISTRATION_DEADLINE',
        'Only the actions install and uninstall have a deadline. Leave the deadline out.',
      );
    case 'deadline-past':
      return new AdministrationError(
        'ADMINISTRATION_DEADLINE',
        `The deadline ${deadline?.toISOString()} is over: computers would install, and may restart, at their next contact.`,
      );
  }
}

/** The error that names the license terms that an administrator must accept. */
export async function licenseRefusal(
  store: Store,
  { title, updateId }: Pick<ListedRevision, 'title' | 'updateId'>,
  decided: DecidedUpdate,
  open: Awaited<ReturnType<typeof openTerms>>,
): Promise<AdministrationError> {
  const files = await filesOfTerms(store, decided, open);
  const where = files.length > 0 ? ` They are in ${files.slice(0, 5).join(', ')}.` : '';
  const ids = open.map(({ eulaId }) => eulaId).join(', ');
  return new AdministrationError(
    'ADMINISTRATION_LICENSE_TERMS',
    `"${title}" (${updateId}) has license terms that are not accepted (${ids}).${where} You accept them for all computers.`,
  );
}
