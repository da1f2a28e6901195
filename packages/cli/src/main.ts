// The moult command: arguments in, exit code out. Each command is a file in commands/, loaded only when asked for.
// Exit codes: 0 fine, 1 findings or failure, 2 wrong usage.
import { Command, CommanderError } from 'commander';
import { type CommandModule, commands } from './commands/index.ts';
import { reportFailure } from './terminal.ts';

const version = '0.1.0';

const program = new Command('moult')
  .description('An open, WSUS-compatible update server whose clients update themselves first')
  .version(version)
  .enablePositionalOptions()
  .showSuggestionAfterError()
  .exitOverride();

try {
  await loadInto(program, process.argv[2]);
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else process.exitCode = reportFailure(error, process.argv.includes('--json'));
}

/** Loads the one command asked for; all of them when none, or an unknown one, is (help and suggestions need all). */
async function loadInto(target: Command, asked: string | undefined): Promise<void> {
  const chosen = asked === undefined ? undefined : commands[asked];
  const loaders = chosen ? [chosen] : Object.values(commands);
  const modules: CommandModule[] = await Promise.all(loaders.map((load) => load()));
  // One file may hold several commands.
  for (const module of new Set(modules)) module.register(target);
  inheritExit(target);
}

function inheritExit(command: Command): void {
  for (const child of command.commands) {
    child.exitOverride();
    inheritExit(child);
  }
}
