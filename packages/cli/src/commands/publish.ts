// moult publish: a vendor's or an operator's own update, from a YAML file to the catalog and the content store.
import { dirname, resolve } from 'node:path';
import { type PackedPublication, packPublication, publish } from '@moult/administration';
import { formatIdentity } from '@moult/catalog';
import { type Publication, parsePublication, publicationId } from '@moult/catalog/publication';
import { FolderTree } from '@moult/disk';
import { jsonText } from '@moult/formats/text';
import type { Command } from 'commander';
import { readNamedFile } from '../files/named-file.ts';
import { type AdministrationFlags, administer, requireServer, withLog, withServer } from '../server-options.ts';

interface PublishFlags extends AdministrationFlags {
  out?: string;
}

export function register(program: Command): void {
  withServer(program.command('publish'))
    .description('publish an update of your own from a YAML file (docs/catalog.md)')
    .argument('<file>', 'the publication')
    .option('--out <dir>', 'write documents and files to this folder instead of the catalog')
    .option('--json', 'print one JSON document')
    .action(runPublish);
}

async function runPublish(path: string, flags: PublishFlags): Promise<void> {
  const publication = parsePublication(readNamedFile(path).toString('utf8'));
  const pack = (server: Parameters<typeof packPublication>[1]['server']) =>
    packPublication(publication, { folder: dirname(resolve(path)), server, now: new Date() });
  const packed =
    flags.out === undefined
      ? await administer(flags, async (administration) => {
          const made = await pack(() => administration.server);
          await withLog(administration, (log) => publish(administration, publication, made, log));
          return made;
        })
      : await pack(() => requireServer(flags));
  if (flags.out !== undefined) writeOut(flags.out, publication, packed);
  const identity = { updateId: publicationId(publication), revisionNumber: publication.revision };
  if (flags.json) {
    const files = packed.payloads.map((payload) => ({ fileName: payload.fileName, sizeBytes: payload.bytes.length }));
    console.log(jsonText({ ...identity, title: publication.title, files }));
  } else console.log(`published ${formatIdentity(identity)} "${publication.title}"`);
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
