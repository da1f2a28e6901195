// The published files: names → files. They are read again when any process changed the timestamp.
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readOwnFile } from '@moult/disk';
import { publishedTargets } from '@moult/releases/repository';
import { createMemoryFile, type FileOnDisk, type MemoryFile } from '../../http/static-file/index.ts';

interface Publication {
  /** `metadata/NAME` or `targets/PATH/DIGEST.NAME`. Undefined for anything that is not published. */
  find(path: string): MemoryFile | FileOnDisk | undefined;
}

/** Metadata that is replaced under its name. The rest has its version or digest in the name. */
const changing = /^metadata\/(timestamp|\d+\.root)\.json$/;
const metadataName = /^(\d{1,15}\.[a-z]{1,32}|timestamp)\.json$/;

/** The publication of the repository in `directory`, which need not be there yet. */
export function openPublication(directory: string): Publication {
  const metadata = join(directory, 'public', 'metadata');
  const targets = join(directory, 'public', 'targets');
  let stamp = '';
  let names = new Set<string>();
  const inMemory = new Map<string, MemoryFile>();
  let onDisk = new Map<string, string>();

  const refresh = () => {
    const now = stampOf(metadata);
    if (now === stamp) return;
    stamp = now;
    inMemory.clear();
    names = new Set(now === '' ? [] : readdirSync(metadata).filter((name) => metadataName.test(name)));
    onDisk = new Map(now === '' ? [] : publishedTargets(directory).map((name) => [name, name]));
  };

  const readMetadata = (path: string, name: string): MemoryFile | undefined => {
    const file = join(metadata, name);
    const bytes = readOwnFile(file, { followLink: false });
    if (!bytes) return undefined;
    const lastModified = new Date(Math.floor(statSync(file).mtimeMs / 1000) * 1000);
    const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`;
    const cacheControl = changing.test(path) ? 'no-cache' : 'public, max-age=3600';
    return createMemoryFile(bytes, { contentType: 'application/json', etag, lastModified, cacheControl });
  };

  return {
    find(path) {
      refresh();
      const name = path.startsWith('metadata/') ? path.slice('metadata/'.length) : '';
      if (names.has(name)) {
        const file = inMemory.get(name) ?? readMetadata(path, name);
        if (file) inMemory.set(name, file);
        return file;
      }
      const target = path.startsWith('targets/') ? onDisk.get(path.slice('targets/'.length)) : undefined;
      if (target === undefined) return undefined;
      const cacheControl = 'public, max-age=31536000, immutable';
      return { folder: targets, name: target, contentType: 'application/octet-stream', cacheControl };
    },
  };
}

/** Changes whenever a publication changes. '' without one. */
export function stampOf(metadata: string): string {
  const timestamp = statSync(join(metadata, 'timestamp.json'), { throwIfNoEntry: false });
  const folder = statSync(metadata, { throwIfNoEntry: false });
  return timestamp && folder ? `${timestamp.ino} ${timestamp.mtimeMs} ${timestamp.size} ${folder.mtimeMs}` : '';
}
