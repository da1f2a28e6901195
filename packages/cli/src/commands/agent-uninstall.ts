// moult agent uninstall: the machine as it was, and a word about everything that stays.
import { type Uninstalled, uninstallAgent } from '@moult/agent';
import type { Command } from 'commander';
import { commandLimits } from '../bounds.ts';
import { installedBundle } from '../bundle/installed-bundle.ts';
import { removeBundle } from '../bundle/remove-bundle.ts';
import { present } from '../output.ts';
import { exitCode, paint } from '../terminal.ts';
import { type CommonOptions, jsonOption, machineOf, rootOption } from './agent-options.ts';

/** Adds `moult agent uninstall`. */
export function registerUninstall(agent: Command): void {
  agent
    .command('uninstall')
    .description(
      'stop the agent and remove it with its service. It keeps the history and the settings of an administrator',
    )
    .option('--purge', 'remove the history, the settings and the policy file of the agent, too')
    .option('--dry-run', 'change nothing: show what it removes and what it keeps')
    .addOption(rootOption())
    .addOption(jsonOption())
    .action(uninstall);
}

async function uninstall(flags: CommonOptions & { purge?: true; dryRun?: true }): Promise<void> {
  const { purge = false, dryRun = false } = flags;
  const done = await uninstallAgent(machineOf(flags), { purge, dryRun, waitMs: commandLimits.agentWaitMs });
  const bundle = flags.root === undefined ? installedBundle() : undefined;
  if (bundle && done.problems.length === 0) {
    const { removed, left } = removeBundle(bundle, { dryRun });
    done.removed.push(...removed);
    done.left.push(...left);
  }
  present(done, flags, describe);
  if (!flags.json) for (const problem of done.problems) console.error(paint('red', problem, process.stderr));
  process.exitCode = done.problems.length === 0 ? exitCode.fine : exitCode.findings;
}

function describe({ root, dryRun, removed, left, problems }: Uninstalled): string[] {
  return [
    ...removed.map(({ what, name }) => `${dryRun ? 'remove ' : 'removed'}  ${name} (${what})`),
    ...left.map(({ what, name, why }) => `kept     ${name} (${what}: ${why})`),
    head(root, dryRun, removed.length, problems.length),
  ];
}

function head(root: string, dryRun: boolean, removed: number, problems: number): string {
  if (dryRun) return 'Nothing was changed.';
  if (problems > 0)
    return `The agent is not removed from ${root} completely. Correct the cause, and run the command again.`;
  if (removed === 0) return `There is no agent in ${root}.`;
  return `The agent is removed from ${root}. On the server, "moult computers remove NAME" removes the computer.`;
}
