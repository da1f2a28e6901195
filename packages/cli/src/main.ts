// The moult command: arguments in, exit code out. Each command is a file in commands/, loaded only when asked for.
// Exit codes: 0 fine, 1 findings or failure, 2 wrong usage.
import { run } from './run.ts';
import { guardConsole, outliveReaders } from './terminal.ts';

guardConsole();
outliveReaders();

/** Fulfilled when the command is done. The exit code is set by then. */
export const ended = run(process.argv.slice(2));
