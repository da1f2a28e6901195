// moult agent service: the agent as a service of this system.
import {
  installService,
  readServiceStatus,
  removeService,
  type ServiceInstalled,
  type ServiceRemoved,
  type ServiceStatus,
} from '@moult/agent';
import type { Command } from 'commander';
import { commandLimits } from '../bounds.ts';
import { serviceHostProgram } from '../bundle/installed-bundle.ts';
import { present } from '../output.ts';
import { exitCode, paint } from '../terminal.ts';
import { type CommonOptions, jsonOption, machineOf, rootOption } from './agent-options.ts';

/** Adds `moult agent service`. */
export function registerService(agent: Command): void {
  const service = agent
    .command('service')
    .description('the agent as a service of this system: systemd, launchd or Windows');
  service
    .command('install')
    .description('make the agent a service that starts with the system, and start it')
    .option('--no-start', 'do not start it now')
    .option('--force', 'replace a definition that somebody else wrote. A copy of it stays')
    .addOption(rootOption())
    .addOption(jsonOption())
    .action(install);
  service
    .command('remove')
    .description('stop the service and remove it. The agent stays installed')
    .option('--force', 'remove a definition that somebody else wrote. A copy of it stays')
    .addOption(rootOption())
    .addOption(jsonOption())
    .action(remove);
  service
    .command('status')
    .description('show the service. Exit code 1 if it does not run, or does not start with the system')
    .addOption(rootOption())
    .addOption(jsonOption())
    .action(status);
}

interface ChangeFlags extends CommonOptions {
  force?: true;
}

async function install(flags: ChangeFlags & { start: boolean }): Promise<void> {
  const { force = false, start } = flags;
  const waitMs = commandLimits.agentWaitMs;
  const done = await installService(machineOf(flags), { force, start, waitMs, serviceHost: serviceHostProgram() });
  present(done, flags, (document) => describeInstalled(document, start));
  conclude(done, flags);
}

function describeInstalled(done: ServiceInstalled, isStarted: boolean): string[] {
  const { service, manager, file, written, additions, running, notes } = done;
  return [
    written
      ? `The service ${service} is installed (${manager}: ${file}).`
      : `The service ${service} was there (${file}).`,
    ...notes,
    ...additions.map((path) => `Your drop-in ${path} adds to it.`),
    ...(running ? [`The agent is running (process ${running.pid}).`] : []),
    ...(isStarted ? [] : ['It starts with the system. Start it now with "moult agent start".']),
  ];
}

async function remove(flags: ChangeFlags): Promise<void> {
  const waitMs = commandLimits.agentWaitMs;
  const done = await removeService(machineOf(flags), {
    ...{ force: flags.force ?? false, waitMs },
    serviceHost: serviceHostProgram(),
  });
  present(done, flags, describeRemoved);
  conclude(done, flags);
}

function describeRemoved({ service, removed, copy, left }: ServiceRemoved): string[] {
  return [
    removed.length > 0 ? `The service ${service} is removed.` : `There is no service ${service}.`,
    ...removed.map((path) => `  removed  ${path}`),
    ...(copy === undefined ? [] : [`  left     ${copy} (its text had been changed)`]),
    ...left.map((path) => `  left     ${path} (an administrator wrote it)`),
  ];
}

function status(flags: CommonOptions): void {
  const known = readServiceStatus(machineOf(flags), { serviceHost: serviceHostProgram() });
  present(known, flags, describeServiceStatus);
  conclude(known, flags);
}

function describeServiceStatus(known: ServiceStatus): string[] {
  const { service, manager, file, installed, enabled, changed, additions, state, running } = known;
  const rows: [string, string | undefined][] = [
    ['manager', manager],
    ['file', installed ? `${file}${changed ? ' (changed by an administrator)' : ''}` : 'not installed'],
    ['start', installed ? (enabled ? 'with the system' : 'not with the system') : undefined],
    ['state', state],
    ['agent', running ? `running (process ${running.pid})` : 'stopped'],
    ...additions.map((path): [string, string] => ['drop-in', path]),
  ];
  const told = rows.flatMap(([label, value]) => (value === undefined ? [] : [`  ${label.padEnd(10)}${value}`]));
  return [paint('bold', service), ...told];
}

/** Prints the problems, and sets the exit code for them. In JSON the document has the problems. */
function conclude({ problems }: { problems: readonly string[] }, { json }: CommonOptions): void {
  if (!json) for (const problem of problems) console.error(paint('red', problem, process.stderr));
  process.exitCode = problems.length === 0 ? exitCode.fine : exitCode.findings;
}
