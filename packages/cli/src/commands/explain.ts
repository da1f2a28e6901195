// moult explain COMPUTER [UPDATE]: the causal answer from everything the server knows.
import type { Command } from 'commander';
import { type ExplainOptions, explainComputer } from '../doctor/explain.ts';

export function register(program: Command): void {
  program
    .command('explain')
    .description('why a computer is where it is; with an update, why it is or is not offered that one')
    .argument('<computer>', 'its name, address or SusClientId')
    .argument('[update]', 'an update id')
    .option('--data-dir <dir>', "the server's data directory", process.env.MOULT_DATA_DIR ?? './moult-data')
    .option('--database <address>', 'where its database is, when not in the data directory')
    .option('--json', 'one JSON document on stdout')
    .option('--redact', 'mask names, addresses and ids')
    .option('--report <file>', 'also write one self-contained HTML page')
    .action((computer: string, update: string | undefined, options: ExplainOptions) =>
      explainComputer(computer, update, options),
    );
}
