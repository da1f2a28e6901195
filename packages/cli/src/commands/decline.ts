// moult decline: offers an update to no client, whatever else was decided (Deny-WsusUpdate).

import { decline } from '@moult/administration';
import type { Command } from 'commander';
import { present } from '../output.ts';
import { type AdministrationFlags, administer, withServerOptions } from '../server-options.ts';

export function register(program: Command): void {
  withServerOptions(program.command('decline').argument('<update>', 'GUID, KB number, or title or a part of it'))
    .description('decline an update (Deny-WsusUpdate). --undo removes the decline')
    .option('--undo', 'remove the decline: the earlier decisions count again')
    .action(runDecline);
}

async function runDecline(update: string, flags: AdministrationFlags & { undo?: true }): Promise<void> {
  const isDeclined = flags.undo !== true;
  const document = await administer(flags, (administration) => decline(administration, update, isDeclined));
  present(document, flags, ({ title }) => [`"${title}" is ${isDeclined ? 'declined' : 'not declined any more'}.`]);
}
