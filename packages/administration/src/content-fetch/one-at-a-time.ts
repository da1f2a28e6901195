// One process at a time fetches into a content folder. Two processes that write to one part spoil it for each other.
import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, readFile, rm, stat } from 'node:fs/promises';
import { ServerError } from '@moult/store/errors';
import { endOwner, isGone, newOwner } from '../synchronisation/owners.ts';

interface Held {
  release(): Promise<void>;
}

interface HoldOptions {
  /**
   * An owner that was not seen for so long loses the folder. Only the clock of the disk counts, not those of machines.
   */
  leaseMs: number;
}

/**
 * Holds `path`, in a folder that is there. Throws ServerError SERVER_REFUSED while another process has it: one that lives here, or
 * was seen within `leaseMs`. Of several that find an owner which is no more, one gets it.
 */
export async function holdAlone(path: string, options: HoldOptions): Promise<Held> {
  const owner = newOwner();
  try {
    const file = await take(path, owner, options, 0);
    // The file that was made, whoever has the name by now: its time is that of the disk.
    const touch = () => void file.write(owner, 0).catch(() => undefined);
    const heartbeat = setInterval(touch, options.leaseMs / 4).unref();
    return {
      async release() {
        clearInterval(heartbeat);
        endOwner(owner);
        await file.close();
        if ((await ownerIn(path)) === owner) await rm(path, { force: true });
      },
    };
  } catch (error) {
    endOwner(owner);
    throw error;
  }
}

/** Of taking over from who took over from who took over: each of them was killed within a moment. */
const deepest = 5;
const attempts = 5;

async function take(path: string, owner: string, options: HoldOptions, depth: number): Promise<FileHandle> {
  for (let attempt = 1; ; attempt++) {
    const file = await make(path, owner);
    if (file) return file;
    const other = await ownerIn(path);
    if (other === undefined && attempt < attempts) continue;
    if (attempt >= attempts || depth >= deepest || !(await isOver(path, other ?? '', options))) {
      throw new ServerError('SERVER_REFUSED', `Update files are fetched already, by ${other || 'another process'}.`);
    }
    await removeStale(path, other ?? '', { owner, options, depth });
  }
}

/** Undefined while there is one. */
async function make(path: string, owner: string): Promise<FileHandle | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  }
  try {
    await file.write(owner, 0);
    return file;
  } catch (error) {
    await file.close();
    await rm(path, { force: true });
    throw error;
  }
}

/**
 * Removes the file of this owner, and never that of another who came meanwhile: only who holds the mark of this owner may remove
 * it, and looks again then.
 */
async function removeStale(
  path: string,
  stale: string,
  { owner, options, depth }: { owner: string; options: HoldOptions; depth: number },
): Promise<void> {
  const mark = `${path}-${createHash('sha256').update(stale).digest('hex').slice(0, 16)}`;
  const held = await take(mark, owner, options, depth + 1);
  try {
    if ((await ownerIn(path)) === stale) await rm(path, { force: true });
  } finally {
    await held.close();
    await rm(mark, { force: true });
  }
}

/** Undefined without a file. '' while its owner writes it. */
async function ownerIn(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

async function isOver(path: string, owner: string, { leaseMs }: HoldOptions): Promise<boolean> {
  if (isGone(owner)) return true;
  const seenMs = await modifiedMs(path);
  return seenMs !== undefined && Math.abs((await nowOfDisk(path)) - seenMs) > leaseMs;
}

/** By the clock that gives files their times: of a folder that several machines share, it is that of none of them. */
async function nowOfDisk(path: string): Promise<number> {
  const probe = `${path}-${randomUUID()}`;
  try {
    await (await open(probe, 'wx')).close();
    return (await modifiedMs(probe)) ?? 0;
  } finally {
    await rm(probe, { force: true });
  }
}

async function modifiedMs(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}
