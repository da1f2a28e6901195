// moult import: a bundle of another network, the reports of a closed network, or packages and offline scan files.
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type ImportedBundle, importBundle, importReports, type ReportedNetwork } from '@moult/administration/bundles';
import { type ImportedScan, importOfflineScan } from '@moult/administration/imports';
import { counted, visibleText } from '@moult/formats/text';
import { type KeptAsItWas, limitHeapGrowth } from '@moult/store';
import type { Command } from 'commander';
import { foundNothing, importProgress, printImport } from '../import-report.ts';
import { present } from '../output.ts';
import { endProgressLine, progressLine } from '../progress-line.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { administer, withLog } from '../server-options.ts';
import { exitCode, UsageError } from '../terminal.ts';

interface ImportFlags extends AdministrationFlags {
  trust?: string;
  dryRun?: true;
}

export function register(program: Command): void {
  withServerOptions(
    program.command('import').argument('<path>', 'folder of "moult export", file of reports, or wsusscn2.cab'),
  )
    .description(
      'import the bundle of another network, reports of a closed network, or an offline scan file. Repeat it after a break',
    )
    .option(
      '--trust <sha256>',
      'SHA-256 of the authority of another operator, for its first import. Of wsusscn2.cab: of the signer',
    )
    .option('--dry-run', 'check everything, and show the changes. Nothing is changed')
    .action(run);
}

async function run(path: string, flags: ImportFlags): Promise<void> {
  limitHeapGrowth({ isSmall: true });
  const source = resolve(path);
  const { trust, dryRun: isDryRun = false } = flags;
  if (isFolder(source)) {
    const imported = await administer(flags, (administration) =>
      withLog(administration, (log) =>
        importBundle(administration, source, { trust, isDryRun, log, onProgress: progressLine(wordOf) }),
      ),
    );
    endProgressLine();
    return present(imported, flags, bundleLines);
  }
  if (/\.cab$/i.test(source)) {
    if (isDryRun) throw new UsageError('An offline scan file has no --dry-run.');
    const scan = await administer(flags, (administration) =>
      importOfflineScan(administration, source, importProgress(), { signedBy: trust }),
    );
    endProgressLine();
    if (scan) return showScan(scan, flags);
  }
  if (/\.(?:cab|gz|msu|xml)$/i.test(source))
    throw new UsageError(`"moult catalog import" imports packages and update metadata: moult catalog import ${path}`);
  const network = await administer(flags, (administration) =>
    importReports(administration, source, { trust, isDryRun }),
  );
  present(network, flags, reportLines);
}

/** As "moult catalog import" shows its results and ends. */
function showScan(scan: ImportedScan, flags: ImportFlags): void {
  const { report } = scan;
  if (!flags.json) printImport(report);
  present(scan, flags, scanLines);
  if (report.refused > 0 || foundNothing(report)) process.exitCode = exitCode.findings;
}

function scanLines({ updates, sources, refusedSources, compared, ...told }: ImportedScan): string[] {
  const { differences, differencesInAll, signer } = told;
  return [
    signer
      ? `The file is as ${visibleText(signer.subject)} signed it (SHA-256 ${signer.sha256}).`
      : 'The file is not signed: nothing shows who made it.',
    `${counted(updates, 'update')} in the list of the file.`,
    `${counted(sources, 'address', 'addresses')} of files known, ${refusedSources} refused.`,
    ...differences
      .slice(0, shown)
      .flatMap(({ updateId, onlyInFile, onlyInCatalog }) => [
        ...onlyInFile.map((by) => `${updateId} is superseded by ${by} in the file alone`),
        ...onlyInCatalog.map((by) => `${updateId} is superseded by ${by} in the catalog alone`),
      ]),
    `Supersedence of ${counted(compared, 'update')} compared: ${differencesInAll} differ.`,
  ];
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function bundleLines(imported: ImportedBundle): string[] {
  const { isDryRun, documents, files, missing, deadlinesOver, decisions, kept, keptInAll } = imported;
  const { keys, withoutKey } = imported;
  const { groupsAdded, groupsChanged, groupsRemoved, decided, takenBack, declined, reinstated } = decisions;
  const groups = (names: readonly string[], what: string) =>
    names.length === 0 ? [] : [`${what}: ${names.map(visibleText).join(', ')}`];
  return [
    ...groups(groupsAdded, 'groups added'),
    ...groups(groupsChanged, 'groups changed'),
    ...groups(groupsRemoved, 'groups removed'),
    ...kept.slice(0, shown).map(keptLine),
    ...(keptInAll > shown ? [`${keptInAll - shown} more stay as they are. --json names them.`] : []),
    ...(missing > 0 ? [`${counted(missing, 'file')} of approved updates not in the bundle: ${outside}.`] : []),
    ...(keys > 0 ? [`${counted(keys, 'key')} of encrypted files.`] : []),
    ...(withoutKey > 0 ? [`Keys of ${counted(withoutKey, 'encrypted file')} not in the bundle.`] : []),
    ...(deadlinesOver > 0
      ? [`${counted(deadlinesOver, 'approval')} with a deadline that is over: computers install at their next contact.`]
      : []),
    `${counted(documents.new, 'new revision')}, ${documents.unchanged} known. ${counted(files.new, 'new file')} (${files.bytes} bytes), ${files.unchanged} known.`,
    `${counted(decided, 'approval')}, ${takenBack} withdrawn, ${counted(declined, 'decline')}, ${reinstated} ended.`,
    ...(isDryRun
      ? ['Nothing was changed. Run the same without --dry-run.']
      : ['Done. "moult export FILE --reports" writes the acknowledgement for the server outside.']),
  ];
}

const shown = 20;
const outside = 'the server outside does not have them';

export const keptReasons: Readonly<Record<KeptAsItWas['because'], string>> = {
  'decided-here': 'this server decided itself',
  'declined-here': 'it is declined here',
  'reinstated-here': 'its decline was undone here',
  'update-unknown': 'the update is not in the catalog',
  'group-unknown': 'the group is not known',
  'name-taken': 'another group has its name',
  'group-in-use': 'it holds groups or approvals of this server',
};

function keptLine({ what, subject, because }: KeptAsItWas): string {
  return `stays as it is: ${what} ${visibleText(subject)}, because ${keptReasons[because]}`;
}

function reportLines(network: ReportedNetwork): string[] {
  const { authority, madeAt, computers, bundleMadeAt, failed } = network;
  return [
    `Network ${authority}, as of ${madeAt}: ${counted(computers.total, 'computer')}, ${computers.needingUpdates} need updates, ${computers.withErrors} with errors.`,
    ...failed.slice(0, shown).map(({ updateId, computers: on }) => `failed on ${counted(on, 'computer')}: ${updateId}`),
    bundleMadeAt === undefined
      ? 'It has taken no bundle of this server in.'
      : `It has the bundle of ${bundleMadeAt}. "moult export DIR --for ${authority.slice(0, 16)}" writes the news.`,
  ];
}

function wordOf(step: 'content' | 'documents'): string {
  return step === 'content' ? 'files' : 'revisions';
}
