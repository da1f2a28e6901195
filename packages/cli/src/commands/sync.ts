// moult sync: synchronise with an upstream server, choose what of it, and see how far it is.
import { type Administration, applyRole } from '@moult/administration';
import { type SyncAndRollUp, syncAndRollUp } from '@moult/administration/roll-up';
import {
  changeChoices,
  type ExplainedProduct,
  explainSync,
  listChoices,
  listSyncHistory,
  type OfferedChoice,
  planSync,
  readSyncStatus,
  type SyncPlan,
  type SyncProgress,
  type SyncReport,
  type SyncStatus,
  syncSettings,
} from '@moult/administration/synchronisation';
import { jsonText, visibleText } from '@moult/formats/text';
import { limitHeapGrowth, type SyncChoiceKind, type SyncRun } from '@moult/store';
import type { Command } from 'commander';
import { wholeNumber } from '../numbers.ts';
import { moment, present, table, utc } from '../output.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { administer } from '../server-options.ts';
import { untilSignal } from '../until-signal.ts';

interface NowFlags extends AdministrationFlags {
  upstream?: string;
  upstreamCa?: string;
}

interface ChoiceFlags extends AdministrationFlags {
  add?: string[];
  remove?: string[];
  chosen?: true;
}

export function register(program: Command): void {
  const sync = program.command('sync').description('synchronise update metadata with an upstream server');
  withServerOptions(sync.command('now'))
    .description('synchronise now, or continue where a run was interrupted')
    .option('--upstream <url>', "a WSUS, a Moult, or Microsoft's public service. Default: the setting of the server")
    .option('--upstream-ca <file>', 'certificates (PEM) of the authority that certifies the upstream server')
    .action(now);
  withServerOptions(sync.command('status', { isDefault: true }))
    .description('show how far a synchronisation is, and which revisions it passed over')
    .action((flags: AdministrationFlags) => show(flags, readSyncStatus, statusLines));
  withServerOptions(sync.command('history'))
    .description('list synchronisations, newest first')
    .option('--limit <n>', 'show this number of them', wholeNumber(1, 10_000), 20)
    .action(({ limit, ...flags }: AdministrationFlags & { limit: number }) =>
      show(flags, (administration) => listSyncHistory(administration, limit), historyLines),
    );
  withServerOptions(sync.command('plan'))
    .description('show the questions of the next synchronisation, without a call to the upstream server')
    .action((flags: AdministrationFlags) => show(flags, planSync, planLines));
  withServerOptions(sync.command('explain'))
    .description('show per product if it is chosen, and the updates of it that the catalog has')
    .action((flags: AdministrationFlags) => show(flags, explainSync, explainLines));
  for (const kind of ['product', 'classification', 'language'] as const) {
    withServerOptions(sync.command(`${kind}s`))
      .description(`list ${kind}s of the upstream server, and choose which are synchronised`)
      .option('--add <names...>', `choose these: name or id${kind === 'product' ? ', or the family of products' : ''}`)
      .option('--remove <names...>', 'remove these from the choice. Updates that are here stay')
      .option('--chosen', 'list only chosen ones')
      .action((flags: ChoiceFlags) => choose(kind, flags));
  }
}

async function now(flags: NowFlags): Promise<void> {
  limitHeapGrowth({ isSmall: true });
  const { signal, wait, done } = untilSignal();
  const report = await administer(flags, async ({ store, server, author }) => {
    // A server that runs has the role that it was started with. A setting that is named here counts.
    const changed = server.origins.role === 'default' ? undefined : await applyRole(store, server.config, author);
    if (changed) console.error(changed.says);
    return syncAndRollUp({
      rollUp: server.config.rollUp,
      ...{ store, environment: process.env, random: Math.random, signal, wait },
      now: () => new Date(),
      settings: {
        ...syncSettings(server.config),
        ...(flags.upstream !== undefined && { upstream: flags.upstream }),
        ...(flags.upstreamCa !== undefined && { upstreamCa: flags.upstreamCa }),
      },
      onProgress: progressShower(),
    });
  }).finally(done);
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  present(report, flags, reportLines);
}

async function show<T>(
  flags: AdministrationFlags,
  read: (administration: Administration) => Promise<T>,
  lines: (document: T) => string[],
): Promise<void> {
  present(await administer(flags, read), flags, lines);
}

async function choose(kind: SyncChoiceKind, { add = [], remove = [], chosen, ...flags }: ChoiceFlags): Promise<void> {
  const { changed, choices } = await administer(flags, async (administration) => ({
    changed: add.length + remove.length > 0 ? await changeChoices(administration, kind, { add, remove }) : undefined,
    choices: await listChoices(administration, kind),
  }));
  if (flags.json) {
    console.log(jsonText(changed ? { ...changed } : { items: choices }, 2));
    return;
  }
  if (changed) {
    const count = (number: number) => `${number} ${number === 1 ? kind : `${kind}s`}`;
    console.log(`${count(changed.added.length)} chosen, ${count(changed.removed.length)} removed from the choice.`);
    if (changed.added.length > 0) console.log('"moult sync now" fetches them.');
    return;
  }
  const shown = chosen ? choices.filter(({ isChosen }) => isChosen) : choices;
  if (choices.length === 0) console.log(`No ${kind}s are known yet. "moult sync now" fetches their list.`);
  else for (const line of choiceLines(shown)) console.log(line);
}

function choiceLines(choices: readonly OfferedChoice[]): string[] {
  const rows = choices.map(({ id, name, within, isChosen }) => [
    ...[isChosen ? 'yes' : '', id, within.join(', ')],
    name === '' ? '(no more at the upstream server)' : name,
  ]);
  return table(['CHOSEN', 'ID', 'WITHIN', 'NAME'], rows);
}

function reportLines({ isContinued, added, fetched, failed, calls, bytes, ...report }: SyncAndRollUp): string[] {
  const { expired, needsChoice, newProducts, upstream, taken } = report;
  return [
    `${isContinued ? 'Continued' : 'Done'}: ${added} new revisions from ${upstream}. ${fetched} fetched, ${failed} passed over, ${calls} calls, ${bytes} bytes.`,
    ...expired.map(
      ({ title, decisions }) => `Expired by its publisher, declined now (${decisions} decisions): ${title}`,
    ),
    ...newProducts.map(({ id, name }) => `New product, not chosen: ${name} (${id})`),
    ...(taken ? [takenLine(taken)] : []),
    ...(report.rollUp ? [rollUpLine(report.rollUp)] : []),
    ...(failed > 0 ? ['"moult sync status" names the revisions that were passed over.'] : []),
    ...(needsChoice
      ? ['Choose products and classifications now: "moult sync products" and "moult sync classifications".']
      : []),
  ];
}

function rollUpLine(rolled: NonNullable<SyncAndRollUp['rollUp']>): string {
  if ('failed' in rolled) return `Reports were not taken (${rolled.failed.code}): ${rolled.failed.message}`;
  const { servers, computers, statuses, states, isSummary } = rolled;
  if (isSummary) return `Reported: ${servers} servers. The upstream server takes no computers.`;
  return `Reported: ${servers} servers, ${computers} computers that changed, ${states} states of ${statuses} computers.`;
}

function takenLine(taken: NonNullable<SyncReport['taken']>): string {
  const groups = `groups: ${taken.groupsAdded.length} new, ${taken.groupsChanged.length} changed, ${taken.groupsRemoved.length} removed`;
  const decisions = `approvals: ${taken.decided} new or changed, ${taken.takenBack} withdrawn`;
  return `Replica. ${groups}. ${decisions}, ${taken.waiting} wait. Declined: ${taken.declined}, reinstated: ${taken.reinstated}. License terms: ${taken.acceptedTerms.length} accepted.`;
}

function statusLines({ upstream, role, run, isRunning, staged, wanted, failures, ...chosen }: SyncStatus): string[] {
  const choice = `${chosen.products} products, ${chosen.classifications} classifications, ${chosen.languages} languages`;
  return [
    role === 'replica'
      ? `Upstream: ${upstream}. Replica: it gets everything.`
      : `Upstream: ${upstream}. Chosen: ${choice}.`,
    ...(run ? [runLine(run, isRunning)] : ['No synchronisation yet. Start one with "moult sync now".']),
    ...(run?.error ? [`${run.error.code}: ${run.error.message}`] : []),
    ...(staged + wanted > 0 ? [`${staged} revisions wait for the others, ${wanted} are still to be fetched.`] : []),
    ...(chosen.encryptedFiles > 0
      ? [`Encrypted files: ${chosen.encryptedFiles}. Keys that are not here: ${chosen.missingKeys}.`]
      : []),
    ...failures.map(
      ({ updateId, revisionNumber, code, message, attempts }) =>
        `passed over ${attempts} ${attempts === 1 ? 'time' : 'times'}: ${updateId}@${revisionNumber} ${code} ${message}`,
    ),
  ];
}

function runLine(
  { runId, startedAt, endedAt, state, step, fetched, listed, added, upstream }: SyncRun,
  isRunning: boolean,
): string {
  const from = `Synchronisation ${runId} from ${upstream}, begun ${utc(startedAt)}`;
  if (state === 'done') return `${from}, done ${utc(endedAt)}: ${added} new revisions.`;
  if (state === 'given-up') return `${from}, given up for another upstream server.`;
  const far = `at ${step}, ${fetched} of ${listed} revisions fetched`;
  return isRunning
    ? `${from}, is under way: ${far}.`
    : `${from}, is interrupted: ${far}. "moult sync now" continues it.`;
}

function historyLines(runs: readonly SyncRun[]): string[] {
  if (runs.length === 0) return ['No synchronisation yet.'];
  const rows = runs.map((run) => [
    ...[run.runId, moment(run.startedAt), moment(run.endedAt), run.state, run.added, run.failed, run.calls, run.bytes],
    run.error ? `${run.upstream} ${run.error.code}` : run.upstream,
  ]);
  return table(
    ['RUN', 'BEGUN (UTC)', 'ENDED (UTC)', 'STATE', 'NEW', 'PASSED OVER', 'CALLS', 'BYTES', 'UPSTREAM'],
    rows,
  );
}

function planLines({ upstream, continues, configSince, updates }: SyncPlan): string[] {
  return [
    `Upstream: ${upstream}`,
    ...(continues ? [`Continues synchronisation ${continues.runId} of ${utc(continues.startedAt)}.`] : []),
    `Categories: ${configSince === undefined ? 'all' : `changes since ${visibleText(configSince)}`}`,
    ...(updates === undefined
      ? ['Updates: none, because no product or no classification is chosen.']
      : [
          `Updates: changes since ${updates.since === undefined ? 'the beginning' : visibleText(updates.since)} of ${updates.changesOf.length} choices, all of ${updates.allOf.length}`,
          ...updates.allOf.map((id) => `  all of ${id}`),
        ]),
  ];
}

function explainLines(products: readonly ExplainedProduct[]): string[] {
  if (products.length === 0) return ['No product is chosen, and the catalog has no updates of one.'];
  const rows = products.map(({ id, name, isChosen, contents }) => [
    ...[isChosen ? 'yes' : '', contents?.updates ?? 0, contents?.superseded ?? 0, contents?.expired ?? 0],
    ...[contents?.declined ?? 0, contents?.bytes ?? 0, moment(contents?.changedAt), name || id],
  ]);
  const headings = ['CHOSEN', 'UPDATES', 'SUPERSEDED', 'EXPIRED', 'DECLINED', 'BYTES', 'CHANGED (UTC)', 'PRODUCT'];
  return table(headings, rows);
}

/** One line that is written over on a terminal. Elsewhere one line every few seconds. */
function progressShower(): (progress: SyncProgress) => void {
  const everyMs = 5000;
  let shownAt = performance.now();
  return ({ step, listed, fetched, failed, bytes, secondsLeft }) => {
    const left = secondsLeft === undefined ? '' : `, about ${Math.ceil(secondsLeft / 60)} min left`;
    const line = `${step}: ${fetched} of ${listed} revisions, ${failed} passed over, ${bytes} bytes${left}`;
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
    else if (performance.now() - shownAt >= everyMs) {
      shownAt = performance.now();
      console.error(`so far: ${line}`);
    }
  };
}
