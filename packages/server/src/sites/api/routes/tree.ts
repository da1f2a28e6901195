// Operations on the self-update tree and on the signed list of agent releases.
import { join } from 'node:path';
import { findComputer, isThere } from '@moult/administration';
import { readOutside } from '@moult/disk';
import { readRelease } from '@moult/releases/metadata';
import {
  offlineRoles,
  pinReports,
  publishStaged,
  Repository,
  roleReports,
  targetReports,
  waitingLines,
  withoutPin,
  withPin,
} from '@moult/releases/repository';
import { pageOf as cutPage } from '@moult/store';
import { ServerError } from '@moult/store/errors';
import * as z from 'zod';
import { ApiError } from '../errors.ts';
import { wordsFor } from '../places.ts';
import { type Call, route } from '../route.ts';
import { instant, listDocument, listQuery, pageOf, serverAddress, someText, whole, wholeOf } from '../shapes.ts';

const topic = 'Agent releases';
const version = z
  .string()
  .max(64)
  .regex(/^(?:\d{1,9}:)?\d{1,9}(?:\.\d{1,9}){0,3}$/)
  .describe('As 7.9.0.2, or 1:7.9.0.2 for epoch 1');
const owner = {
  group: someText().optional().describe('A group by its name, or'),
  computer: someText().optional().describe('one computer: name, address or SusClientId'),
};
const changed = z.looseObject({
  isPublished: z.boolean(),
  waiting: z.array(z.string()).describe('What is missing before it can be published'),
});
const repositoryRefusals = { 409: 'There is no signed list, signatures are missing, or it cannot be so' };

export const treeRoutes = [
  route(['listTree', 'GET', '/tree', 'read', topic], {
    isList: true,
    summary: 'List the files of the self-update tree, and the agents that get them',
    querySchema: listQuery({}),
    answer: pageOf(
      z.looseObject({
        ...{ origin: z.enum(['moult', 'imported']), path: z.string(), sizeBytes: z.int(), sha256: z.string() },
        ...{ modified: z.string(), signature: z.string().optional(), signer: z.string().optional() },
        servedTo: z.enum(['all', 'moult-agents', 'other-agents', 'nobody']),
      }),
    ).extend({
      importedAt: instant.optional(),
      releases: z.array(
        z.looseObject({
          ...{ generation: z.string(), version: z.string(), sizeBytes: z.int(), signedAt: instant },
          ...{
            isNewest: z.boolean(),
            state: z.enum(['offered', 'waiting', 'recalled']),
            reason: z.string().optional(),
          },
        }),
      ),
    }),
    refusals: { 409: 'The cursor is of another list' },
    async handle({ administration: { server }, tree, query }) {
      const { files, ...about } = await tree.listTree(server.dataDir);
      return { ...listDocument(cutPage('tree', files, query, ({ origin, path }) => `${origin} ${path}`)), ...about };
    },
  }),
  route(['verifyTree', 'POST', '/tree/verify', 'read', topic], {
    summary: 'Check every file of the tree: present, unchanged, complete, signed',
    bodySchema: z.strictObject({}),
    answer: z.looseObject({
      checked: z.int(),
      problems: z.array(z.looseObject({ path: z.string(), code: z.string(), message: z.string() })),
      rootUnknown: z.array(z.string()),
      neverStarted: z.boolean(),
    }),
    isLong: true,
    async handle({ administration: { server, author }, principal, tree }) {
      const ca = join(server.dataDir, 'keys', 'operator-ca.cer.pem');
      const operatorCaPem = isThere(ca) ? readOutside(ca).toString('utf8') : undefined;
      const trusted = { operatorCaPem, trustedCertificatesPem: [], now: author.at };
      const { problems, ...about } = await tree.verifyTree(server.dataDir, trusted);
      const shown = wordsFor(principal, server);
      const told = problems.map((one) => ({ ...one, path: shown(one.path), message: shown(one.message) }));
      return { ...about, problems: told };
    },
  }),
  route(['offerRelease', 'POST', '/tree/offers', 'administer', topic], {
    twoPersons: ['release'],
    summary: 'Offer a release that waits to agents',
    bodySchema: z.strictObject({ version: someText(64) }),
    answer: wholeOf(z.looseObject({ kind: z.string(), version: z.string() })),
    refusals: { 404: 'No release has this version' },
    async handle({ administration: { server, store, author }, tree, body }) {
      const offered = await tree.offerRelease(server.dataDir, body.version, author.at);
      await store.recordChange(author, { action: 'offer release', subject: body.version, after: offered });
      return whole(offered);
    },
  }),
  route(['clearTree', 'DELETE', '/tree/imported', 'administer', topic], {
    twoPersons: ['release'],
    summary: 'Remove all imported files. The tree has those of Moult then',
    answer: z.looseObject({ removed: z.int() }),
    async handle({ administration: { server, store, author }, tree }) {
      const removed = await tree.clearImportedTree(server.dataDir, author.at);
      await store.recordChange(author, { action: 'clear imported tree', subject: 'tree', after: { removed } });
      return { removed };
    },
  }),
  route(['listReleases', 'GET', '/releases', 'read', topic], {
    isList: true,
    summary: 'List the releases and updates of the signed list, and the pins of groups and computers',
    querySchema: listQuery({}),
    answer: pageOf(
      z.looseObject({
        ...{ role: z.string(), path: z.string(), length: z.int(), sha256: z.string().optional(), what: z.string() },
        ...{ recalled: z.string().optional().describe('Why'), staged: z.boolean().describe('It is not published yet') },
      }),
    ).extend({ pins: z.array(z.looseObject({ who: z.string(), version: z.string() })) }),
    refusals: repositoryRefusals,
    async handle({ administration: { server }, query }) {
      const repository = repositoryOf(server);
      const page = cutPage('targets', targetReports(repository), query, ({ path }) => path);
      return { ...listDocument(page), pins: pinReports(repository) };
    },
  }),
  route(['readSigning', 'GET', '/releases/roles', 'read', topic], {
    summary: 'Show the roles of the signed metadata: keys, threshold, end of validity, and missing signatures',
    answer: wholeOf(
      z.looseObject({
        ...{
          role: z.string(),
          version: z.int().optional(),
          expires: z.string().optional(),
          level: z.string().optional(),
        },
        ...{ daysLeft: z.number().optional(), threshold: z.int() },
        keys: z.array(z.looseObject({ keyid: z.string(), owner: z.string() })),
      }),
    ).extend({ waiting: z.array(z.string()) }),
    refusals: repositoryRefusals,
    async handle({ administration: { server, author } }) {
      const repository = repositoryOf(server);
      const roles = roleReports(repository, author.at).map(({ staged, ...role }) => ({
        ...role,
        staged: withoutFile(staged),
      }));
      return { ...whole(roles), waiting: waitingLines(repository) };
    },
  }),
  route(['readInstallLine', 'GET', '/releases/install-line', 'read', topic], {
    summary: 'Show the lines that install the agent on a client, and the root that it trusts then',
    querySchema: z.strictObject({
      server: serverAddress.optional().describe('As clients call it. Default: the public address of the server'),
      group: someText()
        .refine((text) => !/\p{Cc}/u.test(text), 'It must not contain control characters.')
        .optional()
        .describe('Target group of the clients'),
    }),
    answer: z.looseObject({
      server: z.string(),
      publicUrl: z.string().optional().describe('The public address of the server, if it has one'),
      linux: z.string().optional().describe('For a shell. Absent: there is no installer for Linux'),
      windows: z.string().optional().describe('For PowerShell. Absent: there is no installer for Windows'),
      trustRoot: z.string().optional().describe('SHA-256. Absent: no installers were made'),
      bundles: z.array(z.looseObject({ platform: z.string(), sizeBytes: z.int(), sha256: z.string() })),
    }),
    refusals: { 409: 'No server is named, and the server has no public address' },
    async handle({ administration: { server: own }, tree, query: { server: named, group } }) {
      const { publicUrl } = own.config;
      // Not the header Host: whoever asks chooses that.
      const server = named ?? publicUrl;
      if (server !== undefined) return { server, publicUrl, ...tree.readInstallLines(own.dataDir, { server, group }) };
      throw new ServerError('SERVER_REFUSED', 'Name the server as its clients call it, or set --public-url.');
    },
  }),
  route(['recallRelease', 'POST', '/releases/recalls', 'administer', topic], {
    summary: 'Recall a release: no computer installs it any more',
    bodySchema: z.strictObject({
      path: someText(1024).describe('From the list of releases'),
      reason: someText(1000).describe('One line. Computers show it'),
      replacement: version.optional().describe('For computers that run the release'),
    }),
    answer: changed,
    refusals: { 404: 'The release is not listed', ...repositoryRefusals },
    async handle(call) {
      const { path, reason, replacement } = call.body;
      const recall = { at: call.administration.author.at.toISOString(), reason };
      const instead = replacement === undefined ? {} : { replacement: versionOf(replacement) };
      return change(call, { action: 'recall release', subject: path, after: call.body }, (repository, now) =>
        repository.recall(path, { ...recall, ...instead }, now),
      );
    },
  }),
  route(['pinRelease', 'POST', '/releases/pins', 'administer', topic], {
    twoPersons: ['release'],
    summary: 'Give a group or a computer this version in place of the newest',
    bodySchema: z.strictObject({ version, ...owner }),
    answer: changed,
    refusals: { 404: 'The release or the computer is not there', ...repositoryRefusals },
    async handle(call) {
      const pin = { ...(await ownerOf(call, call.body)), ...versionOf(call.body.version) };
      return change(call, { action: 'pin release', subject: call.body.version, after: pin }, (repository, now) =>
        repository.changeAgent((signed) => withPin(signed, pin), now),
      );
    },
  }),
  route(['unpinRelease', 'DELETE', '/releases/pins', 'administer', topic], {
    twoPersons: ['release'],
    summary: 'Remove a pin: the group or computer gets the newest release again',
    querySchema: z.strictObject(owner),
    answer: changed,
    refusals: { 404: 'There is no such pin, or no such computer', ...repositoryRefusals },
    async handle(call) {
      const pinned = await ownerOf(call, call.query);
      return change(
        call,
        { action: 'unpin release', subject: Object.values(pinned).join(), after: pinned },
        (one, now) => one.changeAgent((signed) => withoutPin(signed, pinned), now),
      );
    },
  }),
  route(['publishReleases', 'POST', '/releases/publish', 'administer', topic], {
    twoPersons: ['release'],
    summary: 'Publish the signed files that wait, with the keys that are on the server',
    bodySchema: z.strictObject({ renew: z.boolean().default(false).describe('Give every role a new end of validity') }),
    answer: z.looseObject({ roles: z.array(z.string()) }),
    refusals: repositoryRefusals,
    async handle({ administration: { server, store, author }, body }) {
      const repository = repositoryOf(server);
      if (body.renew) for (const role of offlineRoles) repository.renew(role, author.at);
      repository.signWithOwnKeys();
      const { roles } = repository.publish(author.at);
      const done = { action: 'publish release metadata', subject: 'trust', after: { ...body, roles } };
      await store.recordChange(author, done);
      return { roles };
    },
  }),
];

type AnyCall = Call<unknown, unknown, unknown>;

function repositoryOf({ dataDir }: { dataDir: string }): Repository {
  return new Repository(join(dataDir, 'trust'));
}

/** Without its place on the disk. */
function withoutFile<Staged extends { file: string }>(staged: Staged | undefined): Omit<Staged, 'file'> | undefined {
  if (!staged) return undefined;
  const { file: _, ...rest } = staged;
  return rest;
}

/** Stages a change of the role of agents. It is published alone when the keys on the server are enough. */
async function change(
  { administration: { server, store, author } }: AnyCall,
  record: { action: string; subject: string; after: unknown },
  edit: (repository: Repository, now: Date) => void,
) {
  const repository = repositoryOf(server);
  // Changes that were staged before are not published along with it.
  const isAlone = !repository.state().staged.targets.has('agent');
  edit(repository, author.at);
  repository.signWithOwnKeys();
  const isPublished = isAlone && publishStaged(repository, 'agent', author.at);
  await store.recordChange(author, record);
  return { isPublished, waiting: waitingLines(repository) };
}

function versionOf(text: string) {
  const found = readRelease(text);
  if (found) return found;
  throw new ApiError('API_BAD_REQUEST', `"${text}" is not a version. Write 7.9.0.2, or 1:7.9.0.2 for epoch 1.`);
}

async function ownerOf(
  { administration: { store } }: AnyCall,
  { group, computer }: { group?: string | undefined; computer?: string | undefined },
) {
  if (group !== undefined && computer === undefined) return { group };
  if (computer === undefined || group !== undefined)
    throw new ApiError('API_BAD_REQUEST', 'Name a group or a computer, and not both.');
  return { computer: (await findComputer(store, computer)).computerId };
}
