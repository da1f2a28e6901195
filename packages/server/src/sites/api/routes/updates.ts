// Operations on updates, and the decisions on them.
import {
  AdministrationError,
  approveMatching,
  countByGroup,
  declineAll,
  declineMatching,
  forecastApproval,
  listFilesOf,
  listUpdates,
  showRelations,
  showUpdate,
} from '@moult/administration';
import { isPartial, type Principal } from '@moult/administration/accounts';
import { stateOfUpdates } from '@moult/administration/requests';
import { approveWithPackages, type PackageReach } from '@moult/administration/vendors';
import { severities, updateSorts } from '@moult/store';
import * as z from 'zod';
import { route } from '../route.ts';
import { id, instant, listDocument, listQuery, order, pageOf, someText, whole, wholeOf } from '../shapes.ts';

/** As MS-WUSP calls them. Inherit withdraws the decision for a group. */
const action = z.enum(['Install', 'OptionalInstall', 'Uninstall', 'PreDeploymentCheck', 'Block', 'Inherit']);

const decision = z.looseObject({ groupId: id, group: z.string(), action: z.string(), deadline: instant.optional() });

const update = z.looseObject({
  updateId: id,
  revisionNumber: z.int(),
  title: z.string(),
  articles: z.array(z.string()),
  severity: z.string(),
  classification: z.string().optional(),
  products: z.array(z.string()),
  importedAt: instant,
  approval: z.enum(['approved', 'unapproved', 'declined']),
  isSuperseded: z.boolean(),
  isExpired: z.boolean().describe('Its publisher expired it: it cannot be approved'),
  needed: z.int().optional().describe('Not for an account that reaches some groups only'),
  failed: z.int().optional(),
  decisions: z.array(decision),
});

/** Which updates. */
const choiceFilters = {
  id: z.array(id).max(200).optional().describe('These alone'),
  search: someText().optional().describe('A part of the title'),
  kb: someText(32).optional().describe('Number of a KB article'),
  classification: someText().optional(),
  product: someText().optional(),
  severity: z
    .array(z.enum(severities as [string, ...string[]]))
    .max(5)
    .optional(),
  approval: z.enum(['approved', 'unapproved', 'declined']).optional(),
  group: someText().optional().describe('Approved for this group itself'),
  superseded: z.boolean().optional(),
  expired: z.boolean().optional().describe('Its publisher expired the newest revision'),
  needed: z.boolean().optional(),
  failed: z.boolean().optional(),
  newDays: z.int().min(1).max(36_500).optional().describe('Came within so many days'),
};

const topic = 'Updates';
const updates = z.array(someText()).min(1).max(200).describe('GUIDs, KB numbers, or titles or parts of them');
const decided = {
  404: 'An update or a group is not there',
  409: 'A rule of administration refuses it. No update changes',
};

const choiceShape = z.strictObject(choiceFilters);

/** As the rules take it. */
function choiceOf({
  id: updateIds,
  kb,
  severity,
  superseded,
  expired,
  needed,
  failed,
  ...rest
}: z.output<typeof choiceShape>) {
  return {
    ...{
      ...rest,
      updateIds: updateIds?.map((one) => one.toLowerCase()),
      article: kb,
      severities: severity as typeof severities | undefined,
    },
    ...{ isSuperseded: superseded, isExpired: expired, isNeeded: needed, isFailed: failed },
  };
}

/** Of a decision on all updates of a list. */
const matchingParts = {
  filter: choiceShape.describe('As in the list of updates'),
  expected: z
    .int()
    .min(0)
    .describe('`total` of the list that you saw. When the server counts another number, nothing changes'),
  skipRefused: z
    .boolean()
    .optional()
    .describe('Leave out updates that may not be decided on, in place of refusing all'),
};

const bulkAnswer = z.looseObject({
  count: z.int().describe('Updates that changed'),
  refusedCount: z.int().describe('Updates that were left out'),
  refused: z
    .array(z.looseObject({ updateId: id, title: z.string(), code: z.string(), detail: z.string() }))
    .describe('The first of them'),
  isCut: z.boolean().describe('It was cancelled before the last update'),
});

const bulkRefusals = {
  404: 'A group or a category is not there',
  409: 'The count moved, or an update may not be decided on so. No update changes',
};

/** An account that reaches some groups only names them, and accepts nothing for all computers. */
function requireOwn(
  principal: Principal | undefined,
  { groups, acceptLicense }: { groups?: readonly string[] | undefined; acceptLicense?: boolean | undefined },
): void {
  if (!principal || !isPartial(principal)) return;
  if (groups === undefined)
    throw new AdministrationError('SERVER_REFUSED', 'Your account reaches some groups only. Name the groups.');
  if (acceptLicense)
    throw new AdministrationError(
      'SERVER_REFUSED',
      'License terms are accepted for all computers. An administrator of the whole server accepts them.',
    );
}

const approvalParts = {
  groups: z.array(someText()).min(1).max(200).optional().describe('Names or ids. All Computers unless given'),
  action: action.default('Install'),
  deadline: z.iso.datetime({ offset: true }).optional(),
  allowPastDeadline: z.boolean().optional(),
  acceptLicense: z.boolean().optional().describe('Accept the license terms for all computers'),
};

export const updateRoutes = [
  route(['listUpdates', 'GET', '/updates', 'read', topic], {
    isForGroups: true,
    isList: true,
    summary: 'List updates with their decisions and the number of computers that need them',
    querySchema: listQuery({
      ...choiceFilters,
      sort: z.enum(updateSorts as [string, ...string[]]).default('title'),
      order,
    }),
    answer: pageOf(update),
    refusals: { 404: 'A group or category is not there', 409: 'The cursor is of another list' },
    async handle({ administration, query }) {
      const { sort, order: direction, format: _, limit, cursor, ...choice } = query;
      return listDocument(
        await listUpdates(administration, {
          ...{ ...choiceOf(choice), limit, cursor },
          ...{ sort: sort as (typeof updateSorts)[number], isDescending: direction === 'desc' },
        }),
      );
    },
  }),
  route(['showUpdate', 'GET', '/updates/{update}', 'read', topic], {
    isForGroups: true,
    summary: 'Show an update: decisions by group, and number of computers by state',
    pathSchema: z.object({ update: someText().describe('GUID, KB number, or title or a part of it') }),
    answer: z.looseObject({
      ...{ updateId: id, title: z.string(), isDeclined: z.boolean(), isExpired: z.boolean() },
      decisions: z.array(decision),
    }),
    refusals: { 404: 'The update is not there' },
    handle: ({ administration, path }) => showUpdate(administration, path.update),
  }),
  route(['countUpdateByGroup', 'GET', '/updates/{update}/groups', 'read', topic], {
    isForGroups: true,
    summary: 'Count the computers of each group that need an update, have it, or failed at it',
    pathSchema: z.object({ update: someText().describe('GUID, KB number, or title or a part of it') }),
    answer: wholeOf(
      z.looseObject({ groupId: id, group: z.string(), needed: z.int(), installed: z.int(), failed: z.int() }),
    ),
    refusals: { 404: 'The update is not there' },
    handle: async ({ administration, path }) => whole(await countByGroup(administration, path.update)),
  }),
  route(['showUpdateRelations', 'GET', '/updates/{update}/relations', 'read', topic], {
    isForGroups: true,
    summary: 'Show what an update supersedes, what supersedes it, its parts and its bundles',
    pathSchema: z.object({ update: someText().describe('GUID, KB number, or title or a part of it') }),
    answer: z.looseObject({
      updates: z
        .array(
          z.looseObject({
            ...{ updateId: id, title: z.string().describe('Empty for one that is not in the catalog') },
            ...{ isHere: z.boolean(), isDeclined: z.boolean(), isExpired: z.boolean() },
          }),
        )
        .describe('The update itself is the first one'),
      relations: z.array(z.looseObject({ kind: z.enum(['supersedes', 'bundles']), from: id, to: id })),
      isCut: z.boolean().describe('There are more updates than this. The far ones are left out'),
    }),
    refusals: { 404: 'The update is not there' },
    handle: async ({ administration, catalog, path }) =>
      showRelations(administration, (await catalog()).index, path.update),
  }),
  route(['listUpdateFiles', 'GET', '/updates/{update}/files', 'read', topic], {
    isForGroups: true,
    summary: 'List the files of an update and of what it bundles',
    pathSchema: z.object({ update: someText().describe('GUID, KB number, or title or a part of it') }),
    answer: wholeOf(
      z.looseObject({ sha1: z.string(), fileName: z.string(), sizeBytes: z.int(), isMissing: z.boolean() }),
    ),
    refusals: { 404: 'The update is not there' },
    handle: async ({ administration, path }) => whole(await listFilesOf(administration, path.update)),
  }),
  route(['previewApproval', 'GET', '/approvals/preview', 'read', topic], {
    isForGroups: true,
    summary: 'Show what an approval would do: computers, bytes, restarts. It changes nothing',
    querySchema: z.strictObject({
      update: updates,
      group: z.array(someText()).min(1).max(200).describe('Names or ids; groups inside of them count too'),
    }),
    answer: z.looseObject({
      computers: z.int(),
      updates: z.array(
        z.looseObject({
          ...{ updateId: id, title: z.string(), needing: z.int(), unknown: z.int() },
          ...{ downloadBytes: z.int(), missingBytes: z.int(), restart: z.enum(['never', 'can', 'always']) },
        }),
      ),
    }),
    refusals: { 404: 'An update or a group is not there' },
    handle: ({ administration, query: { update, group } }) =>
      forecastApproval(administration, { updates: update, groups: group }),
  }),
  route(['approveUpdates', 'POST', '/approvals', 'decide', topic], {
    twoPersons: ['approve'],
    target: ({ administration, body }) => stateOfUpdates(administration.store, body),
    isForGroups: true,
    summary:
      "Approve updates for groups, or change their approvals. Either all change or none. A vendor's package is fetched and published first",
    bodySchema: z.strictObject({
      updates,
      ...approvalParts,
      allowAll: z.boolean().optional().describe("Approve a vendor's package whose rules fit every computer"),
    }),
    answer: z.looseObject({
      items: z.array(z.looseObject({ updateId: id, title: z.string(), action: z.string() })),
      packages: z
        .array(z.looseObject({ packageId: id, title: z.string() }))
        .describe("Vendors' packages that were published first, and the computers that their rules fit"),
    }),
    refusals: decided,
    isLong: true,
    async handle({ administration, principal, log, body: { updates: named, deadline, allowAll, ...approval } }) {
      requireOwn(principal, approval);
      const when = deadline === undefined ? undefined : new Date(deadline);
      const packages: PackageReach[] = [];
      const { approved } = await approveWithPackages(
        administration,
        named,
        { ...approval, deadline: when },
        { withLog: (work) => work(log), allowAll, onReach: (found) => packages.push(...found) },
      );
      return { items: approved, packages };
    },
  }),
  route(['declineUpdates', 'POST', '/declines', 'decide', topic], {
    twoPersons: ['decline'],
    target: ({ administration, body: { updates: named } }) => stateOfUpdates(administration.store, { updates: named }),
    summary: 'Decline updates, or remove their decline. Either all change or none',
    bodySchema: z.strictObject({ updates, isDeclined: z.boolean().default(true) }),
    answer: z.looseObject({
      items: z.array(z.looseObject({ updateId: id, title: z.string(), isDeclined: z.boolean() })),
    }),
    refusals: decided,
    handle: async ({ administration, body }) => ({
      items: await declineAll(administration, body.updates, body.isDeclined),
    }),
  }),
  route(['approveMatchingUpdates', 'POST', '/bulk/approvals', 'decide', topic], {
    twoPersons: ['approve'],
    isForGroups: true,
    summary: 'Approve all updates of a list for groups, by the filter of the list and the count that you saw',
    bodySchema: z.strictObject({ ...matchingParts, ...approvalParts }),
    answer: bulkAnswer.extend({ missingFiles: z.int().describe('Files that are not on the server') }),
    refusals: bulkRefusals,
    isLong: true,
    async handle({
      administration,
      principal,
      course,
      body: { filter, expected, skipRefused, deadline, ...approval },
    }) {
      requireOwn(principal, approval);
      const matching = { choice: choiceOf(filter), expected, skipRefused };
      const when = deadline === undefined ? undefined : new Date(deadline);
      return approveMatching(administration, matching, { ...approval, deadline: when }, course);
    },
  }),
  route(['declineMatchingUpdates', 'POST', '/bulk/declines', 'decide', topic], {
    twoPersons: ['decline'],
    summary:
      'Decline all updates of a list, or remove their decline, by the filter of the list and the count that you saw',
    bodySchema: z.strictObject({ ...matchingParts, isDeclined: z.boolean().default(true) }),
    answer: bulkAnswer,
    refusals: bulkRefusals,
    isLong: true,
    handle({ administration, course, body: { filter, expected, skipRefused, isDeclined } }) {
      const matching = { choice: choiceOf(filter), expected, skipRefused };
      return declineMatching(administration, matching, isDeclined, course);
    },
  }),
];
