// moult tree: the self-update tree of a data directory, whether its server runs or not. A running server sees an import
// within seconds.

import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { isThere, keepFilesPrivate } from '@moult/administration';
import { jsonText, visibleText } from '@moult/formats/text';
import {
  checkPort80,
  clearImportedTree,
  type ImportedFile,
  importTree,
  listTree,
  offerRelease,
  type Port80Report,
  type TreeListing,
  type TreeVerification,
  verifyTree,
} from '@moult/server/tree';
import type { Command } from 'commander';
import { readNamedFile } from '../files/named-file.ts';
import { type Column, type ListFlags, pageOfAll, showList, withList } from '../lists.ts';
import { utc } from '../output.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { administer, requireServer } from '../server-options.ts';
import { readCertificateFile } from '../signing/certificate-files.ts';
import { exitCode, paint, UsageError } from '../terminal.ts';

type TreeOptions = AdministrationFlags;

interface ImportCommandOptions extends TreeOptions {
  as?: string;
  replace?: true;
  trust: string[];
}

export function register(program: Command): void {
  const tree = program.command('tree').description('manage the self-update tree, which agents fetch first');
  withServerOptions(
    tree.command('import').argument('<dir|cab>', "a server's SelfUpdate folder, its web root, or a cabinet"),
  )
    .description('import a Microsoft self-update tree, byte for byte')
    .option('--as <path>', 'place of a single cabinet, as selfupdate/WSUS3/x86/Other/wsus3setup.cab')
    .option('--replace', 'remove earlier imports first')
    .option('--trust <file>', 'trusted certificate (PEM or DER) for the files. May be repeated', collect, [])
    .action(runImport);
  withList(withServerOptions(tree.command('list')), { limit: 1000, columns: fileColumns })
    .description('list the files of the tree, and the agents that get them')
    .action(runList);
  withServerOptions(tree.command('offer').argument('<version>', 'version of a release that waits (moult tree list)'))
    .description('offer a new release to agents. To withdraw it, use moult release recall')
    .action(runOffer);
  withServerOptions(tree.command('verify'))
    .description('check every file of the tree: present, unchanged, complete, signed')
    .option('--trust <file>', 'trusted certificate (PEM or DER) for imported files. May be repeated', collect, [])
    .action(runVerify);
  withServerOptions(tree.command('clear')).description('remove all imported files').action(runClear);
  tree
    .command('port80')
    .description('ask port 80 for the files that old agents need (InstallSelfupdateOnPort80)')
    .option('--check', 'ask and advise. This is the default. Changes nothing')
    .option('--host <address>', 'host to ask', '127.0.0.1')
    .option('--port <port>', 'the port to ask', '80')
    .option('--data-dir <dir>', 'accepted and ignored: the command only asks the port')
    .option('--json', 'print one JSON document')
    .action(runPort80);
}

async function runImport(source: string, options: ImportCommandOptions): Promise<void> {
  const { dataDir } = requireServer(options);
  keepFilesPrivate(dataDir);
  const report = await importTree(source, {
    dataDir,
    now: new Date(),
    trustedCertificatesPem: options.trust.map(readCertificateFile),
    ...(options.as !== undefined && { as: options.as }),
    ...(options.replace && { replace: true }),
    progress: showProgress,
  }).finally(endProgress);
  if (report.unsigned.length > 0) process.exitCode = exitCode.findings;
  if (options.json) {
    print(report);
    return;
  }
  for (const file of report.imported) console.log(importedLine(file));
  const { length } = report.imported;
  console.log(`Imported ${count(length, 'file')}; the tree holds ${count(report.total, 'imported file')}.`);
  for (const { path, why } of report.dropped) {
    console.error(`${paint('yellow', 'not kept:', process.stderr)} ${path} of an earlier import: ${why}`);
  }
  for (const path of report.unsigned) {
    console.error(`${paint('yellow', 'not signed:', process.stderr)} ${path} is served, but no agent accepts it.`);
  }
}

type ListedFile = TreeListing['files'][number];

const fileColumns: readonly Column<ListedFile>[] = [
  { name: 'path', cell: ({ path }) => path },
  { name: 'origin', cell: ({ origin }) => origin },
  { name: 'bytes', cell: ({ sizeBytes }) => sizeBytes },
  { name: 'for', cell: ({ servedTo }) => audiences[servedTo] },
  { name: 'signature', cell: ({ signature }) => signature },
  { name: 'signer', cell: ({ signer }) => signer },
  { name: 'modified', cell: ({ modified }) => new Date(modified), isExtra: true },
  { name: 'sha-256', cell: ({ sha256 }) => sha256, isExtra: true },
];

async function runList(options: TreeOptions & ListFlags): Promise<void> {
  const { dataDir } = requireServer(options);
  const { files, ...about } = await listTree(dataDir);
  const operator = operatorOf(dataDir);
  // A file of ours and an imported one may have the same path: each is for other agents.
  const page = pageOfAll('tree', files, options, ({ origin, path }) => `${origin} ${path}`);
  showList(page, options, fileColumns, ['file', 'files'], {
    fields: { operator, ...about },
    above: [...operatorLines(operator), ...releaseLines(about)],
  });
}

async function runOffer(version: string, options: TreeOptions): Promise<void> {
  const { dataDir } = requireServer(options);
  keepFilesPrivate(dataDir);
  const offered = await offerRelease(dataDir, version, new Date());
  await administer(options, ({ store, author }) =>
    store.recordChange(author, { action: 'offer release', subject: version, after: offered }),
  );
  if (options.json) return print({ offered });
  for (const { kind } of offered) console.log(`${kind} ${version} is offered to agents.`);
}

interface Operator {
  subject: string;
  fingerprint: string;
}

/** The CA that agents trust. Administrators compare the fingerprint with the one that `moult agent install` prints. */
function operatorOf(dataDir: string): Operator | undefined {
  const file = operatorCaFile(dataDir);
  if (!isThere(file)) return undefined;
  const { subject, fingerprint256 } = new X509Certificate(readNamedFile(file));
  return { subject, fingerprint: fingerprint256 };
}

function operatorCaFile(dataDir: string): string {
  return join(dataDir, 'keys', 'operator-ca.cer.pem');
}

async function runVerify(options: TreeOptions & { trust: string[] }): Promise<void> {
  const { dataDir } = requireServer(options);
  const caFile = operatorCaFile(dataDir);
  const result = await verifyTree(dataDir, {
    operatorCaPem: isThere(caFile) ? readNamedFile(caFile).toString('utf8') : undefined,
    trustedCertificatesPem: options.trust.map(readCertificateFile),
    now: new Date(),
  });
  process.exitCode = result.problems.length === 0 ? exitCode.fine : exitCode.findings;
  if (options.json) print({ fine: result.problems.length === 0, ...result });
  else for (const line of verificationLines(result)) console.log(line);
}

async function runClear(options: TreeOptions): Promise<void> {
  const { dataDir } = requireServer(options);
  keepFilesPrivate(dataDir);
  const removed = await clearImportedTree(dataDir, new Date());
  if (options.json) print({ removed });
  else console.log(`Removed ${count(removed, 'imported file')}; the tree serves Moult's own.`);
}

async function runPort80(options: { host: string; port: string; json?: true }): Promise<void> {
  const port = Number(options.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new UsageError(`${options.port} is not a port`);
  const report = await checkPort80({ host: options.host, port });
  process.exitCode = report.fine ? exitCode.fine : exitCode.findings;
  if (options.json) print(report);
  else for (const line of port80Lines(report)) console.log(line);
}

function port80Lines({ fine, finding, files, remedies }: Port80Report): string[] {
  const head = fine ? paint('green', `Success: ${finding}`) : paint('red', `Failed: ${finding}`);
  const asked = files.map(({ path, answer }) => `  ${path}: ${answer}`);
  return [head, ...asked, ...remedies.map((remedy, index) => `${index + 1}. ${remedy}`)];
}

function operatorLines(operator: Operator | undefined): string[] {
  return operator ? [`Operator: ${operator.subject}`, `  SHA-256 ${operator.fingerprint}`, ''] : [];
}

function releaseLines({ releases, importedAt }: Pick<TreeListing, 'releases' | 'importedAt'>): string[] {
  const lines = ['Agent releases (signed by the operator):'];
  for (const release of releases) {
    const { generation, version, sizeBytes, signedAt } = release;
    const signed = `signed ${utc(new Date(signedAt))}`;
    lines.push(`  ${generation.padEnd(4)} ${version}  ${bytes(sizeBytes)}, ${signed}${standingOf(release)}`);
  }
  if (releases.length === 0) lines.push('  There are none yet. The first start of the server makes them.');
  const imported = importedAt === undefined ? 'none are imported' : `imported ${utc(new Date(importedAt))}`;
  return [...lines, '', `Files (${imported}):`];
}

function standingOf({ isNewest, state, reason, version }: TreeListing['releases'][number]): string {
  if (state === 'recalled') return `  recalled: ${visibleText(reason ?? '')}`;
  if (state === 'waiting') return `  waits. "moult tree offer ${version}" offers it to agents`;
  return isNewest ? '  <- clients are led here' : '';
}

const audiences = {
  all: 'everybody',
  'moult-agents': "Moult's agents",
  'other-agents': 'all agents but Moult’s',
  nobody: 'not needed (the server answers this path itself)',
};

function verificationLines({ checked, problems, rootUnknown, neverStarted }: TreeVerification): string[] {
  const lines = problems.map(({ path, code, message }) => `${paint('red', code)} ${path}: ${message}`);
  if (neverStarted)
    lines.push('The server has not been started on this data directory yet: only what was imported is there.');
  if (rootUnknown.length > 0) {
    lines.push(
      `${count(rootUnknown.length, 'imported cabinet')} with a good signature whose root is not known here; --trust FILE settles it.`,
    );
  }
  lines.push(
    problems.length === 0
      ? `${count(checked, 'file')} checked, all in order.`
      : `${count(checked, 'file')} checked, ${count(problems.length, 'problem')}.`,
  );
  return lines;
}

function importedLine({ path, sizeBytes, cabinet }: ImportedFile): string {
  const about = cabinet
    ? `${cabinet.members === 1 ? '1 member' : `${cabinet.members} members`}, ${cabinet.signature}${cabinet.signer && ` (${cabinet.signer})`}`
    : 'no cabinet';
  return `  ${path}  ${bytes(sizeBytes)}, ${about}`;
}

function showProgress(path: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[Kchecking ${visibleText(path)}`);
}

function endProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

function bytes(amount: number): string {
  return `${amount.toLocaleString('en')} bytes`;
}

function count(amount: number, what: string): string {
  return `${amount.toLocaleString('en')} ${what}${amount === 1 ? '' : 's'}`;
}

function print(document: unknown): void {
  console.log(jsonText(document, 2));
}
