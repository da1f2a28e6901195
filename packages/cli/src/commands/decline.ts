// moult decline: offers updates to no client, whatever else was decided (Deny-WsusUpdate).

import { type Administration, decline, findUpdate } from '@moult/administration';
import type { Command } from 'commander';
import { listDocument, wholeList } from '../lists.ts';
import { present } from '../output.ts';
import { perform, type RemoteFlags, withRemoteOptions } from '../remote/perform.ts';

export function register(program: Command): void {
  withRemoteOptions(
    program.command('decline').argument('<updates...>', 'GUIDs, KB numbers, or titles or parts of them'),
  )
    .description('decline updates (Deny-WsusUpdate). --undo removes the decline')
    .option('--undo', 'remove the decline: the earlier decisions count again')
    .action(runDecline);
}

type Declined = Awaited<ReturnType<typeof decline>>;

async function runDecline(updates: string[], flags: RemoteFlags & { undo?: true }): Promise<void> {
  const isDeclined = flags.undo !== true;
  const here = async (administration: Administration) => {
    // A mistyped last one leaves the first ones as they were.
    const ids: string[] = [];
    for (const update of updates) ids.push((await findUpdate(administration.store, update)).updateId);
    const declined: Declined[] = [];
    for (const id of new Set(ids)) declined.push(await decline(administration, id, isDeclined));
    return declined;
  };
  const done = await perform(flags, here, async (api) => {
    const { items } = (await api.send('POST', '/declines', { updates, isDeclined })) as { items: Declined[] };
    return items;
  });
  present(listDocument(wholeList(done)), flags, ({ items }) =>
    items.map(({ title }) => `"${title}" is ${isDeclined ? 'declined' : 'not declined any more'}.`),
  );
}
