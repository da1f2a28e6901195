// moult explain COMPUTER [UPDATE], or UPDATE --group GROUP: the causal answer from everything the server knows.
import type { Command } from 'commander';
import { type ExplainOptions, explainComputer, explainGroup } from '../doctor/explain.ts';
import { withServerOptions } from '../server-flags.ts';

export function register(program: Command): void {
  withServerOptions(program.command('explain'))
    .description('explain the state of a computer, or why it is offered an update or not')
    .argument('<computer>', 'name, address or SusClientId of the computer. With --group: the update')
    .argument('[update]', 'GUID, KB number, or title or a part of it')
    .option('--group <group>', 'why the update is not on all computers of this group')
    .option('--redact', 'mask names, addresses and ids')
    .option('--report <file>', 'also write one self-contained HTML page')
    .action((computer: string, update: string | undefined, options: ExplainOptions & { group?: string }) =>
      options.group === undefined
        ? explainComputer(computer, update, options)
        : explainGroup(computer, options.group, options),
    );
}
