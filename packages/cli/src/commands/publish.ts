// moult publish: reads a YAML file or a winget manifest, and publishes an update of a vendor or of the operator. The
// update goes to the catalog, and its files to the content store.
import { dirname, resolve } from 'node:path';
import type { Administration } from '@moult/administration';
import { type PackedPublication, packPublication, publish } from '@moult/administration/publications';
import { packWinget, reachError, reachesAll, reachOfDocument } from '@moult/administration/vendors';
import { formatIdentity } from '@moult/catalog';
import { type Publication, parsePublication, publicationId } from '@moult/catalog/publication';
import type { Reach } from '@moult/catalog/reach';
import { FolderTree } from '@moult/disk';
import { jsonText, visibleText } from '@moult/formats/text';
import { type Command, Option } from 'commander';
import { readNamedFile } from '../files/named-file.ts';
import { readWingetFiles } from '../files/winget-files.ts';
import { reachLine } from '../reach-line.ts';
import { type AdministrationFlags, withServer } from '../server-flags.ts';
import { administer, type FoundServer, requireServer, withLog } from '../server-options.ts';
import { UsageError } from '../terminal.ts';

interface PublishFlags extends AdministrationFlags {
  out?: string;
  winget?: string;
  architecture?: string;
  newInstallations?: true;
  installer?: string;
  allowPrivate?: true;
  yesAll?: true;
}

export function register(program: Command): void {
  withServer(program.command('publish'))
    .description('publish an update of your own from a YAML file (docs/catalog.md) or a winget manifest')
    .argument('[file]', 'the publication')
    .option('--winget <file>', 'publish this winget manifest, or the folder of a version')
    .addOption(
      new Option('--architecture <name>', 'with --winget: the installer for this architecture').choices([
        ...['x64', 'x86', 'arm64', 'arm', 'neutral'],
      ]),
    )
    .option('--new-installations', 'with --winget: also for computers without the program')
    .option('--installer <file>', 'with --winget: take the installer from this file')
    .option('--allow-private', 'with --winget: allow an address of a private network for the installer')
    .option('--yes-all', 'publish an update whose rules fit every computer')
    .option('--out <dir>', 'write documents and files to this folder instead of the catalog')
    .option('--json', 'print one JSON document')
    .action(runPublish);
}

interface Made {
  publication: Publication;
  packed: PackedPublication;
  notes: string[];
}

async function runPublish(path: string | undefined, flags: PublishFlags): Promise<void> {
  const make = maker(path, flags);
  if (flags.out !== undefined) {
    const made = await make(() => requireServer(flags));
    writeOut(flags.out, made.publication, made.packed);
    return tell(made, undefined, flags);
  }
  await administer(flags, async (administration) => {
    const made = await make(() => administration.server);
    const reach = await requireReach(administration, made, flags);
    await withLog(administration, (log) => publish(administration, made.publication, made.packed, log));
    tell(made, reach, flags);
  });
}

/** The server is asked for only when something is signed. */
function maker(path: string | undefined, flags: PublishFlags): (server: () => FoundServer) => Promise<Made> {
  if ((path === undefined) === (flags.winget === undefined))
    throw new UsageError('Give the file of a publication, or --winget with a manifest.');
  const now = new Date();
  if (path !== undefined) {
    const publication = parsePublication(readNamedFile(path).toString('utf8'));
    return async (server) => ({
      publication,
      packed: await packPublication(publication, { folder: dirname(resolve(path)), server, now }),
      notes: [],
    });
  }
  const { architecture, newInstallations, installer, allowPrivate, winget = '' } = flags;
  const yamls = readWingetFiles(winget);
  return (server) =>
    packWinget(yamls, { architecture, newInstallations, installer, allowPrivate }, { server: server(), now });
}

/** Shows the reach before anything is published. Throws ADMINISTRATION_REACHES_ALL. */
async function requireReach({ store }: Administration, made: Made, flags: PublishFlags): Promise<Reach> {
  const reach = reachOfDocument(made.packed.documents.at(-1) ?? '', await store.readSystems());
  if (!flags.json) console.log(`"${visibleText(made.publication.title)}" ${visibleText(reachLine(reach))}.`);
  // On a server without computers nothing is reached yet.
  if (reach.computers > 0 && reachesAll(reach) && !flags.yesAll) throw reachError(made.publication.title, reach);
  return reach;
}

function tell({ publication, packed, notes }: Made, reach: Reach | undefined, flags: PublishFlags): void {
  const identity = { updateId: publicationId(publication), revisionNumber: publication.revision };
  if (flags.json) {
    const files = packed.payloads.map((payload) => ({ fileName: payload.fileName, sizeBytes: payload.bytes.length }));
    console.log(jsonText({ ...identity, title: publication.title, files, reach, notes }));
    return;
  }
  for (const note of notes) console.log(visibleText(note));
  console.log(visibleText(`published ${formatIdentity(identity)} "${publication.title}"`));
}

function writeOut(folder: string, publication: Publication, { documents, payloads }: PackedPublication): void {
  const tree = new FolderTree(folder);
  try {
    for (const [at, xml] of documents.entries()) {
      tree.write(`${publicationId(publication)}-${publication.revision}-${at + 1}.xml`, Buffer.from(xml));
    }
    for (const { fileName, bytes } of payloads) tree.write(fileName, bytes);
  } finally {
    tree.close();
  }
}
