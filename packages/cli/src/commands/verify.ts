// moult verify: says who signed a file, whether it is unaltered, and whether the signer is one of ours. Exit code 0: yes to
// all.

import { rootCertificates } from 'node:tls';
import { FormatError } from '@moult/formats';
import { verifyInCatalog } from '@moult/formats/authenticode/catalogs';
import { microsoftRoots } from '@moult/formats/authenticode/roots';
import { type SignatureReport, type SignerReport, verifyFile } from '@moult/formats/authenticode/verify';
import { jsonText, visibleText } from '@moult/formats/text';
import type { Command } from 'commander';
import { readNamedFile } from '../files/named-file.ts';
import { type ServerOptions, withServer } from '../server-flags.ts';
import { requireServer } from '../server-options.ts';
import { operatorFiles, readCertificateFile, readMicrosoftRoots } from '../signing/certificate-files.ts';
import { exitCode, paint } from '../terminal.ts';

interface Flags extends ServerOptions {
  ca: string[];
  tsaCa: string[];
  catalog: string[];
  microsoftRoots: string[];
  acceptSha1?: true;
  claimedTime?: boolean;
  json?: true;
}

type Verdict = { file: string; report: SignatureReport } | { file: string; error: FormatError };

export function register(program: Command): void {
  withServer(program.command('verify'))
    .description(
      'check the Authenticode signatures of cabinets, programs (.exe, .dll), Windows Installer files (.msi, .msp) and security catalogs (.cat). --data-dir or --config: trust the operator CA of that server',
    )
    .argument('<files...>', 'the files')
    .option(
      '--ca <file>',
      'trusted certificates (PEM or DER). Default: the public roots of Node.js. May be repeated',
      collect,
      [],
    )
    .option(
      '--tsa-ca <file>',
      'trusted certificates for time stamps. Default: those of --ca. May be repeated',
      collect,
      [],
    )
    .option(
      '--microsoft-roots <file>',
      "trust Microsoft's roots in this file (PEM or DER). Moult checks their thumbprints. You can repeat the option",
      collect,
      [],
    )
    .option(
      '--catalog <file>',
      'check that this security catalog (.cat) is trusted and names the files. You can repeat the option',
      collect,
      [],
    )
    .option('--accept-sha1', "let SHA-1 and RSA keys from 1024 bits on count, for Microsoft's old files")
    .option('--claimed-time', "without a trusted time stamp, use the signer's own time")
    .option('--no-claimed-time', 'without a trusted time stamp, judge certificates by now (the default)')
    .option('--json', 'print one JSON document')
    .action(run);
}

/** An option that may be given several times. */
function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

async function run(files: string[], flags: Flags): Promise<void> {
  const trusted = trustedCertificates(flags);
  const trustedForTime = flags.tsaCa.map(readCertificateFile);
  const inputs = files.map((file) => ({ file, bytes: readNamedFile(file) }));
  const catalogs = flags.catalog.map((file) => readNamedFile(file));
  const verdicts: Verdict[] = [];
  for (const { file, bytes } of inputs) {
    const options = {
      trustedCertificatesPem: trusted,
      ...(trustedForTime.length > 0 ? { trustedTimestampCertificatesPem: trustedForTime } : {}),
      acceptSha1: flags.acceptSha1 === true,
      acceptClaimedTime: flags.claimedTime === true,
      now: new Date(),
    };
    verdicts.push(await judge(file, bytes, catalogs, options));
  }
  if (flags.json) console.log(jsonText(asDocument(verdicts)));
  else for (const verdict of verdicts) printVerdict(verdict);
  process.exitCode = verdicts.every(isTrusted) ? exitCode.fine : exitCode.findings;
}

/** A server counts when it is named on the command line: who it is decides whom to trust. */
function trustedCertificates({ ca, microsoftRoots: roots, ...server }: Flags): string[] {
  const isNamed = server.dataDir !== undefined || server.config !== undefined;
  const named = [...ca, ...(isNamed ? [operatorFiles(requireServer(server).dataDir).ca] : [])];
  const given = [...named.map(readCertificateFile), ...roots.map(readMicrosoftRoots)];
  return given.length > 0 ? given : [...rootCertificates];
}

type Options = Parameters<typeof verifyFile>[1];

async function judge(
  file: string,
  bytes: Uint8Array,
  catalogs: readonly Uint8Array[],
  options: Options,
): Promise<Verdict> {
  try {
    if (catalogs.length === 0) return { file, report: await verifyFile(bytes, options) };
    return { file, report: await judgeByCatalogs(bytes, catalogs, options) };
  } catch (error) {
    if (error instanceof FormatError) return { file, error };
    throw error;
  }
}

/** The report of the catalog that vouches for the file, else of one that names it, else of the first. */
async function judgeByCatalogs(
  bytes: Uint8Array,
  catalogs: readonly Uint8Array[],
  options: Options,
): Promise<SignatureReport> {
  const reports: SignatureReport[] = [];
  for (const catalog of catalogs) reports.push(await verifyInCatalog(bytes, catalog, options));
  const names = ({ problems }: SignatureReport) => !problems.some(({ code }) => code === 'SIGNATURE_NOT_IN_CATALOG');
  const [first] = reports;
  return (reports.find(({ trusted }) => trusted) ?? reports.find(names) ?? first) as SignatureReport;
}

function isTrusted(verdict: Verdict): boolean {
  return 'report' in verdict && verdict.report.trusted;
}

function asDocument(verdicts: readonly Verdict[]) {
  const files = verdicts.map((verdict) => {
    if ('report' in verdict) return { file: verdict.file, ...verdict.report };
    const { code, message, offset } = verdict.error;
    return { file: verdict.file, signed: false, trusted: false, problems: [{ code, message, offset }] };
  });
  return { trusted: verdicts.every(isTrusted), files };
}

function printVerdict(verdict: Verdict): void {
  if ('error' in verdict) {
    console.log(`${verdict.file}: ${paint('red', 'cannot be checked')}`);
    printLine(verdict.error.code, verdict.error.message);
    return;
  }
  const { file, report } = verdict;
  console.log(`${file}: ${headline(report)}`);
  for (const { code, message } of report.problems) printLine(code, message);
  const root = missingMicrosoftRoot(report);
  if (root)
    printLine(
      'advice',
      `${root} is a root of Microsoft. Fetch it as "Microsoft's roots" in docs/signing.md says, and name it with --microsoft-roots.`,
    );
  for (const signer of report.signers) printSigner(signer);
  for (const { message } of report.notes) printLine('note', message);
}

function headline({ trusted, signed, signers, problems }: SignatureReport): string {
  if (trusted) return paint('green', 'trusted');
  if (!signed) return paint('red', 'not signed');
  const isIntact = signers.every((signer) => signer.intact) && problems.every(({ code }) => !unfit.has(code));
  return isIntact ? paint('yellow', 'unaltered, but NOT trusted') : paint('red', 'NOT trusted');
}

/** The root of Microsoft at which a chain ends that was not given. */
function missingMicrosoftRoot({ problems, signers }: SignatureReport): string | undefined {
  if (!problems.some(({ code }) => code === 'SIGNATURE_UNTRUSTED_CHAIN')) return undefined;
  const issuers = signers.map(({ chain }) => chain.at(-1)?.issuer ?? '');
  return microsoftRoots.find(({ name }) => issuers.some((issuer) => issuer.split(/, |\n/).includes(`CN=${name}`)))
    ?.name;
}

/** Problems of the file as a whole that say it is not as its signer left it. */
const unfit = new Set(['SIGNATURE_MALFORMED', 'SIGNATURE_APPENDED_DATA', 'SIGNATURE_BAD_LAYOUT']);

function printSigner(signer: SignerReport): void {
  const { subject, thumbprint, digestAlgorithm, nested, timestamps, chain, description, url } = signer;
  printLine(nested ? 'also signed' : 'signed by', `${subject} (${digestAlgorithm}, thumbprint ${thumbprint})`);
  if (description !== undefined || url !== undefined) printLine('about', [description, url].filter(Boolean).join(', '));
  if (chain.length > 1) printLine('chain', chain.map((certificate) => certificate.subject).join(' < '));
  printLine('time', timeOf(signer));
  for (const stamp of timestamps) {
    const trust = stamp.trusted ? '' : ', not trusted';
    printLine('time stamp', `${stamp.time.toISOString()} by ${stamp.authority} (${stamp.kind}${trust})`);
  }
}

function timeOf({ judgedAt, claimedTime }: SignerReport): string {
  const claim = claimedTime ? `, the signer says ${claimedTime.toISOString()}` : '';
  const says = { timestamp: 'time stamp', signer: 'the signer says', now: `judged by now${claim}` }[judgedAt.by];
  return `${judgedAt.time.toISOString()} (${says})`;
}

/** Signed text comes from strangers. */
function printLine(label: string, text: string): void {
  console.log(`  ${label.padEnd(12)} ${visibleText(text)}`);
}
