// moult doctor: why is this computer not updating? One subcommand for each end of the ladder. Each
// loads its own part only: `logs` has no use for the server and the agent, and its memory is promised.

import type { ClientOptions } from '@moult/doctor/client';
import type { TlsOptions } from '@moult/doctor/net';
import { isProxyKind, proxyKinds, proxySnippet } from '@moult/doctor/proxy';
import type { ServerOptions } from '@moult/doctor/server';
import { explainCode } from '@moult/doctor/words';
import type { Command } from 'commander';
import type { ReportOptions } from '../doctor/deliver.ts';
import type { FixOptions } from '../doctor/fix.ts';
import type { HomeOptions } from '../doctor/home.ts';
import { withServer } from '../server-flags.ts';
import { exitCode, reportFailure, UsageError } from '../terminal.ts';

const explainHelp =
  'explain a code: a finding, an HRESULT, an HTTP status (500.24), an event id of WSUS, an ErrorCode of a SOAP fault';

interface Explain {
  explain?: string;
}

const exitCodes =
  '\nExit codes: 0 healthy, 1 findings, 2 the doctor could not run, 3 undecided (what was read does not decide it).';

export function register(program: Command): void {
  const doctor = program
    .command('doctor')
    .description("find out why a computer is not updating, from its end or from the server's")
    .option('--explain <code>', explainHelp)
    .addHelpText('after', exitCodes)
    .action((options: { explain?: string }) => {
      if (options.explain === undefined)
        throw new UsageError('say what to examine: moult doctor server|client|logs|tls|content|self|fix');
      printExplanation(options.explain);
    });
  withReportOptions(doctor.command('logs').argument('[path...]', 'log files or folders'))
    .description("the story of each client's self-update from IIS, proxy, client and server logs")
    .action((paths: string[], options: ReportOptions & Explain) =>
      examine(options, async () => {
        if (paths.length === 0) throw new UsageError('say which logs to read: moult doctor logs FILE|DIR …');
        const { doctorLogs } = await import('../doctor/logs.ts');
        return doctorLogs(paths, options);
      }),
    );
  registerServer(doctor);
  registerClient(doctor);
  registerHome(doctor);
  registerFix(doctor);
}

function registerServer(doctor: Command): void {
  withReportOptions(doctor.command('server').argument('[url]', 'as in WUServer, for example http://server:8530'))
    .description('check a server from the outside, as each kind of client does')
    .option('--client <kind...>', 'as which client: os=XP,arch=x86,lang=EN[,version=5.4.0.0][,agent=moult]')
    .option('--self-update-port <port>', 'where old clients look for the tree, or off', '80')
    .option('--ca <file>', 'PEM of the certificate that the clients trust')
    .option('--timeout <seconds>', 'longest wait for an answer', '15')
    .option(
      '--proxy-snippets <kind>',
      'print the exclusion for a proxy in front (nginx, apache, caddy, haproxy, iis-arr, all)',
    )
    .action((url: string | undefined, options: ServerOptions & ReportOptions & Explain & { proxySnippets?: string }) =>
      examine(options, async () => {
        const address = required(url, 'moult doctor server URL');
        const { doctorServer, parseServerUrl } = await import('../doctor/server.ts');
        return options.proxySnippets === undefined
          ? doctorServer(address, options)
          : printSnippets(parseServerUrl(address), options.proxySnippets);
      }),
    );
}

function registerClient(doctor: Command): void {
  withReportOptions(doctor.command('client'))
    .description('look at a client: this machine, an agent root, or files that somebody sent in')
    .option('--root <dir>', 'a machine in a folder, as moult agent makes it')
    .option('--registry <file...>', 'registry exports (.reg), the output of reg query /s, or a Registry.pol')
    .option('--log <path...>', 'its logs, files or folders')
    .option('--urllog <file...>', 'its urllog.dat')
    .option('--server <url>', 'also ask this server')
    .option('--client <kind...>', 'with --server: as which client, os=XP,arch=x86,lang=EN')
    .option('--self-update-port <port>', 'with --server: where old clients look for the tree, or off', '80')
    .option('--ca <file>', 'with --server: PEM of the certificate that the clients trust')
    .option('--timeout <seconds>', 'with --server: longest wait for an answer', '15')
    .option('--now <time>', 'judge waiting times by this moment (ISO 8601) rather than by the newest line sent in')
    .action((options: ClientOptions & ReportOptions & Explain) =>
      examine(options, async () => (await import('../doctor/client.ts')).doctorClient(options)),
    );
}

function registerHome(doctor: Command): void {
  const ofServer = (command: Command) => withReportOptions(withServer(command));
  withReportOptions(doctor.command('tls').argument('[url]', 'for example https://server:8531'))
    .description('look at a TLS port: versions, certificate, chain, inspection')
    .option('--ca <file>', 'PEM of the CA that the clients trust')
    .action((url: string | undefined, options: TlsOptions & ReportOptions & Explain) =>
      examine(options, async () => {
        const address = required(url, 'moult doctor tls URL');
        const { doctorTls } = await import('../doctor/server.ts');
        return doctorTls(address, options);
      }),
    );
  ofServer(doctor.command('content'))
    .description("check every file in this server's content folder")
    .action((options: HomeOptions & Explain) =>
      examine(options, async () => (await import('../doctor/home.ts')).doctorContent(options)),
    );
  ofServer(doctor.command('self'))
    .description('check this server: process, keys, tree, database, and what it answers')
    .option('--self-update-port <port>', 'where old clients look for the tree, or off. Default: as the server has it')
    .action((options: HomeOptions & Explain) =>
      examine(options, async () => (await import('../doctor/home.ts')).doctorSelf(options)),
    );
}

function registerFix(doctor: Command): void {
  withServer(doctor.command('fix'))
    .description('fix safe faults of a Moult agent or server. Asks first, and writes an undo file')
    .option('--root <dir>', 'folder of an agent. Without it, the command fixes a server')
    .option('--dry-run', 'show the changes without making them')
    .option('--yes', 'do not ask')
    .option('--undo <file>', 'undo the changes that an undo file lists')
    .option('--undo-file <file>', 'where to write the undo file')
    .option('--json', 'one JSON document on stdout')
    .action((options: FixOptions) =>
      examine(options, async () => (await import('../doctor/fix.ts')).doctorFix(options)),
    );
}

function printSnippets(url: URL, wanted: string): void {
  const kinds = wanted === 'all' ? proxyKinds : [wanted];
  for (const kind of kinds) {
    if (!isProxyKind(kind)) throw new UsageError(`--proxy-snippets ${wanted}: one of ${proxyKinds.join(', ')}, all`);
    console.log(proxySnippet(kind, url));
  }
}

function withReportOptions(command: Command): Command {
  return command
    .option('--json', 'one JSON document on stdout')
    .option('--redact', 'mask names, addresses and ids')
    .option('--report <file>', 'also write one self-contained HTML page')
    .option('--explain <code>', `${explainHelp}. Does not examine anything`);
}

/** Exit code 2 is "could not run" for every doctor command, whatever it was that stopped it. */
async function examine(options: Explain & { json?: boolean }, run: () => void | Promise<void>): Promise<void> {
  try {
    if (options.explain === undefined) await run();
    else printExplanation(options.explain);
  } catch (error) {
    reportFailure(error, options.json === true);
    process.exitCode = exitCode.usage;
  }
}

function required(url: string | undefined, usage: string): string {
  if (url === undefined) throw new UsageError(`an address is missing: ${usage}`);
  return url;
}

function printExplanation(code: string): void {
  console.log(explainCode(code).trimEnd());
}
