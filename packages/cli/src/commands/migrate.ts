// moult migrate wsus: groups, approvals, declines, memberships and rules of a WSUS, from what it exported.
import { resolve } from 'node:path';
import { type MigratedWsus, migrateWsus } from '@moult/administration/migration';
import { counted, visibleText } from '@moult/formats/text';
import type { Command } from 'commander';
import { present } from '../output.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { administer } from '../server-options.ts';
import { keptReasons } from './import.ts';

interface MigrateFlags extends AdministrationFlags {
  dryRun?: true;
}

export function register(program: Command): void {
  const migrate = program.command('migrate').description('take over from another update server what it exported');
  withServerOptions(migrate.command('wsus').argument('<path>', 'folder or file: JSON, CLIXML or CSV of a WSUS'))
    .description('take over groups, memberships, approvals, declines, rules and choices of a WSUS. Repeat it for news')
    .option('--dry-run', 'check everything, and show the changes. Nothing is changed')
    .action(run);
}

async function run(path: string, flags: MigrateFlags): Promise<void> {
  const done = await administer(flags, (administration) =>
    migrateWsus(administration, resolve(path), { isDryRun: flags.dryRun === true }),
  );
  present(done, flags, linesOf);
}

const shown = 20;

function linesOf(done: MigratedWsus): string[] {
  const { server, groupsAdded, groupsChanged, kept, keptInAll, packages, isDryRun } = done;
  return [
    ...(server.isReplica
      ? ['The WSUS is a replica: its groups and approvals are those of its upstream server. Export there, too.']
      : []),
    ...(groupsAdded.length > 0 ? [`groups added: ${groupsAdded.map(visibleText).join(', ')}`] : []),
    ...(groupsChanged.length > 0 ? [`groups changed: ${groupsChanged.map(visibleText).join(', ')}`] : []),
    ...kept.slice(0, shown).map(keptLine),
    ...(keptInAll > shown ? [`${keptInAll - shown} more stay as they are. --json names them.`] : []),
    ...decisionLines(done),
    ...ruleLines(done),
    ...memberLines(done),
    ...(done.chosen > 0 ? [`${done.chosen} products and classifications chosen for synchronisation.`] : []),
    ...(done.passedOver > 0
      ? [`${counted(done.passedOver, 'object')} of the export are nothing that is taken over.`]
      : []),
    ...packages.map((file) => `A package is not imported here: moult catalog import ${visibleText(file)}`),
    isDryRun ? 'Nothing was changed. Run the same without --dry-run.' : 'Done. Run it again for what is new.',
  ];
}

function keptLine({ what, subject, because, title }: MigratedWsus['kept'][number]): string {
  const named = title ? `${title} (${subject})` : subject;
  return `stays as it is: ${what} ${visibleText(named)}, because ${keptReasons[because]}`;
}

function decisionLines(done: MigratedWsus): string[] {
  const { decided, takenBack, declined, reinstated, withoutDecisions, deadlinesOver, notYet, expired, kept } = done;
  if (withoutDecisions)
    return ['Approvals and declines were not taken over: the export must have both, approvals and updates.'];
  const unknown = kept.some(({ because }) => because === 'update-unknown');
  return [
    ...(unknown ? ['Unknown updates: synchronise or import them, then run this again.'] : []),
    ...(deadlinesOver > 0
      ? [`${counted(deadlinesOver, 'approval')} with a deadline that is over: computers install at their next contact.`]
      : []),
    ...(notYet > 0 ? [`${counted(notYet, 'approval')} of the WSUS begin later, and are not taken over.`] : []),
    ...(expired > 0
      ? [`${counted(expired, 'update')} expired by the publisher: their declines are not taken over.`]
      : []),
    `${counted(decided, 'approval')}, ${takenBack} withdrawn, ${counted(declined, 'decline')}, ${reinstated} ended.`,
  ];
}

function ruleLines({ rules: { added, known, refused } }: MigratedWsus): string[] {
  return [
    ...(added.length > 0 ? [`rules added: ${added.map(visibleText).join(', ')}`] : []),
    ...(known.length > 0 ? [`rules that are here already stay: ${known.map(visibleText).join(', ')}`] : []),
    ...refused.map(({ message }) => `rule not taken over: ${visibleText(message)}`),
  ];
}

function memberLines({ memberships: { added, known, unknownComputers, why }, server }: MigratedWsus): string[] {
  return [
    `${counted(added, 'membership')} added, ${known} known.`,
    ...(unknownComputers > 0
      ? [`${counted(unknownComputers, 'computer')} have not come here yet. Run this again when they have.`]
      : []),
    ...(why === undefined ? [] : [`Memberships stay as they are: ${visibleText(why)}`]),
    ...(server.isClientTargeting
      ? [
          'Policy puts the computers of the WSUS into groups (client-side targeting). Keep it, with targeting = "client".',
        ]
      : []),
  ];
}
