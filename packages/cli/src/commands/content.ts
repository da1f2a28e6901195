// moult content: update files by digest: take them in, check them, see which are missing.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { addContent, listContent, verifyContent } from '@moult/administration';
import type { ListedContent } from '@moult/store';
import { type Command, Option } from 'commander';
import { type Column, type ListFlags, listDocument, showList, wholeList, withList } from '../lists.ts';
import { present } from '../output.ts';
import { type AdministrationFlags, administer, withLog, withServerOptions } from '../server-options.ts';
import { exitCode, UsageError } from '../terminal.ts';

export function register(program: Command): void {
  const content = program.command('content').description('add, verify and list update files');
  withServerOptions(content.command('add').argument('<paths...>', 'files, or folders with files'))
    .description('add files of updates in the catalog. Moult checks each file against both digests')
    .action(add);
  withServerOptions(content.command('verify'))
    .description(
      'check every file, also files copied into the folder, and move damaged ones away. Exit code 1 if one is damaged or missing',
    )
    .action(verify);
  withList(withServerOptions(content.command('status', { isDefault: true })), { limit: 1000, columns })
    .description('list the files of approved updates: present and missing')
    .option('--all', 'files of every update, and files without an update')
    .addOption(new Option('--state <state>', 'only files in this state').choices(['present', 'missing', 'damaged']))
    .action(status);
}

async function add(paths: string[], flags: AdministrationFlags): Promise<void> {
  const files = paths.flatMap(filesIn);
  const results = await administer(flags, (administration) =>
    withLog(administration, (log) => addContent(administration, files, log)),
  );
  present(listDocument(wholeList(results)), flags, () => [
    ...results.map(({ path, sha1, because }) =>
      because ? `refused  ${path}: ${because}` : `added    ${path} as ${sha1}`,
    ),
    ...(results.length === 0 ? ['There is no file in there.'] : []),
  ]);
  // In a folder there may be others that no update has. One that was named, or is a damaged copy, was meant.
  const isFailure = ({ path, because }: (typeof results)[number]) =>
    because !== undefined && (because !== 'no update has it' || paths.includes(path));
  if (results.some(isFailure) || !results.some(({ added }) => added)) process.exitCode = exitCode.findings;
}

async function verify(flags: AdministrationFlags): Promise<void> {
  const results = await administer(flags, (administration) =>
    withLog(administration, (log) => verifyContent(administration, log)),
  );
  const bad = results.filter(({ state }) => state !== 'present');
  present(listDocument(wholeList(bad), { checked: results.length }), flags, () => [
    ...bad.map(({ sha1, fileName, state }) => `${state.padEnd(8)} ${sha1} ${fileName ?? ''}`),
    `${results.length} ${results.length === 1 ? 'file' : 'files'} checked, ${bad.length} of them damaged or missing.`,
  ]);
  if (bad.length > 0) process.exitCode = exitCode.findings;
}

const columns: readonly Column<ListedContent>[] = [
  { name: 'state', cell: (one) => one.state },
  { name: 'bytes', cell: (one) => one.sizeBytes },
  { name: 'file', cell: (one) => one.fileName ?? '(no update has it)' },
  { name: 'approved', cell: (one) => (one.isApproved ? 'yes' : ''), isExtra: true },
  { name: 'verified', cell: (one) => one.verifiedAt, isExtra: true },
  { name: 'sha-1', cell: (one) => one.sha1 },
];

type StatusFlags = AdministrationFlags & ListFlags & { all?: true; state?: ListedContent['state']; json?: true };

async function status(flags: StatusFlags): Promise<void> {
  const { all, state, limit, cursor } = flags;
  const page = await administer(flags, (administration) =>
    listContent(administration, { all: all ?? false, state, limit, cursor }),
  );
  const { present: here, missing, damaged } = page;
  const sum = `${here.files} ${here.files === 1 ? 'file' : 'files'} here (${here.bytes} bytes), ${missing.files} missing (${missing.bytes} bytes), ${damaged.files} damaged.`;
  const fields = { present: here, missing, damaged };
  showList(page, flags, columns, ['file', 'files'], { fields, below: [sum] });
}

function filesIn(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
  } catch {
    throw new UsageError(`There is no file or folder ${path}.`);
  }
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
