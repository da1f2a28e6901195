// One moult command within this process: main.ts runs it with the arguments of the process, and tests with their own.
import { serverVersion } from '@moult/store/version';
import { Command, CommanderError, Help, type OutputConfiguration } from 'commander';
import { commandExamples } from './command-examples.ts';
import { descriptions } from './commands/descriptions.ts';
import { type CommandModule, commandNamed, commands } from './commands/index.ts';
import { acceptLimits, giveLimits } from './limits/give-limits.ts';
import { exitCode, reportFailure, UsageError } from './terminal.ts';
import { refuseUnknownCommand } from './unknown-command.ts';
import { nameUnknownVariables } from './unknown-variables.ts';

/**
 * Runs a command, given as typed after `moult`. Sets process.exitCode when it is not 0. `output`: of help and usage
 * errors.
 */
export async function run(typed: readonly string[], output: OutputConfiguration = {}): Promise<void> {
  try {
    const [first, second] = typed;
    const asked = (first === 'help' ? second : first) ?? '';
    // A completion is about every command.
    const program = await createProgram(first === 'completion' ? undefined : asked, output);
    refuseUnknownCommand(program, typed);
    await program.parseAsync(typed, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? exitCode.fine : exitCode.usage;
      if (error.exitCode !== 0 && typed.includes('--json'))
        reportFailure(new UsageError(usageWords(error.message)), true);
    } else process.exitCode = reportFailure(error, typed.includes('--json'));
  }
}

/**
 * The program with all commands. If one is `asked` for, it has that one alone. If that is not a command, it has the
 * names and descriptions of all. Help and suggestions need no more.
 */
export async function createProgram(asked?: string, output: OutputConfiguration = {}): Promise<Command> {
  const program = new Command('moult')
    .description('An open, WSUS-compatible update server whose clients update themselves first')
    .version(serverVersion)
    .configureOutput({ outputError: withCode, ...output })
    .enablePositionalOptions()
    .configureHelp({ subcommandTerm: termOf })
    .showSuggestionAfterError()
    .exitOverride()
    .hook('preAction', async (_, command) => {
      for (const sentence of await nameUnknownVariables(process.env)) console.error(`moult: ${sentence}`);
      await giveLimits(command, process.env);
    });
  await loadInto(program, asked);
  return program;
}

/** The words of commander about wrong usage, with our code in front as every error has it. */
function withCode(text: string, write: (text: string) => void): void {
  write(text.replace(/^error: /, 'moult: CLI_USAGE: '));
}

function usageWords(message: string): string {
  return message.replace(/^error: /, '');
}

/** A command of the program by its name alone: its arguments are in its own help. */
function termOf(this: Help, command: Command): string {
  return command.parent?.parent ? Help.prototype.subcommandTerm.call(this, command) : command.name();
}

async function loadInto(target: Command, asked: string | undefined): Promise<void> {
  const chosen = asked === undefined ? undefined : commandNamed(asked);
  if (asked !== undefined && !chosen) {
    for (const [name, description] of Object.entries(descriptions)) target.command(name).description(description);
    return;
  }
  const loaders = chosen ? [chosen] : Object.values(commands);
  const modules: CommandModule[] = await Promise.all(loaders.map((load) => load()));
  // One file may hold several commands.
  for (const module of new Set(modules)) module.register(target);
  prepare(target);
}

function prepare(command: Command, words: readonly string[] = []): void {
  const example = commandExamples[words.join(' ')];
  if (example !== undefined) command.addHelpText('after', `\nExample:\n  ${example}`);
  if (command.commands.length === 0) acceptLimits(command);
  for (const child of command.commands) {
    child.exitOverride();
    prepare(child, [...words, child.name()]);
  }
}
