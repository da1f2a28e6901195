// moult content: update files by digest: take them in, check them, see which are missing.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { addContent, verifyContent } from '@moult/administration';
import type { ListedContent } from '@moult/store';
import type { Command } from 'commander';
import { present, table } from '../output.ts';
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
  withServerOptions(content.command('status', { isDefault: true }))
    .description('list the files of approved updates: present and missing')
    .option('--all', 'files of every update, and files without an update')
    .action(status);
}

async function add(paths: string[], flags: AdministrationFlags): Promise<void> {
  const files = paths.flatMap(filesIn);
  const results = await administer(flags, (administration) =>
    withLog(administration, (log) => addContent(administration, files, log)),
  );
  present(results, flags, () => [
    ...results.map(({ path, sha1, because }) =>
      because ? `refused  ${path}: ${because}` : `added    ${path} as ${sha1}`,
    ),
    ...(results.length === 0 ? ['There is no file in there.'] : []),
  ]);
  // In a folder there may be others that no update has; one that was named, or is a damaged copy, was meant.
  const isFailure = ({ path, because }: (typeof results)[number]) =>
    because !== undefined && (because !== 'no update has it' || paths.includes(path));
  if (results.some(isFailure) || !results.some(({ added }) => added)) process.exitCode = exitCode.findings;
}

async function verify(flags: AdministrationFlags): Promise<void> {
  const results = await administer(flags, (administration) =>
    withLog(administration, (log) => verifyContent(administration, log)),
  );
  const bad = results.filter(({ state }) => state !== 'present');
  present({ checked: results.length, bad }, flags, () => [
    ...bad.map(({ sha1, fileName, state }) => `${state.padEnd(8)} ${sha1} ${fileName ?? ''}`),
    `${results.length} files checked, ${bad.length} of them not as they should be.`,
  ]);
  if (bad.length > 0) process.exitCode = exitCode.findings;
}

async function status(flags: AdministrationFlags & { all?: true }): Promise<void> {
  const everything = await administer(flags, ({ store }) => store.listContent());
  const shown = flags.all ? everything : everything.filter(({ isApproved }) => isApproved);
  const document = {
    files: shown,
    present: sum(shown, 'present'),
    missing: sum(shown, 'missing'),
    damaged: sum(shown, 'damaged'),
  };
  present(document, flags, ({ present: here, missing, damaged }) => [
    ...table(
      ['STATE', 'BYTES', 'FILE', 'SHA-1'],
      shown.map(({ state, sizeBytes, fileName, sha1 }) => [state, sizeBytes, fileName ?? '(no update has it)', sha1]),
    ),
    `${here.files} files here (${here.bytes} bytes), ${missing.files} missing (${missing.bytes} bytes), ${damaged.files} damaged.`,
  ]);
}

function sum(files: readonly ListedContent[], state: ListedContent['state']): { files: number; bytes: number } {
  const counted = files.filter((file) => file.state === state);
  return { files: counted.length, bytes: counted.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0) };
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
