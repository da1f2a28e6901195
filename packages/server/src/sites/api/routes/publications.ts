// Operations that publish updates of the operator, and that make groups and rules as files say.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Administration } from '@moult/administration';
import { applyDocuments } from '@moult/administration/apply';
import { type PackedPublication, packPublication, publish } from '@moult/administration/publications';
import { inWorkingFolder, packWinget, reachError, reachesAll, reachOfDocument } from '@moult/administration/vendors';
import { type Publication, parsePublication, publicationId } from '@moult/catalog/publication';
import type { Log } from '@moult/store';
import * as z from 'zod';
import { ApiError, onInput } from '../errors.ts';
import { route } from '../route.ts';
import { id, whole, wholeOf } from '../shapes.ts';

const yaml = z.string().min(1).max(262_144);
const allowAll = z.boolean().optional().describe('Publish an update whose rules fit every computer');
const published = z.looseObject({
  ...{ updateId: id, revisionNumber: z.int(), title: z.string(), notes: z.array(z.string()) },
  files: z.array(z.looseObject({ fileName: z.string(), sizeBytes: z.int() })),
  reach: z.looseObject({ computers: z.int() }),
});
const refusals = { 409: 'It cannot be read, its file cannot be had, the revision is there, or it fits every computer' };
const topic = 'Catalogs';

export const publicationRoutes = [
  route(['publishUpdate', 'POST', '/publications', 'administer', topic], {
    twoPersons: ['publish', 'approve'],
    status: 201,
    summary: 'Publish an update of your own. Computers get it after you approve it',
    bodySchema: z.strictObject({
      publication: yaml.describe('The YAML text of the publication, as docs/catalog.md has it'),
      files: z
        .array(
          z.strictObject({
            name: z
              .string()
              .max(128)
              .regex(/^[\w(][\w .()+-]*$/),
            base64: z.base64(),
          }),
        )
        .max(50)
        .default([])
        .describe('The files that it names'),
      allowAll,
    }),
    takesFiles: true,
    answer: published,
    refusals,
    handle: ({ administration, log, body: { publication: text, files, allowAll: all } }) =>
      onInput(async () => {
        const publication = parsePublication(text);
        const { server, author } = administration;
        const packed = await inWorkingFolder(server.dataDir, author.at, async (folder) => {
          for (const { name, base64 } of files) await writeNew(join(folder, name), Buffer.from(base64, 'base64'));
          return packPublication(publication, { folder, server: () => server, now: author.at });
        });
        return publishPacked(administration, { publication, packed, notes: [] }, { log, allowAll: all });
      }),
  }),
  route(['publishWinget', 'POST', '/publications/winget', 'administer', topic], {
    twoPersons: ['publish', 'approve'],
    status: 201,
    summary: 'Publish an update from a winget manifest. The server fetches and checks its installer',
    bodySchema: z.strictObject({
      manifests: z.array(yaml).min(1).max(50).describe('The YAML texts of one version'),
      architecture: z.enum(['x64', 'x86', 'arm64', 'arm', 'neutral']).optional(),
      newInstallations: z.literal(true).optional().describe('Also for computers without the program'),
      allowPrivate: z.boolean().optional().describe('Allow an address of a private network for the installer'),
      allowAll,
    }),
    takesFiles: true,
    answer: published,
    refusals,
    isLong: true,
    handle: ({ administration, log, body: { manifests, allowAll: all, ...options } }) =>
      onInput(async () => {
        const { server, author } = administration;
        const made = await packWinget(manifests, options, { server, now: author.at });
        return publishPacked(administration, made, { log, allowAll: all });
      }),
  }),
  route(['applyDefinitions', 'POST', '/apply', 'administer', 'Rules'], {
    twoPersons: ['rule', 'approve', 'decline'],
    isTrial: ({ body }) => body.dryRun,
    summary: 'Make groups and rules as documents say. A second time changes nothing',
    bodySchema: z.strictObject({
      documents: z.array(z.looseObject({})).min(1).max(1000).describe('As the files of moult apply'),
      dryRun: z.boolean().default(false),
      prune: z.boolean().default(false).describe('Remove rules that no document names'),
    }),
    answer: wholeOf(z.looseObject({ what: z.string(), name: z.string(), says: z.string() })),
    refusals: { 409: 'A document says something impossible. Nothing changes' },
    handle: async ({ administration, body: { documents, dryRun, prune } }) =>
      whole(await applyDocuments(administration, documents, { isDryRun: dryRun, isPruning: prune })),
  }),
];

interface Made {
  publication: Publication;
  packed: PackedPublication;
  notes: string[];
}

async function publishPacked(
  administration: Administration,
  { publication, packed, notes }: Made,
  { log, allowAll: all }: { log: Log; allowAll: boolean | undefined },
) {
  const reach = reachOfDocument(packed.documents.at(-1) ?? '', await administration.store.readSystems());
  // On a server without computers nothing is reached yet.
  if (reach.computers > 0 && reachesAll(reach) && !all) throw reachError(publication.title, reach);
  await publish(administration, publication, packed, log);
  const files = packed.payloads.map(({ fileName, bytes }) => ({ fileName, sizeBytes: bytes.length }));
  const { title, revision: revisionNumber } = publication;
  return { updateId: publicationId(publication), revisionNumber, title, files, reach, notes };
}

async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new ApiError('API_BAD_REQUEST', 'Two files have the same name.');
  }
}
