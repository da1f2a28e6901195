// moult cleanup: removes what the server does not need any more, while it serves.
import type { Administration } from '@moult/administration';
import {
  type CleanupReport,
  type CleanupRequest,
  type CleanupTask,
  cleanUp,
  cleanupTasks,
  planCleanup,
} from '@moult/administration/cleanup';
import { counted, visibleText } from '@moult/formats/text';
import { openLiveCatalog } from '@moult/store/catalog';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { present, table } from '../output.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { administer, withLog } from '../server-options.ts';
import { exitCode, UsageError } from '../terminal.ts';
import { untilSignal } from '../until-signal.ts';

type Flags = AdministrationFlags & {
  dryRun?: true;
  only?: CleanupTask[];
  updateDays?: number;
  revisionDays?: number;
  computerDays?: number;
  eventDays?: number;
};

export function register(program: Command): void {
  const days = (name: string, description: string) => new Option(`--${name} <days>`, description).argParser(toDays);
  withServerOptions(program.command('cleanup'))
    .description(
      'remove declined updates, old revisions and files that nothing needs. The server may run. Exit code 1 if it was stopped',
    )
    .option('--dry-run', 'show what is removed. Nothing is changed')
    .addOption(new Option('--only <tasks...>', 'only these').choices(cleanupTasks))
    .addOption(days('update-days', 'updates that were declined for so many days. Default: 90'))
    .addOption(days('revision-days', 'revisions that a newer one replaced so many days ago. Default: 30'))
    .addOption(days('computer-days', 'also remove computers without contact for so many days'))
    .addOption(days('event-days', 'also remove events that are so many days old'))
    .action(cleanup);
}

async function cleanup(flags: Flags): Promise<void> {
  const request: CleanupRequest = {
    tasks: flags.only,
    declinedDays: flags.updateDays,
    revisionDays: flags.revisionDays,
    computerDays: flags.computerDays,
    eventDays: flags.eventDays,
  };
  if (flags.only?.includes('computers') && flags.computerDays === undefined)
    throw new UsageError('--only computers needs --computer-days.');
  if (flags.only?.includes('events') && flags.eventDays === undefined)
    throw new UsageError('--only events needs --event-days.');
  const { signal, done } = untilSignal();
  const report = await administer(flags, (administration) =>
    work(administration, request, { ...flags, signal }),
  ).finally(done);
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  present(report, flags, () => reportLines(report, flags.dryRun ?? false));
  if (report.isCut) process.exitCode = exitCode.findings;
}

async function work(
  administration: Administration,
  request: CleanupRequest,
  { dryRun, signal }: Pick<Flags, 'dryRun'> & { signal: AbortSignal },
): Promise<CleanupReport> {
  const { store, server } = administration;
  const catalog = await openLiveCatalog(store, { unapproved: server.config.unapproved });
  return withLog(administration, (log) => {
    const parts = { administration, catalog, log, signal, onProgress: progressShower() };
    return dryRun ? planCleanup(parts, request) : cleanUp(parts, request);
  });
}

const names: Readonly<Record<CleanupTask, readonly [one: string, what: string]>> = {
  'declined-updates': ['update', 'declined updates'],
  'old-revisions': ['update', 'old revisions'],
  computers: ['computer', 'silent computers'],
  events: ['event', 'old events'],
  content: ['file', 'files that nothing needs'],
};

function reportLines({ parts, isCut }: CleanupReport, isDryRun: boolean): string[] {
  const rows = parts.map(({ task, items, revisions, bytes, examples }) => [
    names[task][1],
    counted(items, names[task][0]),
    revisions === undefined ? '' : counted(revisions, 'revision'),
    bytes === undefined ? '' : `${bytes} bytes`,
    visibleText(examples.slice(0, 3).join(', ')),
  ]);
  return [
    ...table(['what', isDryRun ? 'to remove' : 'removed', 'revisions', 'size', 'for example'], rows),
    ...(isDryRun ? ['Nothing was changed. Run the command without --dry-run to remove this.'] : []),
    ...(isCut ? ['It was stopped. Run it again to remove the rest.'] : []),
  ];
}

/** One line that is written over on a terminal. Elsewhere one line every few seconds. */
function progressShower(): (done: number) => void {
  const everyMs = process.stderr.isTTY ? 200 : 5000;
  let shownAt = performance.now();
  return (done) => {
    if (performance.now() - shownAt < everyMs) return;
    shownAt = performance.now();
    const line = `${done} removed`;
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
    else console.error(`so far: ${line}`);
  };
}

function toDays(text: string): number {
  const days = Number(text);
  if (!/^\d{1,4}$/.test(text) || days < 1 || days > 3650)
    throw new InvalidArgumentError('Write a whole number of days from 1 to 3650.');
  return days;
}
