// The members of a new cabinet: files as named, folders with all their contents, always in the same order.
import { closeSync, readdirSync, readSync, type Stats, statSync } from 'node:fs';
import { basename, isAbsolute, join, relative, resolve } from 'node:path';
import { isProgram, type StreamedMember } from '@moult/formats/cab';
import { openNamedFile, streamNamedFile } from '../files/named-file.ts';
import { UsageError } from '../terminal.ts';

const readOnly = 1;
const archive = 0x20;

/**
 * Members for `paths`. A path inside the working folder keeps its folders in the name. One outside, or above, is called
 * by its last part. Throws UsageError for an unreadable file, and for `out`, which the new cabinet replaces.
 */
export function collectMembers(paths: readonly string[], out: string): StreamedMember[] {
  return paths.flatMap((path) => collect(path, storedName(path), resolve(out)));
}

function collect(path: string, name: string, out: string): StreamedMember[] {
  if (resolve(path) === out)
    throw new UsageError(`${path} is a file to pack, and the new cabinet replaces it. Give the cabinet another name.`);
  const stats = statOf(path);
  if (stats.isDirectory()) {
    const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    return entries.flatMap((entry) => {
      const inside = join(path, entry.name);
      // A link to a folder could lead back up and around for ever.
      if (entry.isSymbolicLink() && statOf(inside).isDirectory()) return [];
      return collect(inside, name === '' ? entry.name : `${name}/${entry.name}`, out);
    });
  }
  if (!stats.isFile()) throw new UsageError(`${path} is neither a file nor a folder.`);
  return [toMember(path, name, stats)];
}

function toMember(path: string, name: string, stats: Stats): StreamedMember {
  return {
    name,
    sizeBytes: stats.size,
    modified: toDosTime(stats.mtime),
    attributes: archive | ((stats.mode & 0o200) === 0 ? readOnly : 0),
    isProgram: beginsLikeProgram(path),
    open: () => streamNamedFile(path, { highWaterMark: 2 ** 20 }),
  };
}

function storedName(path: string): string {
  const fromHere = relative('.', resolve(path));
  if (fromHere.startsWith('..') || isAbsolute(fromHere)) return basename(resolve(path));
  return fromHere.replaceAll('\\', '/');
}

/** DOS times are local times, which the library writes as if they were UTC. */
function toDosTime(moment: Date): Date {
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000);
}

function beginsLikeProgram(path: string): boolean {
  const descriptor = openNamedFile(path);
  try {
    const head = Buffer.alloc(2);
    readSync(descriptor, head, 0, 2, 0);
    return isProgram(head);
  } finally {
    closeSync(descriptor);
  }
}

function statOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
