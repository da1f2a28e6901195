// moult decline: offers updates to no client, whatever else was decided (Deny-WsusUpdate).

import { type Administration, declineAll } from '@moult/administration';
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

type Declined = Awaited<ReturnType<typeof declineAll>>[number];

async function runDecline(updates: string[], flags: RemoteFlags & { undo?: true }): Promise<void> {
  const isDeclined = flags.undo !== true;
  const here = (administration: Administration) => declineAll(administration, updates, isDeclined);
  const done = await perform(flags, here, async (api) => {
    const { items } = (await api.send('POST', '/declines', { updates, isDeclined })) as { items: Declined[] };
    return items;
  });
  present(listDocument(wholeList(done)), flags, ({ items }) =>
    items.map(({ title }) => `"${title}" is ${isDeclined ? 'declined' : 'not declined any more'}.`),
  );
}
