// One decision on all updates that a filter fits: an administrator saw a list and its count, and decides on the whole list.
// All rules are looked at before the first update changes. The changes are written in several transactions, so that
// computers that report meanwhile wait for none of them long.
import { setImmediate as breathe } from 'node:timers/promises';
import { objectionTo } from '@moult/catalog';
import type { Author, PagedUpdate, Store } from '@moult/store';
import { type Approval, findGroups, licenseRefusal, refusal } from './approvals.ts';
import { bulkBounds } from './bounds.ts';
import { acceptTerms, type DecidedUpdate, loadDecidedAll, openTerms } from './decided-update.ts';
import { AdministrationError } from './errors.ts';
import type { Administration } from './open-server.ts';
import { requireAutonomous } from './role.ts';
import { filterOf, type UpdateChoice } from './updates.ts';
import { publishedText } from './vendors/published-text.ts';

interface Matching {
  choice: UpdateChoice;
  /** How many updates the administrator saw. */
  expected: number;
  /** Leaves out updates that may not be decided on so, in place of refusing all. */
  skipRefused?: boolean | undefined;
}

interface BulkCourse {
  /** Called after each transaction. */
  onProgress?(done: number, of: number): void;
  /** Ends the work before the next transaction. Written decisions stay. */
  signal?: AbortSignal;
  limits?: typeof bulkBounds;
}

interface Refused {
  updateId: string;
  title: string;
  code: string;
  detail: string;
}

interface BulkResult {
  /** Updates that changed. */
  count: number;
  /** The first of those that were left out. */
  refused: Refused[];
  refusedCount: number;
  /** It was cancelled before the last of them. */
  isCut: boolean;
}

interface Allowed {
  updateId: string;
  terms: Awaited<ReturnType<typeof openTerms>>;
}

/**
 * Decides about all updates that the choice fits, as approveAll does. Throws AdministrationError SERVER_NOT_FOUND for a
 * group or category, and ADMINISTRATION_COUNT_MOVED if the choice fits another number of updates than `expected`. Also
 * throws ADMINISTRATION_SOME_REFUSED, and SERVER_REFUSED beyond `bulk.max-updates`.
 */
export async function approveMatching(
  administration: Administration,
  matching: Matching,
  approval: Omit<Approval, 'update'>,
  course: BulkCourse = {},
): Promise<BulkResult & { missingFiles: number }> {
  const { store, author } = administration;
  const { action, deadline } = approval;
  await requireAutonomous(administration);
  const groups = await findGroups(store, approval.groups ?? ['All Computers']);
  const found = await findMatching(administration, matching, course.limits);
  const looked = await lookAtAll(administration, found, approval);
  refuseSome(looked, found.length, matching);
  const { allowed, revisionIds, ...refused } = looked;
  // A group without a decision has none to withdraw.
  const decided = action === 'Inherit' ? await decisionsThere(store) : undefined;
  const written = await inTransactions(allowed, course, async (some) => {
    for (const { terms } of some) await acceptTerms(store, terms, author);
    const decisions = some.flatMap(({ updateId }) =>
      groups
        .filter(({ groupId }) => decided?.has(`${updateId} ${groupId}`) !== false)
        .map(({ groupId }) => ({ updateId, groupId, action, deadline })),
    );
    await store.deployAll(decisions, author);
  });
  const missingFiles = installs(action) ? (await store.findMissingFiles(revisionIds)).length : 0;
  return { ...written, ...refused, missingFiles };
}

/** Declines all updates that the choice fits, or removes their decline. Throws as approveMatching does. */
export async function declineMatching(
  administration: Administration,
  matching: Matching,
  isDeclined: boolean,
  course: BulkCourse = {},
): Promise<BulkResult> {
  await requireAutonomous(administration);
  const { store, author } = administration;
  const found = await findMatching(administration, matching, course.limits);
  const looked = isDeclined ? allOf(found) : await lookForExpired(store, found, author);
  refuseSome(looked, found.length, matching);
  const { allowed, revisionIds: _, ...refused } = looked;
  const written = await inTransactions(allowed, course, (some) =>
    store.setDeclinedAll(
      some.map(({ updateId }) => updateId),
      isDeclined,
      author,
    ),
  );
  return { ...written, ...refused };
}

async function findMatching(
  { store, author }: Administration,
  { choice, expected }: Matching,
  { maxUpdates } = bulkBounds,
): Promise<PagedUpdate[]> {
  const filter = await filterOf(store, choice, author.at);
  const { total } = await store.pageUpdates(filter, { limit: 1 });
  if (total > maxUpdates)
    throw new AdministrationError(
      'SERVER_REFUSED',
      `${total} updates are more than one decision may change (${maxUpdates}). Use a narrower filter.`,
      { count: total },
    );
  const { items } = total === expected ? await store.pageUpdates(filter, { limit: undefined }) : { items: [] };
  // Also what came or went between the two questions.
  const count = total === expected ? items.length : total;
  if (count === expected) return items;
  throw new AdministrationError(
    'ADMINISTRATION_COUNT_MOVED',
    `The filter fits ${count} updates now, and not ${expected}. Look at the list again, then repeat the decision.`,
    { count },
  );
}

interface Looked {
  allowed: Allowed[];
  /** Of all that is allowed, with what they bundle. */
  revisionIds: number[];
  refused: Refused[];
  refusedCount: number;
}

/** Nothing is written yet. */
async function lookAtAll(
  { store, author }: Administration,
  found: readonly PagedUpdate[],
  approval: Omit<Approval, 'update'>,
): Promise<Looked> {
  const { action, deadline, allowPastDeadline = false, acceptLicense = false } = approval;
  if (action === 'Inherit') return allOf(found);
  const unpublished = installs(action) ? await packagesWithoutFile(store) : new Set<string>();
  const wanted = { action, deadline, now: author.at, allowPastDeadline };
  const looked = allOf([]);
  for (let start = 0; start < found.length; start += bulkBounds.perTransaction) {
    const some = found.slice(start, start + bulkBounds.perTransaction);
    const decided = await loadDecidedAll(
      store,
      some.map(({ revisionId }) => revisionId),
    );
    for (const one of some) {
      const its = decided.get(one.revisionId);
      // Removed meanwhile.
      if (!its) continue;
      const terms = installs(action) ? await openTerms(store, its) : [];
      const why = await objectionOf(one, its, terms);
      if (why) addRefusal(looked, one, why);
      else {
        looked.allowed.push({ updateId: one.updateId, terms });
        looked.revisionIds.push(...its.revisionIds);
      }
    }
    await breathe();
  }
  return looked;

  async function objectionOf(one: PagedUpdate, its: DecidedUpdate, terms: Allowed['terms']) {
    const objection = objectionTo(its.update, its.members, wanted);
    if (objection) return refusal(store, one, objection, deadline);
    if (terms.length > 0 && !acceptLicense) return licenseRefusal(store, one, its, terms);
    return unpublished.has(one.updateId) ? notFetched(one) : undefined;
  }
}

function addRefusal(looked: Looked, { updateId, title }: PagedUpdate, { code, message }: AdministrationError): void {
  looked.refusedCount++;
  if (looked.refused.length < bulkBounds.refusalsNamed) looked.refused.push({ updateId, title, code, detail: message });
}

/** An update that its publisher expired stays declined. */
async function lookForExpired(store: Store, found: readonly PagedUpdate[], author: Author): Promise<Looked> {
  const looked = allOf([]);
  for (let start = 0; start < found.length; start += bulkBounds.perTransaction) {
    const some = found.slice(start, start + bulkBounds.perTransaction);
    const summaries = await store.loadSummaries(some.map(({ revisionId }) => revisionId));
    for (const one of some) {
      if (summaries.get(one.revisionId)?.isExpired)
        addRefusal(looked, one, await refusal(store, one, 'expired', author.at));
      else looked.allowed.push({ updateId: one.updateId, terms: [] });
    }
  }
  return looked;
}

function allOf(found: readonly PagedUpdate[]): Looked {
  const allowed = found.map(({ updateId }) => ({ updateId, terms: [] }));
  return { allowed, revisionIds: [], refused: [], refusedCount: 0 };
}

function refuseSome({ refused, refusedCount }: Looked, count: number, { skipRefused = false }: Matching): void {
  const [first] = refused;
  if (!first || skipRefused) return;
  throw new AdministrationError(
    'ADMINISTRATION_SOME_REFUSED',
    `${refusedCount} of ${count} updates cannot be decided on so, and none changed. The first: ${first.detail} Leave them out, or choose to skip them.`,
    { count: refusedCount },
  );
}

async function inTransactions(
  allowed: readonly Allowed[],
  { onProgress, signal }: BulkCourse,
  write: (some: readonly Allowed[]) => Promise<void>,
): Promise<{ count: number; isCut: boolean }> {
  let count = 0;
  for (; count < allowed.length && !signal?.aborted; await breathe()) {
    const some = allowed.slice(count, count + bulkBounds.perTransaction);
    await write(some);
    count += some.length;
    onProgress?.(count, allowed.length);
  }
  return { count, isCut: count < allowed.length };
}

/** Packages of vendors that were published for detection only: to install them, their file must be fetched first. */
async function packagesWithoutFile(store: Store): Promise<ReadonlySet<string>> {
  const packages = await store.listVendorPackages();
  const without = packages.filter(({ digest, publishedAs }) => publishedAs !== publishedText(digest, true));
  return new Set(without.map(({ packageId }) => packageId));
}

function notFetched({ title, updateId }: PagedUpdate): AdministrationError {
  return new AdministrationError(
    'SERVER_REFUSED',
    `"${title}" (${updateId}) is a package of a vendor without its file. Approve it by its name: then the file is fetched.`,
  );
}

async function decisionsThere(store: Store): Promise<ReadonlySet<string>> {
  return new Set((await store.loadDeployments()).map(({ updateId, groupId }) => `${updateId} ${groupId}`));
}

function installs(action: Approval['action']): boolean {
  return action === 'Install' || action === 'OptionalInstall';
}
