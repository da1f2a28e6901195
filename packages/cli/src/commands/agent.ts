// moult agent: install, run and look at the agent of this machine, or of a directory that plays one.

import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type Generation,
  giveMachineLimits,
  installAgent,
  lockHolder,
  type MachineRoot,
  type NetworkOptions,
  type Outcome,
  onDisk,
  type ProgressEvent,
  readAgentPolicy,
  readStatus,
  requestDetection,
  serverUrl,
  serviceHolder,
  startHost,
  startService,
  stopHost,
  stopService,
  type TlsTrust,
  tlsTrusts,
} from '@moult/agent';
import { makeFolders } from '@moult/disk';
import { jsonText } from '@moult/formats/text';
import { architectures, canonicalLanguage, operatingSystems } from '@moult/protocol/self-update';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { commandLimits } from '../bounds.ts';
import { agentReleaseFolder } from '../bundle/installed-bundle.ts';
import { readNamedFile } from '../files/named-file.ts';
import { readCertificateFile } from '../signing/certificate-files.ts';
import { exitCode, paint, UsageError } from '../terminal.ts';
import { detectAndWait } from './agent-detect.ts';
import { type CommonOptions, jsonOption, machineOf, rootOption } from './agent-options.ts';
import { showPanel } from './agent-panel.ts';
import { describePolicy } from './agent-policy.ts';
import { registerService } from './agent-service.ts';
import { describeStatus } from './agent-status.ts';
import { registerUninstall } from './agent-uninstall.ts';
import { exitCodeOf, watchAgent } from './agent-watch.ts';

interface InstallFlags extends CommonOptions {
  server: string;
  generation: Generation;
  agentVersion?: string;
  operatorCert?: string;
  trustRoot?: string;
  os?: (typeof operatingSystems)[number];
  arch?: (typeof architectures)[number];
  lang?: string;
  group?: string;
  proxy?: string;
  proxyBypass?: string;
  proxyCredentials?: string;
  bandwidth?: number;
  tlsTrust?: TlsTrust;
}

export function register(program: Command): void {
  const agent = program
    .command('agent')
    .description('install and run the Automatic Updates agent of this machine, or of a folder');
  agent
    .command('install')
    .description('install the agent, or point it at another server')
    .requiredOption('--server <url>', 'update server, as http://host:8530', asServerUrl)
    .addOption(new Option('--generation <generation>', 'sus or wsus').choices(['sus', 'wsus']).default('wsus'))
    .option('--agent-version <version>', 'version of the release. Default: the newest of the generation')
    .option(
      '--operator-cert <file>',
      "the operator's CA certificate. Without it, the agent trusts that of the server on first use",
    )
    .option(
      '--trust-root <file>',
      "the root of the operator's trust metadata (N.root.json). Default: that of the server",
    )
    .addOption(new Option('--os <os>', 'system of the machine. Default: the real one').choices([...operatingSystems]))
    .addOption(
      new Option('--arch <arch>', 'processor of the machine. Default: the real one').choices([...architectures]),
    )
    .option('--lang <language>', 'language of the system, as en or pt-br', asLanguage)
    .option('--group <name>', 'target group (client-side targeting)')
    .option('--proxy <address>', 'http://host:port, direct, or auto: from the environment or WinHTTP')
    .option('--proxy-bypass <hosts>', 'hosts without a proxy, for example .corp.example,10.0.0.0/8')
    .option('--proxy-credentials <file>', 'file with one line USER:PASSWORD for the proxy of --proxy')
    .option('--bandwidth <kib>', 'take at most this number of KiB each second. 0: without a limit', asWholeNumber)
    .addOption(
      new Option(
        '--tls-trust <who>',
        'authority that certifies an https server: operator, system, or any of both',
      ).choices([...tlsTrusts]),
    )
    .addOption(rootOption())
    .addOption(jsonOption())
    .action(install);
  agent
    .command('run')
    .description('run the agent in this terminal until you stop it')
    .option('--once', 'end after one detection, and the self-update that follows')
    .option('--now', 'detect and install at once, without waiting for the schedule')
    .addOption(rootOption())
    .addOption(jsonOption())
    .action(run);
  agent
    .command('detect')
    .description('detect now: ask the running agent, or run one detection')
    .option('--wait', 'wait until the running agent has detected, and show the result')
    .option('--wait-seconds <seconds>', 'longest wait of --wait', asWaitSeconds, 900)
    .addOption(rootOption())
    .addOption(jsonOption())
    .action(detect);
  agent
    .command('status')
    .description('show the client, its version and its state')
    .option('--watch', 'show it again whenever it changes, until you press Ctrl+C')
    .addOption(rootOption())
    .addOption(jsonOption())
    .action(status);
  agent
    .command('policy')
    .description('show every value of the update policy, and its source')
    .addOption(rootOption())
    .addOption(jsonOption())
    .action(policy);
  agent
    .command('panel')
    .description('open Automatic Updates: choices, state, history and Check now')
    .option('--terminal', 'in this terminal, with the keyboard. Default: a page for a browser on this computer')
    .addOption(rootOption())
    .addOption(jsonOption())
    .action((flags: CommonOptions & { terminal?: boolean }) => showPanel(machineOf(flags), flags));
  agent
    .command('start')
    .description('start the agent in the background')
    .option('--now', 'detect at once')
    .addOption(rootOption())
    .action(start);
  agent.command('stop').description('stop the agent').addOption(rootOption()).action(stop);
  registerService(agent);
  registerUninstall(agent);
}

async function install(flags: InstallFlags): Promise<void> {
  const root = machineOf(flags);
  const installed = await installAgent(root, {
    server: flags.server,
    generation: flags.generation,
    releaseFolder: agentReleaseFolder(),
    ...(flags.agentVersion === undefined ? {} : { version: flags.agentVersion }),
    ...(flags.operatorCert === undefined
      ? {}
      : { operatorCertificate: Buffer.from(readCertificateFile(flags.operatorCert)) }),
    ...(flags.trustRoot === undefined ? {} : { trustRoot: readNamedFile(flags.trustRoot) }),
    ...(flags.os === undefined ? {} : { os: flags.os }),
    ...(flags.arch === undefined ? {} : { architecture: flags.arch }),
    ...(flags.lang === undefined ? {} : { language: flags.lang }),
    ...(flags.group === undefined ? {} : { targetGroup: flags.group }),
    network: networkOf(flags),
  });
  if (flags.json) return void console.log(jsonText({ root: root.folder, ...installed }));
  const { operator } = installed;
  console.log(`${installed.generation.toUpperCase()} client ${installed.version} is installed in ${root.folder}.`);
  console.log(`  server    ${installed.server}`);
  console.log(`  client    ${installed.clientId}`);
  console.log(`  operator  ${operator.subject}`);
  console.log(`            SHA-256 ${operator.fingerprint}`);
  console.log(
    `  trust     ${installed.trustRoot === undefined ? 'the server has no trust metadata yet' : `root, SHA-256 ${installed.trustRoot}`}`,
  );
  if (operator.trustedOnFirstUse) {
    console.error(
      'note: the operator certificate came from the server itself and is trusted from now on. Compare the fingerprint\n' +
        '      with the one that "moult tree list" shows on the server, or install with --operator-cert FILE.',
    );
  }
}

function networkOf({ proxy, proxyBypass, proxyCredentials, bandwidth, tlsTrust }: InstallFlags): NetworkOptions {
  return {
    ...(proxy === undefined ? {} : { proxy }),
    ...(proxyBypass === undefined ? {} : { proxyBypass }),
    ...(proxyCredentials === undefined ? {} : { proxyCredentials: readCredentials(proxyCredentials) }),
    ...(bandwidth === undefined ? {} : { bandwidth }),
    ...(tlsTrust === undefined ? {} : { tlsTrust }),
  };
}

/** Without a word of what is in the file. */
function readCredentials(file: string): { user: string; password: string } {
  const [, user, password] = /^([^:\r\n]+):([^\r\n]*)(?:\r?\n)?$/.exec(readNamedFile(file).toString('utf8')) ?? [];
  if (user === undefined || password === undefined) throw new UsageError(`${file} is not one line USER:PASSWORD.`);
  return { user, password };
}

async function run(flags: CommonOptions & { once?: boolean; now?: boolean }): Promise<void> {
  const root = machineOf(flags);
  for (const problem of giveMachineLimits(root, {})) console.error(`warning: ${problem}`);
  const host = startHost(root, {
    now: flags.now ?? false,
    once: flags.once ?? false,
    onEvent: (event) => console.error(describeEvent(event)),
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void host.stop());
  finish(await host.finished, flags);
}

async function detect(flags: CommonOptions & { wait?: boolean; waitSeconds: number }): Promise<void> {
  const root = machineOf(flags);
  const code = flags.wait ? await detectAndWait(root, flags) : undefined;
  if (code !== undefined) {
    process.exitCode = code;
    return;
  }
  if (!requestDetection(root)) return run({ ...flags, once: true, now: true });
  if (flags.json) console.log(jsonText({ requested: true }));
  else console.log('The running agent was asked to detect now; "moult agent status" shows what came of it.');
}

async function status(flags: CommonOptions & { watch?: boolean }): Promise<void> {
  const root = machineOf(flags);
  const known = flags.watch ? await watchAgent(() => readStatus(root), flags) : readStatus(root);
  if (!flags.watch && flags.json) console.log(JSON.stringify(known, (_, value) => value ?? null, 2));
  else if (!flags.watch) console.log(describeStatus(known));
  process.exitCode = known.installed && known.intact ? exitCode.fine : exitCode.findings;
}

function policy(flags: CommonOptions): void {
  const known = readAgentPolicy(machineOf(flags));
  if (flags.json) console.log(JSON.stringify(known, (_, value) => value ?? null, 2));
  else console.log(describePolicy(known));
  const isWrong = known.faults.length > 0 || known.values.some(({ fault }) => fault !== '');
  process.exitCode = isWrong ? exitCode.findings : exitCode.fine;
}

async function start(flags: CommonOptions & { now?: boolean }): Promise<void> {
  const root = machineOf(flags);
  const running = serviceHolder(root);
  if (running) return void console.log(`The agent is running already (process ${running.pid}).`);
  const problems = await startService(root, { waitMs: commandLimits.agentWaitMs });
  if (problems) {
    if (flags.now) requestDetection(root);
    return tellRunning(root, problems);
  }
  if (!readStatus(root).installed) {
    console.error(`No agent is installed in ${root.folder}. Run "moult agent install".`);
    process.exitCode = exitCode.findings;
    return;
  }
  const output = onDisk(dirname(root.hostOutput), () => {
    makeFolders(dirname(root.hostOutput));
    return openSync(root.hostOutput, 'a');
  });
  const child = spawn(process.execPath, [root.hostProgram, ...root.programArguments, ...(flags.now ? ['--now'] : [])], {
    detached: true,
    stdio: ['ignore', output, output],
    windowsHide: true,
  });
  const ended = new AbortController();
  child.once('exit', () => ended.abort());
  await until(() => lockHolder(root.hostLock) !== undefined, ended);
  child.unref();
  tellRunning(root, [`See ${root.hostOutput}.`]);
}

function tellRunning(root: MachineRoot, problems: readonly string[]): void {
  const holder = serviceHolder(root);
  if (holder) return void console.log(`The agent is running (process ${holder.pid}).`);
  console.error(['The agent did not start.', ...problems].join(' '));
  process.exitCode = exitCode.findings;
}

async function stop(flags: CommonOptions): Promise<void> {
  const root = machineOf(flags);
  const how = { waitMs: commandLimits.agentWaitMs };
  // A service that only its agent knows to be stopped is started again by its system.
  const byService = await stopService(root, how);
  if (!byService && !serviceHolder(root) && !lockHolder(root.hostLock))
    return void console.log('The agent is not running.');
  const problems = byService ?? (await stopHost(root, how));
  if (problems.length === 0) return void console.log('The agent is stopped.');
  for (const problem of problems) console.error(problem);
  process.exitCode = exitCode.findings;
}

/** Looks until it is so, or `ended`. A machine that is out of breath needs its time. */
async function until(isSo: () => boolean, ended?: AbortController): Promise<void> {
  for (const deadline = performance.now() + commandLimits.agentWaitMs; performance.now() < deadline; await pause(50))
    if (isSo() || ended?.signal.aborted) return;
}

function finish(outcome: Outcome | undefined, { json }: CommonOptions): void {
  if (json) console.log(jsonText(outcome ?? { ok: true, hresult: 0, message: 'stopped' }));
  else if (outcome) console.log(outcome.message);
  process.exitCode = exitCodeOf(outcome);
}

function describeEvent({ generation, version, step, text }: ProgressEvent): string {
  const who = paint(generation === 'sus' ? 'yellow' : 'cyan', `${generation.toUpperCase()} ${version}`, process.stderr);
  const what = step === 'failed' || step === 'reverted' ? paint('red', text, process.stderr) : text;
  return `${who}  ${what}`;
}

export function asServerUrl(written: string): string {
  try {
    return serverUrl(written);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function asWholeNumber(written: string): number {
  if (!/^\d{1,7}$/.test(written)) throw new InvalidArgumentError('It is a whole number of KiB, up to 9999999.');
  return Number(written);
}

function asWaitSeconds(written: string): number {
  const seconds = /^\d{1,6}$/.test(written) ? Number(written) : 0;
  if (seconds < 1 || seconds > 86_400) throw new InvalidArgumentError('It is a whole number of seconds, 1 to 86400.');
  return seconds;
}

function asLanguage(written: string): string {
  if (canonicalLanguage(written) === undefined)
    throw new InvalidArgumentError('It is not a language such as en or pt-br.');
  return written;
}
