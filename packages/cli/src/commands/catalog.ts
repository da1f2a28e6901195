// moult catalog: update metadata in, and a look at what is there and at what clients get of it.

import { importUpdates, readDocuments } from '@moult/administration/imports';
import {
  CatalogError,
  deriveCore,
  deriveEula,
  deriveExtended,
  deriveFileUrl,
  deriveLocalized,
  evaluateApplicability,
  readRecordedFacts,
  type UpdateDocument,
  type Verdict,
} from '@moult/catalog';
import { jsonText, visibleLines } from '@moult/formats/text';
import { type ListedRevision, limitHeapGrowth } from '@moult/store';
import { type Command, Option } from 'commander';
import { toJson, toLines } from '../describe-update.ts';
import { readNamedFile } from '../files/named-file.ts';
import { findDocument } from '../find-documents.ts';
import { foundNothing, importProgress, printImport } from '../import-report.ts';
import { type Column, type ListFlags, pageOfAll, showList, withList } from '../lists.ts';
import { endProgressLine } from '../progress-line.ts';
import { type ServerOptions, withServer } from '../server-flags.ts';
import { administer } from '../server-options.ts';
import { exitCode, paint } from '../terminal.ts';
import { registerVendors } from './catalog-vendors.ts';
import { registerWaiting } from './catalog-waiting.ts';

interface JsonFlag {
  json?: boolean;
}

interface FromFlag {
  from?: string[];
}

const kinds = ['core', 'extended', 'localized', 'eula', 'fileurl'] as const;

interface FragmentFlags extends ServerOptions, FromFlag {
  kind: (typeof kinds)[number];
  locale: string;
  geoId?: string;
  contentUrl: string;
  raw?: boolean;
}

interface CatalogFlags extends ServerOptions, ListFlags {
  type?: string;
  search?: string;
}

const updateWords = 'GUID, GUID@REVISION, KB number, or title or a part of it';

export function register(program: Command): void {
  const catalog = program.command('catalog').description('import, list and show update metadata');
  const json = () => new Option('--json', 'print one JSON document');
  const from = () => new Option('--from <paths...>', 'read these files or folders instead of the catalog');
  withServer(catalog.command('import'))
    .description('import update documents, WSUS export packages, offline scan files and .msu files')
    .argument('<paths...>', 'files or folders. - is standard input')
    .addOption(json())
    .action(importPaths);
  withList(withServer(catalog.command('list')), { limit: 1000, columns })
    .description('list every revision in the catalog. "moult updates list" shows updates that you can approve')
    .addOption(
      new Option('--type <type>', 'only revisions of this kind').choices([
        'Software',
        'Driver',
        'Category',
        'Detectoid',
      ]),
    )
    .option('--search <text>', 'only revisions with this text in title or id')
    .addOption(json())
    .action(list);
  registerWaiting(catalog);
  registerVendors(catalog);
  withServer(catalog.command('show'))
    .description('show one update')
    .argument('<update>', updateWords)
    .addOption(from())
    .addOption(json())
    .action(show);
  withServer(catalog.command('fragment'))
    .description('print a fragment as clients get it')
    .argument('<update>', updateWords)
    .addOption(new Option('--kind <kind>', 'kind of fragment').choices([...kinds]).makeOptionMandatory())
    .option('--locale <tag>', 'language of localized and eula fragments', 'en')
    .option('--geo-id <region>', 'region of the eula fragment, as DEU')
    .option('--content-url <url>', 'address in front of the paths of fileurl', '')
    .option('--raw', 'the fragment alone, without a line end')
    .addOption(from())
    .action(fragment);
  withServer(catalog.command('evaluate'))
    .description('evaluate the rules of an update with the recorded facts of a machine')
    .argument('<update>', updateWords)
    .requiredOption('--facts <file>', 'JSON with the facts of the machine (docs/catalog.md)')
    .addOption(from())
    .addOption(json())
    .action(evaluate);
}

async function importPaths(paths: string[], flags: ServerOptions & JsonFlag): Promise<void> {
  limitHeapGrowth({ isSmall: true });
  const report = await administer(flags, (administration) =>
    importUpdates(administration, readDocuments(paths, process.stdin), importProgress()),
  );
  endProgressLine();
  if (flags.json) console.log(jsonText(report));
  else printImport(report);
  if (report.refused > 0 || foundNothing(report)) process.exitCode = exitCode.findings;
}

const columns: readonly Column<ListedRevision>[] = [
  { name: 'id', cell: (one) => `${one.updateId}@${one.revisionNumber}` },
  { name: 'kind', cell: (one) => one.categoryType ?? one.updateType },
  { name: 'declined', cell: (one) => (one.isDeclined ? 'yes' : '') },
  { name: 'expired', cell: (one) => (one.isExpired ? 'yes' : '') },
  { name: 'imported', cell: (one) => one.importedAt, isExtra: true },
  { name: 'bytes', cell: (one) => one.documentBytes, isExtra: true },
  { name: 'title', cell: (one) => one.title },
];

async function list({ type, search, ...flags }: CatalogFlags): Promise<void> {
  const wanted = search?.toLowerCase();
  const matches = ({ updateType, title, updateId }: ListedRevision) =>
    (type === undefined || updateType === type) &&
    (wanted === undefined || title.toLowerCase().includes(wanted) || updateId.includes(wanted));
  const found = await administer(flags, async ({ store }) => {
    const revisions: ListedRevision[] = [];
    const pageSize = 5000;
    for (let after = 0; ; ) {
      const page = await store.listRevisions(after, pageSize);
      revisions.push(...page.filter(matches));
      if (page.length < pageSize) return revisions;
      after = page.at(-1)?.revisionId ?? after;
    }
  });
  const page = pageOfAll('revisions', found, flags, ({ revisionId }) => String(revisionId));
  showList(page, flags, columns, ['revision', 'revisions']);
}

async function show(id: string, flags: ServerOptions & JsonFlag & FromFlag): Promise<void> {
  const { document } = await findDocument(id, flags);
  if (flags.json) console.log(jsonText(toJson(document)));
  else console.log(toLines(document).join('\n'));
}

async function fragment(id: string, flags: FragmentFlags): Promise<void> {
  const { document } = await findDocument(id, flags);
  const text = derive(document, flags);
  if (text === undefined) throw new CatalogError('CATALOG_NOT_FOUND', `Update ${id} has no ${flags.kind} fragment.`);
  // A file gets the very bytes. A person sees what is in them.
  const shown = process.stdout.isTTY ? visibleLines(text) : text;
  process.stdout.write(flags.raw ? shown : `${shown}\n`);
}

async function evaluate(id: string, flags: ServerOptions & JsonFlag & FromFlag & { facts: string }): Promise<void> {
  const { document } = await findDocument(id, flags);
  const facts = readRecordedFacts(readNamedFile(flags.facts).toString('utf8'));
  const result = evaluateApplicability(document, facts);
  if (flags.json) console.log(jsonText(result));
  else
    console.log(
      [`${paint('bold', result.kind)}: ${result.because.says}`, ...verdictLines(result.verdicts, '  ')].join('\n'),
    );
}

function verdictLines(verdicts: readonly Verdict[], indent: string): string[] {
  return verdicts.flatMap(({ path, value, says, children }) => {
    const mark = value === undefined ? '?' : value ? '+' : '-';
    const name = path.slice(path.lastIndexOf('/') + 1);
    return [`${indent}${mark} ${name}: ${says}`, ...verdictLines(children, `${indent}  `)];
  });
}

function derive(document: UpdateDocument, { kind, locale, geoId, contentUrl }: FragmentFlags): string | undefined {
  switch (kind) {
    case 'core':
      return deriveCore(document);
    case 'extended':
      return deriveExtended(document);
    case 'localized':
      return deriveLocalized(document, locale);
    case 'eula':
      return deriveEula(document, locale, geoId);
    case 'fileurl':
      return deriveFileUrl(document, contentUrl);
  }
}
