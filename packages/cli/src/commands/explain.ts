// moult explain COMPUTER [UPDATE]: the causal answer from everything the server knows.
import type { Command } from 'commander';
import { type ExplainOptions, explainComputer } from '../doctor/explain.ts';
import { withServerOptions } from '../server-options.ts';

export function register(program: Command): void {
  withServerOptions(program.command('explain'))
    .description('why a computer is where it is; with an update, why it is or is not offered that one')
    .argument('<computer>', 'its name, address or SusClientId')
    .argument('[update]', 'an update id')
    .option('--redact', 'mask names, addresses and ids')
    .option('--report <file>', 'also write one self-contained HTML page')
    .action((computer: string, update: string | undefined, options: ExplainOptions) =>
      explainComputer(computer, update, options),
    );
}
