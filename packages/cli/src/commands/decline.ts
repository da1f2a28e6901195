// moult decline: an update that nobody gets, whatever else was decided (Deny-WsusUpdate).

import { findDecidable } from '@moult/administration';
import type { Command } from 'commander';
import { type AdministrationFlags, administer, withServerOptions } from '../open-server.ts';
import { present } from '../output.ts';

export function register(program: Command): void {
  withServerOptions(program.command('decline').argument('<update>', 'GUID, KB number, or title or a part of it'))
    .description('offer an update to nobody (Deny-WsusUpdate); --undo takes that back')
    .option('--undo', 'decisions of before count again')
    .action(decline);
}

async function decline(update: string, flags: AdministrationFlags & { undo?: true }): Promise<void> {
  const isDeclined = flags.undo !== true;
  const document = await administer(flags, async ({ store, author }) => {
    const { updateId, title } = await findDecidable(store, update);
    await store.setDeclined(updateId, isDeclined, author);
    return { updateId, title, isDeclined };
  });
  present(document, flags, ({ title }) => [`"${title}" is ${isDeclined ? 'declined' : 'not declined any more'}.`]);
}
