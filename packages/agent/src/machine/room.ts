// Room on the disk. The agent asks for the room of a release and takes it before it writes the first byte. A small file
// is kept. It is removed if the disk is full and one line of state decides which version starts.
import { closeSync, fsyncSync, ftruncateSync, openSync, statfsSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolders, removeIfPossible } from '@moult/disk';
import { hresult } from '@moult/protocol/hresult';
import { AgentError } from '../errors.ts';
import type { MachineRoot } from './machine-root.ts';

/** The bytes that a user without privileges may still write below `folder`. */
export interface FreeSpace {
  freeBytes: number;
  /** Files take up whole blocks. */
  blockBytes: number;
}

export function freeSpaceOf(folder: string): FreeSpace {
  const { bavail, bsize } = statfsSync(folder);
  return { freeBytes: bavail * bsize, blockBytes: bsize };
}

/** The room of files of these sizes, with their entries in their folder. */
export function roomFor(sizes: readonly number[], { blockBytes }: Pick<FreeSpace, 'blockBytes'>): number {
  const blocks = sizes.map((size) => Math.ceil(size / blockBytes) + 1);
  return blocks.reduce((sum, count) => sum + count, 1) * blockBytes;
}

export interface HeldRoom {
  /** Lets go of the room for a file of so many bytes, which is written next. */
  release(bytes: number): void;
  /** Lets go of all that is left. */
  close(): void;
}

/**
 * Takes up the room that files of these sizes need, with a file at `place`. Throws AgentError AGENT_SELFUPDATE_DISK,
 * with both numbers, when there is less. Nothing is written then. `what` is for the message: `Version 7.9.0.2`.
 */
export function holdRoom(
  place: string,
  sizes: readonly number[],
  what: string,
  spaceOf: (folder: string) => FreeSpace = freeSpaceOf,
): HeldRoom {
  const folder = dirname(place);
  const space = spaceOf(nearest(folder));
  const needed = roomFor(sizes, space);
  if (space.freeBytes < needed) {
    const text = `${what} needs ${needed} bytes in ${folder}, and only ${space.freeBytes} are free. Nothing was written.`;
    throw new AgentError('AGENT_SELFUPDATE_DISK', text, { hresult: hresult.diskFull });
  }
  makeFolders(folder);
  removeIfPossible(place);
  let left = needed;
  try {
    fill(place, needed);
  } catch (error) {
    removeIfPossible(place);
    throw error;
  }
  return {
    release(bytes) {
      left = Math.max(0, left - roomFor([bytes], space));
      shorten(place, left);
    },
    close: () => void removeIfPossible(place),
  };
}

/** Kept for the moment when the disk is full: state is written into the room that it leaves. */
const stateRoomBytes = 64 * 1024;

/** Makes the file of kept room if it is missing. On a full disk it is made the next time. */
export function keepStateRoom(root: MachineRoot): void {
  const file = stateRoom(root);
  try {
    if (statSync(file, { throwIfNoEntry: false })?.size === stateRoomBytes) return;
    removeIfPossible(file);
    fill(file, stateRoomBytes);
  } catch {
    removeIfPossible(file);
  }
}

/** Lets go of the kept room. False when it was gone already. */
export function spendStateRoom(root: MachineRoot): boolean {
  const file = stateRoom(root);
  if (!statSync(file, { throwIfNoEntry: false })) return false;
  return removeIfPossible(file);
}

function stateRoom({ agentFolder }: MachineRoot): string {
  return join(agentFolder, 'state.room');
}

/** Bytes and not a hole: a hole takes up nothing. */
function fill(file: string, bytes: number): void {
  const piece = Buffer.alloc(Math.min(bytes, 1024 * 1024));
  const handle = openSync(file, 'wx');
  try {
    for (let left = bytes; left > 0; ) left -= writeSync(handle, piece, 0, Math.min(left, piece.length));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function shorten(file: string, bytes: number): void {
  const handle = openSync(file, 'r+');
  try {
    ftruncateSync(handle, bytes);
  } finally {
    closeSync(handle);
  }
}

function nearest(folder: string): string {
  for (let on = folder; ; on = dirname(on)) {
    if (statSync(on, { throwIfNoEntry: false })?.isDirectory() || dirname(on) === on) return on;
  }
}
