// A server at a glance, from its store and its disks, whether it runs or not.
import { serverVersion } from '@moult/store/version';
import { inspectDisks } from './disks.ts';
import type { Administration } from './open-server.ts';

const identityDays = 30;

/** `recount`: first counts everything again, and corrects the figures that the database keeps. */
export async function readStatus({ store, server, author }: Administration, { recount = false } = {}) {
  const since = new Date(author.at.getTime() - identityDays * 86_400_000);
  const { shared, changed } = await store.countIdentityChanges(since);
  const corrected = recount ? await store.recountFigures() : undefined;
  return {
    version: serverVersion,
    dataDir: server.dataDir,
    engine: store.engine,
    role: await store.loadRole(),
    downstream: await store.countDownstream(),
    ...(await store.loadServerStatus()),
    ...(corrected !== undefined && { correctedComputers: corrected }),
    titleSearchIndexed: await store.findsTitlesByIndex(),
    clones: shared,
    identitiesChanged: changed,
    disks: (await inspectDisks(server.config)).map((disk) => ({ ...disk, isLow: disk.freeBytes < disk.reserveBytes })),
    heldBack: await store.loadHeldBack(),
  };
}
