// moult agent, and what an administrator of a server makes for machines that have no agent yet: installers, and the line that
// fetches one. The program of a bundle has commands/agent.ts alone.
import { bundleFormats, platforms } from '@moult/releases/bundle';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { BundleFlags, InstallLineFlags } from '../bundle/make-bundle.ts';
import { withServerOptions } from '../server-flags.ts';
import { asServerUrl, register as registerAgent } from './agent.ts';

export function register(program: Command): void {
  registerAgent(program);
  const agent = program.commands.find((one) => one.name() === 'agent');
  if (!agent) return;
  withCommon(agent.command('bundle'))
    .description('make an installer of the agent that holds its runtime, and the certificate and root that it trusts')
    .addOption(new Option('--platform <name>', 'system of the computers').choices(platforms).makeOptionMandatory())
    .addOption(new Option('--format <format>', 'Default: tar.gz for Linux, zip for Windows').choices(bundleFormats))
    .option('--out <dir>', 'folder for the file', '.')
    .option('--server <url>', 'update server to write into the bundle, as http://host:8530', asServerUrl)
    .action(async (flags: BundleFlags) => (await import('../bundle/make-bundle.ts')).makeBundle(flags));
  withCommon(agent.command('install-line'))
    .description('make the installers that this server hands out, and print the line that installs the agent')
    .requiredOption('--server <url>', 'this server as its clients call it, as http://host:8530', asServerUrl)
    .action(async (flags: InstallLineFlags) => (await import('../bundle/make-bundle.ts')).makeInstallLine(flags));
}

function withCommon(command: Command): Command {
  return withServerOptions(command)
    .option('--group <name>', 'target group of the computers', asGroup)
    .option('--runtime <file>', 'npm package with Node, from "npm pack". May be repeated', collect, [])
    .option('--level <n>', 'compression, from 0 (none) to 9 (smallest)', asLevel, 6);
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

/** The line must stay one line. */
function asGroup(written: string): string {
  if (/\p{Cc}/u.test(written)) throw new InvalidArgumentError('It must not contain control characters.');
  return written;
}

function asLevel(written: string): number {
  if (!/^\d$/.test(written)) throw new InvalidArgumentError('It is a whole number from 0 to 9.');
  return Number(written);
}
