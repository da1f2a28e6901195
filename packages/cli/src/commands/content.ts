// moult content: update files by digest: take them in, check them, see which are missing.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Administration, addContent, listContent, lookAt } from '@moult/administration';
import {
  type ContentForecast,
  type FetchedContent,
  type FetchProgress,
  fetchContent,
  filesOfUpdates,
  forecastContent,
  healContent,
  purgeContent,
} from '@moult/administration/content-fetch';
import { visibleText } from '@moult/formats/text';
import type { ListedContent, Log } from '@moult/store';
import { type Command, Option } from 'commander';
import { type Column, type ListFlags, listDocument, showList, wholeList, withList } from '../lists.ts';
import { present } from '../output.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { administer, withLog } from '../server-options.ts';
import { exitCode, UsageError } from '../terminal.ts';
import { untilSignal } from '../until-signal.ts';

export function register(program: Command): void {
  const content = program.command('content').description('add, verify and list update files');
  withServerOptions(content.command('add').argument('<paths...>', 'files, or folders with files'))
    .description('add files of updates in the catalog. Moult checks each file against both digests')
    .action(add);
  withServerOptions(content.command('fetch'))
    .description(
      'fetch missing files of approved updates now, or continue. Exit code 1 if one cannot be fetched. Setting: --content-fetch',
    )
    .option('--updates <names...>', 'fetch the files of these updates, approved or not')
    .action(fetch);
  withServerOptions(content.command('plan').argument('[updates...]', 'updates that are not approved yet'))
    .description('show the number and size of the files that "moult content fetch" fetches next, and the time for them')
    .action(plan);
  withServerOptions(content.command('purge'))
    .description('remove files that no approved update needs, if the server can fetch them again')
    .option('--yes', 'remove them. Without this option, the command only counts them')
    .action(purge);
  withServerOptions(content.command('verify'))
    .description(
      'check every file, also files copied into the folder. Move damaged ones away and fetch them again. Exit code 1 if one stays damaged or missing',
    )
    .option('--no-fetch', 'do not fetch damaged and missing files again')
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

async function verify(flags: AdministrationFlags & { fetch: boolean }): Promise<void> {
  const { signal, wait, done } = untilSignal();
  const { files, fetched } = await administer(flags, (administration) =>
    withLog(administration, (log) =>
      healContent(administration, { ...partsOf(administration, log, { signal, wait }), fetches: flags.fetch }),
    ),
  ).finally(done);
  const bad = files.filter(({ state }) => state !== 'present');
  const again = bad.filter(({ state }) => state === 'fetched').length;
  present(listDocument(wholeList(bad), { checked: files.length }), flags, () => [
    ...bad.map(({ sha1, fileName, state }) => `${state.padEnd(8)} ${sha1} ${fileName ?? ''}`),
    ...(fetched?.failures.map(({ fileName, message }) => `not fetched: ${fileName}: ${message}`) ?? []),
    `${files.length} ${files.length === 1 ? 'file' : 'files'} checked, ${bad.length - again} of them damaged or missing${fetched ? `, ${again} fetched again` : ''}.`,
  ]);
  if (bad.length > again) process.exitCode = exitCode.findings;
}

type Stopping = Pick<ReturnType<typeof untilSignal>, 'signal' | 'wait'>;

function partsOf({ store, server }: Administration, log: Log, stopping: Stopping) {
  const { config, contentDir: folder } = server;
  return { ...{ store, folder, config, log, environment: process.env, now: () => new Date() }, ...stopping };
}

async function fetch(flags: AdministrationFlags & { updates?: string[] }): Promise<void> {
  const { signal, wait, done } = untilSignal();
  const report = await administer(flags, (administration) =>
    withLog(administration, async (log) => {
      const asked = flags.updates && (await filesOfUpdates(administration, flags.updates));
      const parts = partsOf(administration, log, { signal, wait });
      return fetchContent({ ...parts, onProgress: progressShower() }, asked);
    }),
  ).finally(done);
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  present(report, flags, fetchedLines);
  if (report.failures.length > 0) process.exitCode = exitCode.findings;
}

function fetchedLines({ fetched, bytes, failures }: FetchedContent): string[] {
  return [
    ...failures.map(({ fileName, sha1, code, message }) => `not fetched: ${fileName} (${sha1}): ${code} ${message}`),
    `${fetched} ${fetched === 1 ? 'file' : 'files'} fetched (${bytes} bytes), ${failures.length} not.`,
  ];
}

async function plan(updates: string[], flags: AdministrationFlags): Promise<void> {
  present(await administer(flags, (administration) => forecastContent(administration, updates)), flags, planLines);
}

function planLines({ files, bytes, withoutSource, seconds, quotaLeftBytes, ...rest }: ContentForecast): string[] {
  const { unneeded, addresses } = rest;
  const time = seconds === undefined ? '' : `, about ${Math.ceil(seconds / 60)} min at the limit of now`;
  return [
    ...addresses.flatMap(({ fileName, url }) =>
      url === undefined ? [] : [`${visibleText(fileName)} ${visibleText(url)}`],
    ),
    `To fetch: ${files} ${files === 1 ? 'file' : 'files'}, ${bytes} bytes${time}.`,
    ...(withoutSource > 0 ? [`The publisher's address is not known of ${withoutSource} of them.`] : []),
    ...(quotaLeftBytes === undefined ? [] : [`The quota leaves ${Math.max(0, quotaLeftBytes)} bytes.`]),
    ...(unneeded.files > 0
      ? [
          `Not needed any more: ${unneeded.files} files, ${unneeded.bytes} bytes. "moult content purge --yes" removes them.`,
        ]
      : []),
  ];
}

async function purge({ yes, ...flags }: AdministrationFlags & { yes?: true }): Promise<void> {
  if (!yes) {
    const { unneeded } = await administer(flags, (administration) => forecastContent(administration));
    const text = `${unneeded.files} ${unneeded.files === 1 ? 'file' : 'files'} (${unneeded.bytes} bytes) can be removed. Add --yes to remove them.`;
    return present(unneeded, flags, () => [text]);
  }
  const removed = await administer(flags, (administration) =>
    withLog(administration, (log) => purgeContent(administration, log)),
  );
  present(listDocument(wholeList(removed)), flags, () => [
    ...removed.map(({ sha1, fileName }) => `removed  ${sha1} ${fileName ?? ''}`),
    `${removed.length} ${removed.length === 1 ? 'file' : 'files'} removed.`,
  ]);
}

/** One line that is written over on a terminal. Elsewhere one line every few seconds. */
function progressShower(): (progress: FetchProgress) => void {
  const everyMs = process.stderr.isTTY ? 200 : 5000;
  let shownAt = performance.now();
  return ({ files, done, bytes, doneBytes }) => {
    if (performance.now() - shownAt < everyMs) return;
    shownAt = performance.now();
    const line = `${done} of ${files} files, ${doneBytes} of ${bytes} bytes`;
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
    else console.error(`so far: ${line}`);
  };
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
  const found = lookAt(path);
  if (!found) throw new UsageError(`There is no file or folder ${path}.`);
  if (!found.isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
