// moult export: a bundle for another network, a package for a WSUS, or the reports of a closed network.
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  acknowledgedBy,
  type ExportedBundle,
  type ExportOptions,
  exportBundle,
  exportPackage,
  exportReports,
} from '@moult/administration/bundles';
import { counted } from '@moult/formats/text';
import { limitHeapGrowth } from '@moult/store';
import { type Command, Option } from 'commander';
import { present } from '../output.ts';
import { endProgressLine, progressLine } from '../progress-line.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { administer } from '../server-options.ts';
import { exitCode, UsageError } from '../terminal.ts';

interface ExportFlags extends AdministrationFlags {
  for?: string;
  content: ExportOptions['content'];
  withKeys?: true;
  reports?: true;
}

export function register(program: Command): void {
  withServerOptions(program.command('export').argument('<path>', 'a new folder, or a new file .cab'))
    .description('export updates, files and decisions into a signed folder for a closed network. A .cab is for a WSUS')
    .option('--for <sha256>', 'only news for the network with this authority, by its last reports')
    .addOption(
      new Option('--content <which>', 'update files in the folder: of approved updates, all of them, or none')
        .choices(['approved', 'all', 'none'])
        .default('approved'),
    )
    .option('--with-keys', 'put keys of encrypted files into the folder, readable for whoever has it')
    .option('--reports', 'in a closed network: write the reports of this server into a signed file')
    .action(run);
}

async function run(path: string, flags: ExportFlags): Promise<void> {
  limitHeapGrowth({ isSmall: true });
  const target = resolve(path);
  if (flags.reports) return writeReports(target, flags);
  if (/\.gz$/i.test(target))
    throw new UsageError(
      'Moult does not write .xml.gz: the layout of this package is not public. Write a .cab, which WSUS imports too, or a folder.',
    );
  if (/\.cab$/i.test(target)) return writePackage(target, flags);
  const exported = await administer(flags, async (administration) => {
    const acknowledged = flags.for === undefined ? undefined : await acknowledgedBy(administration, flags.for);
    const since = acknowledged && { since: acknowledged.since, known: acknowledged.content };
    const asked = { ...since, content: flags.content, withKeys: flags.withKeys === true };
    return exportBundle(administration, target, { ...asked, onProgress: progressLine(wordOf) });
  });
  endProgressLine();
  present({ folder: target, ...exported }, flags, () => bundleLines(target, exported));
  if (exported.missing.length > 0) process.exitCode = exitCode.findings;
}

function bundleLines(folder: string, exported: ExportedBundle): string[] {
  const { documents, files, bytes, groups, decisions, declined, missing, authority } = exported;
  const { keys, withoutKey } = exported;
  return [
    ...missing.slice(0, shown).map(({ sha1, fileName, because }) => `not in it: ${fileName ?? sha1}, ${because}`),
    ...(missing.length > 0
      ? [`${counted(missing.length, 'file')} of updates not in it. "moult content fetch" fetches missing files.`]
      : []),
    ...(keys > 0 ? [`${counted(keys, 'key')} of encrypted files in it. Keep the disk from others.`] : []),
    ...(withoutKey > 0
      ? [
          `Keys of ${counted(withoutKey, 'encrypted file')} not in it: ${keys > 0 ? 'they are not here' : 'see --with-keys'}.`,
        ]
      : []),
    `${folder}: ${counted(documents, 'revision')}, ${counted(files, 'file')}, ${bytes} bytes, ` +
      `${counted(groups, 'group')}, ${counted(decisions, 'approval')}, ${counted(declined, 'declined update')}.`,
    `Signed by the authority ${authority}. The first import asks for this number: --trust.`,
  ];
}

const shown = 20;

async function writePackage(file: string, flags: ExportFlags): Promise<void> {
  if (flags.for !== undefined) throw new UsageError('--for goes with a folder: WSUS needs the whole catalog.');
  const exported = await administer(flags, (administration) => exportPackage(administration, file));
  present({ file, ...exported }, flags, ({ documents, bytes }) => [
    `${file}: ${counted(documents, 'revision')}, ${bytes} bytes. Copy the files of updates into WsusContent first, then run: wsusutil import PACKAGE LOG`,
  ]);
}

async function writeReports(file: string, flags: ExportFlags): Promise<void> {
  const text = await administer(flags, exportReports);
  writeFileSync(file, text, { flag: 'wx' });
  present({ file }, flags, () => [`The reports are in ${file}. Run "moult import" with it on the server outside.`]);
}

function wordOf(step: 'content' | 'documents'): string {
  return step === 'content' ? 'files' : 'revisions';
}
