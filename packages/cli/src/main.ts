// The moult command: arguments in, exit code out. Each command is a file in commands/, loaded only when asked for.
// Exit codes: 0 fine, 1 findings or failure, 2 wrong usage.
import { run } from './run.ts';
import { guardConsole } from './terminal.ts';

guardConsole();
await run(process.argv.slice(2));
