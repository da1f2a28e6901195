// Reading below a folder of ours by a name that an index, a manifest or a row gives: the folder may have been restored
// from a backup, unpacked by a stranger or edited. So neither the name nor a link on the way is believed.
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import { DiskError } from './errors.ts';
import { pathInside } from './path-inside.ts';

const readOnly = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Opens the regular file `name` below `folder`, with no link on the way below `folder`. Throws FORMAT_UNSAFE_NAME,
 * DISK_LEADS_OUT for a link, DISK_NOT_A_FILE, and the system's errors (ENOENT …) as they are.
 *
 * The place of the file is asked after it is open. Linux knows it of the open file itself (`byDescriptor`, if there is a /proc). Elsewhere the path is resolved
 * and must be the same file: who swaps folders three times at the right moments could pass that.
 */
export async function openInside(
  folder: string,
  name: string,
  { byDescriptor = process.platform === 'linux' } = {},
): Promise<FileHandle> {
  const path = pathInside(await realpath(folder), name);
  const handle = await open(path, readOnly).catch((cause) => {
    throw isLink(cause) ? leadsOut(folder, name, cause) : cause;
  });
  try {
    if (!(await isAt(handle, path, byDescriptor))) throw leadsOut(folder, name);
    if ((await handle.stat()).isFile()) return handle;
    throw new DiskError('DISK_NOT_A_FILE', `${name} in ${folder} is not a file.`);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** All bytes of the file that `openInside` opens. */
export async function readInside(folder: string, name: string): Promise<Buffer<ArrayBuffer>> {
  const handle = await openInside(folder, name);
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

async function isAt(handle: FileHandle, path: string, byDescriptor: boolean): Promise<boolean> {
  const known = byDescriptor ? await readlink(`/proc/self/fd/${handle.fd}`).catch(() => undefined) : undefined;
  if (known !== undefined) return known === path;
  const [opened, there, real] = await Promise.all([
    handle.stat({ bigint: true }),
    lstat(path, { bigint: true }),
    realpath(path),
  ]);
  return sameSpelling(real, path) && opened.ino === there.ino && opened.dev === there.dev;
}

/** The system gives back the letter case and the Unicode form that the folder holds. */
function sameSpelling(real: string, path: string): boolean {
  const plain = (text: string) => text.normalize('NFC').toLowerCase().split(sep).join('/');
  return process.platform === 'linux' ? real === path : plain(real) === plain(path);
}

/** O_NOFOLLOW: ELOOP. EMLINK on FreeBSD. */
function isLink(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ELOOP' || error.code === 'EMLINK');
}

function leadsOut(folder: string, name: string, cause?: unknown): DiskError {
  const text = `${name} in ${folder} is not opened: a part of the path is a link. Put a copy of the file in its place.`;
  return new DiskError('DISK_LEADS_OUT', text, { cause });
}
