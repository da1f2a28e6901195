// One process at a time fetches into a content folder: two that write to one part would spoil it for each other.
import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { ServerError } from '@moult/store/errors';
import { endOwner, isGone, newOwner } from '../synchronisation/owners.ts';

interface Held {
  release(): Promise<void>;
}

/** Throws ServerError SERVER_REFUSED while another process has it: one that lives here, or was seen within `leaseMs`. */
export async function holdAlone(path: string, { now, leaseMs }: { now(): Date; leaseMs: number }): Promise<Held> {
  const owner = newOwner();
  try {
    await take(path, owner, { now, leaseMs });
  } catch (error) {
    endOwner(owner);
    throw error;
  }
  const touch = () => void utimes(path, now(), now()).catch(() => undefined);
  const heartbeat = setInterval(touch, leaseMs / 4).unref();
  return {
    async release() {
      clearInterval(heartbeat);
      endOwner(owner);
      if ((await readFile(path, 'utf8').catch(() => '')) === owner) await rm(path, { force: true });
    },
  };
}

async function take(path: string, owner: string, { now, leaseMs }: { now(): Date; leaseMs: number }): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await writeFile(path, owner, { flag: 'wx' });
      await utimes(path, now(), now());
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const other = await readFile(path, 'utf8').catch(() => '');
      const seenMs = await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      );
      const isOver = isGone(other) || Math.abs(now().getTime() - seenMs) > leaseMs;
      if (!isOver || attempt > 3) {
        throw new ServerError('SERVER_REFUSED', `Update files are fetched already, by ${other || 'another process'}.`);
      }
      await rm(path, { force: true });
    }
  }
}
