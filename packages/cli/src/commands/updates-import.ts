// moult updates import: one update from the upstream server, with everything that it needs.
import type { ImportedRevision, UpstreamImport } from '@moult/administration/synchronisation';
import { counted, visibleText } from '@moult/formats/text';
import { limitHeapGrowth } from '@moult/store';
import type { Command } from 'commander';
import { present } from '../output.ts';
import { endProgressLine, progressLine } from '../progress-line.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { administer } from '../server-options.ts';
import { untilSignal } from '../until-signal.ts';

interface ImportFlags extends AdministrationFlags {
  product?: string[];
  classification?: string[];
  upstream?: string;
  upstreamCa?: string;
  dryRun?: true;
}

export function registerImport(updates: Command): void {
  withServerOptions(updates.command('import').argument('<update>', 'GUID, also with @revision, or KB number'))
    .description('import one update from the upstream server, with everything that it needs')
    .option('--product <names...>', 'look for the KB number here. Default: the chosen products')
    .option('--classification <names...>', 'look for the KB number here. Default: the chosen ones, or all')
    .option('--upstream <url>', "a WSUS, a Moult, or Microsoft's public service. Default: the setting of the server")
    .option('--upstream-ca <file>', 'certificates (PEM) of the authority that certifies the upstream server')
    .option('--dry-run', 'show the revisions that come. Nothing is changed')
    .action(run);
}

async function run(update: string, flags: ImportFlags): Promise<void> {
  limitHeapGrowth({ isSmall: true });
  // A list of updates does not wait for what talks to an upstream server.
  const { importFromUpstream, syncSettings } = await import('@moult/administration/synchronisation');
  const { product: products, classification: classifications, upstream, upstreamCa, dryRun: isDryRun } = flags;
  const { signal, wait, done } = untilSignal();
  const tell = progressLine(() => 'documents');
  const report = await administer(flags, (administration) =>
    importFromUpstream(
      administration,
      {
        update,
        ...(products && { products }),
        ...(classifications && { classifications }),
        ...(isDryRun && { isDryRun }),
      },
      {
        ...{ environment: process.env, random: Math.random, signal, wait, now: () => new Date() },
        settings: {
          ...syncSettings(administration.server.config),
          ...(upstream !== undefined && { upstream }),
          ...(upstreamCa !== undefined && { upstreamCa }),
        },
        onProgress: (done, of) => tell({ step: 'search', done, of }),
      },
    ),
  ).finally(done);
  endProgressLine();
  present(report, flags, linesOf);
  if (report.lacking.length > 0) process.exitCode = 1;
}

function linesOf({ updates, needed, lacking, expired, isDryRun, ...told }: UpstreamImport): string[] {
  const { searched, unreadable, upstream, calls, bytes } = told;
  const added = [...updates, ...needed].filter(({ isNew }) => isNew).length;
  return [
    ...updates.map(lineOf),
    ...needed.filter(({ updateType }) => updateType !== 'Category' && updateType !== 'Detectoid').map(lineOf),
    ...lacking.map(({ update, anyOf }) => `${update} waits: ${upstream} does not have ${anyOf.join(' or ')}.`),
    ...expired.map(({ title }) => `Expired by its publisher, declined now: ${visibleText(title)}`),
    ...(unreadable > 0 ? [`${counted(unreadable, 'document')} of ${searched} could not be read.`] : []),
    `${counted(added, 'new revision')} from ${upstream}. ${counted(calls, 'call')}, ${bytes} bytes.`,
    ...(isDryRun ? ['Nothing was changed. Run the same without --dry-run.'] : []),
  ];
}

function lineOf({ updateId, revisionNumber, title, isNew }: ImportedRevision): string {
  return `${isNew ? 'new' : 'known'}: ${visibleText(title)} (${updateId}@${revisionNumber})`;
}
