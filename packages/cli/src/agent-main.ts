// moult-agent: the commands of `moult agent` as one program, which travels in a bundle (scripts/build.ts). It trusts the
// certificate and the root that lie beside it, never what a server says first.
import { readServiceStatus, readStatus, serviceHolder } from '@moult/agent';
import { type Command, CommanderError, Command as Program } from 'commander';
import { installedBundle } from './bundle/installed-bundle.ts';
import { register } from './commands/agent.ts';
import { machineOf } from './commands/agent-options.ts';
import { exitCode, guardConsole, reportFailure, UsageError } from './terminal.ts';

interface SetupFlags {
  server?: string;
  group?: string;
  root?: string;
  service: boolean;
  start: boolean;
}

guardConsole();
await run(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCode.fine : exitCode.usage;
  else process.exitCode = reportFailure(error, process.argv.includes('--json'));
});

async function run(typed: readonly string[]): Promise<void> {
  const bundle = installedBundle();
  if (!bundle) throw new UsageError('This program runs from its bundle alone. Use "moult agent" in its place.');
  speakAs(bundle.brand.id);
  let setup: SetupFlags | undefined;
  const parse = async (words: readonly string[]) => {
    const agent = agentCommand(bundle.brand.id);
    addSetup(agent, (flags) => {
      setup = flags;
    });
    for (const command of [agent, ...agent.commands.flatMap((one) => [one, ...one.commands])]) command.exitOverride();
    await agent.parseAsync(words, { from: 'user' });
  };
  const pinned = ['--operator-cert', bundle.operatorCertificate, '--trust-root', bundle.trustRoot];
  const [first, ...rest] = typed;
  await parse(first === 'install' ? ['install', ...pinned, ...rest] : typed);
  if (!setup) return;

  const { root, service, start } = setup;
  const place = root === undefined ? [] : ['--root', root];
  const status = readStatus(machineOf(setup));
  const server = orUndefined(setup.server) ?? bundle.server ?? status.server;
  const group = orUndefined(setup.group) ?? bundle.group ?? status.targetGroup;
  if (!server) {
    console.log(`No server is set yet. Run: ${bundle.brand.id} setup --server http://server:8530`);
    return;
  }
  const target = ['--server', server, ...(group ? ['--group', group] : [])];
  // The program that could have stopped it before may have been the broken one.
  if (serviceHolder(machineOf(setup))) await parse(['stop', ...place]);
  if (process.exitCode) return;
  await parse(['install', ...pinned, ...target, ...place]);
  if (!service || process.exitCode) return;
  const { unavailable } = readServiceStatus(machineOf(setup));
  // A container, or an image that is being made: the service is there when its system starts.
  const isStarted = start && unavailable === undefined;
  await parse(['service', 'install', ...(isStarted ? [] : ['--no-start']), ...place]);
  if (unavailable !== undefined) console.error(`note: the agent does not run yet: ${unavailable}.`);
}

/** This machine has no command "moult". Messages name the command that it has, and errors begin with it. */
function speakAs(id: string): void {
  const own = (text: string) =>
    text.replaceAll(/\bmoult agent (?=[a-z])/g, `${id} `).replace(/^((?:\p{Cc}\[\d+m)*)moult: /u, `$1${id}: `);
  for (const name of ['log', 'error'] as const) {
    const print = console[name].bind(console);
    console[name] = (...values: unknown[]) => print(...values.map((one) => (typeof one === 'string' ? own(one) : one)));
  }
}

/** Windows Installer has no empty properties: `-` stands for nothing. */
function orUndefined(value: string | undefined): string | undefined {
  return value === '' || value === '-' ? undefined : value;
}

/** `moult agent` as a program of its own. */
function agentCommand(name: string): Command {
  const program = new Program();
  register(program);
  const agent = program.commands.find((one) => one.name() === 'agent');
  if (!agent) throw new Error('There is no command agent.');
  agent.parent = null;
  return agent.name(name).enablePositionalOptions().showSuggestionAfterError();
}

function addSetup(agent: Command, chosen: (flags: SetupFlags) => void): void {
  agent
    .command('setup')
    .description('install the agent of this bundle, or repair it, and run it as a service')
    .option('--server <url>', 'update server. Default: that of the bundle, or the one of before')
    .option('--group <name>', 'target group. Default: that of the bundle, or the one of before')
    .option('--no-service', 'only install')
    .option('--no-start', 'do not start the service now')
    .option('--root <dir>', 'folder that holds a whole machine. Default: this machine')
    .action(chosen);
}
