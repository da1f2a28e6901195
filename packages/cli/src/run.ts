// One moult command within this process: what main.ts does with the arguments of the process, and tests with their own.
import { serverVersion } from '@moult/store/version';
import { Command, CommanderError, type OutputConfiguration } from 'commander';
import { type CommandModule, commands } from './commands/index.ts';
import { acceptLimits, giveLimits } from './limits/give-limits.ts';
import { exitCode, reportFailure } from './terminal.ts';

/** Runs a command, given as typed after `moult`. Sets process.exitCode when it is not 0. `output`: of help and usage errors. */
export async function run(typed: readonly string[], output: OutputConfiguration = {}): Promise<void> {
  const program = new Command('moult')
    .description('An open, WSUS-compatible update server whose clients update themselves first')
    .version(serverVersion)
    .configureOutput(output)
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .exitOverride()
    .hook('preAction', (_, command) => giveLimits(command, process.env));
  try {
    await loadInto(program, typed[0]);
    await program.parseAsync(typed, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCode.fine : exitCode.usage;
    else process.exitCode = reportFailure(error, typed.includes('--json'));
  }
}

/** Loads the one command asked for; all of them when none, or an unknown one, is (help and suggestions need all). */
async function loadInto(target: Command, asked = ''): Promise<void> {
  const chosen = Object.hasOwn(commands, asked) ? commands[asked] : undefined;
  const loaders = chosen ? [chosen] : Object.values(commands);
  const modules: CommandModule[] = await Promise.all(loaders.map((load) => load()));
  // One file may hold several commands.
  for (const module of new Set(modules)) module.register(target);
  prepare(target);
}

function prepare(command: Command): void {
  if (command.commands.length === 0) acceptLimits(command);
  for (const child of command.commands) {
    child.exitOverride();
    prepare(child);
  }
}
