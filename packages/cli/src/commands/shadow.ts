// moult shadow: the offer of this server beside that of a WSUS, for each computer, and why they differ.
import { resolve } from 'node:path';
import { type Difference, type Shadow, type ShadowProfile, shadowWsus } from '@moult/administration/shadow';
import { syncSettings } from '@moult/administration/synchronisation';
import { counted, visibleText } from '@moult/formats/text';
import type { Command } from 'commander';
import { present, table, utc } from '../output.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { administer } from '../server-options.ts';
import { exitCode, UsageError } from '../terminal.ts';
import { untilSignal } from '../until-signal.ts';

interface ShadowFlags extends AdministrationFlags {
  computer?: string;
  upstream?: string;
  upstreamCa?: string;
}

export function register(program: Command): void {
  withServerOptions(program.command('shadow').argument('[path]', 'folder or file: JSON, CLIXML or CSV of a WSUS'))
    .description('compare the offer to each computer with that of a WSUS, and say why they differ. Nothing is changed')
    .option('--upstream <url>', 'ask this WSUS for its groups and approvals. Only questions are sent')
    .option('--upstream-ca <file>', 'certificates (PEM) of the authority that certifies it')
    .option('--computer <name>', 'only this computer, with each difference: name or id')
    .action(run);
}

async function run(path: string | undefined, flags: ShadowFlags): Promise<void> {
  const { computer, upstream, upstreamCa } = flags;
  if (path === undefined && upstream === undefined)
    throw new UsageError('name the folder of an export of the WSUS, or its address with --upstream, or both');
  const { signal, wait, done } = untilSignal();
  const found = await administer(flags, (administration) => {
    const { name } = syncSettings(administration.server.config);
    const settings = { name, upstream: upstream ?? '', ...(upstreamCa !== undefined && { upstreamCa }) };
    const parts = { environment: process.env, random: Math.random, signal, wait, now: () => new Date(), settings };
    const sources = {
      ...(path !== undefined && { path: resolve(path) }),
      ...(upstream !== undefined && { upstream: parts }),
    };
    return shadowWsus(administration, sources, { computer });
  }).finally(done);
  present(found, flags, computer === undefined ? linesOf : linesOfOne);
  if (found.same < found.computers) process.exitCode = exitCode.findings;
}

const shown = 20;

function linesOf(found: Shadow): string[] {
  const { wsus, computers, same, profiles, reasons } = found;
  const rows = reasons.map((one) => [one.computers, one.updates, one.says]);
  return [
    `${same} of ${counted(computers, 'computer')} get the same from this server as from ${visibleText(wsus ?? 'the WSUS')}.`,
    ...hereLines(found),
    ...(reasons.length > 0 ? ['', ...table(['COMPUTERS', 'UPDATES', 'WHY'], rows)] : []),
    ...(profiles.length > 0
      ? ['', ...table(['COMPUTERS', 'DIFFER', 'SAME', 'GROUPS', 'FOR EXAMPLE'], profileRows(profiles))]
      : []),
    ...(profiles.length > shown ? [`${profiles.length - shown} more. --json has all of them.`] : []),
    ...(profiles.length > 0 ? ['', 'For each update of one computer, add --computer NAME.'] : []),
  ];
}

function hereLines({ notHere, onlyHere, missing }: Shadow): string[] {
  return [
    ...(missing && missing.revisions > 0
      ? [`${missing.revisions} of ${counted(missing.listed, 'revision')} of the WSUS are not in the catalog here.`]
      : []),
    ...(notHere > 0
      ? [`${counted(notHere, 'computer')} of the WSUS have not come here yet. Groups of the export count for them.`]
      : []),
    ...(onlyHere > 0 ? [`${counted(onlyHere, 'computer')} here are not on the WSUS, and not compared.`] : []),
  ];
}

function profileRows(profiles: readonly ShadowProfile[]): (string | number)[][] {
  return profiles
    .slice(0, shown)
    .map(({ computers, differs, same, groups }) => [
      ...[computers.length, differs, same, groups.wsus.join(', ')],
      computers[0]?.name ?? '',
    ]);
}

function linesOfOne(found: Shadow): string[] {
  const [profile] = found.profiles;
  if (!profile) return [...hereLines(found), 'Both servers offer the same to this computer.'];
  const { groups, offers, same, differs, differences } = profile;
  const rows = differences.map((one) => [
    ...[sideOf(one.wsus), sideOf(one.here), one.reported ?? '', one.title ?? one.updateId],
    one.says,
  ]);
  return [
    ...hereLines(found),
    `Groups on the WSUS: ${groups.wsus.map(visibleText).join(', ')}. Here: ${groups.here.map(visibleText).join(', ')}.`,
    offers === 'said'
      ? 'The WSUS said what it offers.'
      : 'The offer of the WSUS is worked out from its groups and approvals.',
    `${counted(same, 'update')} the same, ${differs} different.`,
    ...['', ...table(['WSUS', 'HERE', 'REPORTED', 'UPDATE', 'WHY'], rows)],
    ...(differs > differences.length ? [`${differs - differences.length} more are not named.`] : []),
  ];
}

function sideOf({ action, deadline }: Difference['wsus']): string {
  if (action === undefined) return 'report only';
  return deadline === undefined ? action : `${action} until ${utc(deadline)}`;
}
