// moult decline: offers updates to no client, whatever else was decided (Deny-WsusUpdate).

import { decline, findUpdate } from '@moult/administration';
import type { Command } from 'commander';
import { listDocument, wholeList } from '../lists.ts';
import { present } from '../output.ts';
import { type AdministrationFlags, administer, withServerOptions } from '../server-options.ts';

export function register(program: Command): void {
  withServerOptions(
    program.command('decline').argument('<updates...>', 'GUIDs, KB numbers, or titles or parts of them'),
  )
    .description('decline updates (Deny-WsusUpdate). --undo removes the decline')
    .option('--undo', 'remove the decline: the earlier decisions count again')
    .action(runDecline);
}

async function runDecline(updates: string[], flags: AdministrationFlags & { undo?: true }): Promise<void> {
  const isDeclined = flags.undo !== true;
  const done = await administer(flags, async (administration) => {
    // A mistyped last one leaves the first ones as they were.
    const ids: string[] = [];
    for (const update of updates) ids.push((await findUpdate(administration.store, update)).updateId);
    const declined: Awaited<ReturnType<typeof decline>>[] = [];
    for (const id of new Set(ids)) declined.push(await decline(administration, id, isDeclined));
    return declined;
  });
  present(listDocument(wholeList(done)), flags, ({ items }) =>
    items.map(({ title }) => `"${title}" is ${isDeclined ? 'declined' : 'not declined any more'}.`),
  );
}
