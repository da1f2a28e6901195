// Update files by digest, in DIR/content/XX/HEX.ext as WSUS lays them out. A file is served only after both its digests
// were found to be right; one that is not what its name says is set aside, by name, and never served.
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { LRUCache } from 'lru-cache';
import type { Logger } from '../log.ts';
import type { ContentFile, ExpectedFile, Store } from '../store/index.ts';

type ContentFacts = Pick<
  Store,
  'findContentFile' | 'saveContentFile' | 'forgetContentFile' | 'findExpectedFile' | 'recordChange'
>;

export interface ContentStore {
  /** Path of a verified file, undefined when there is none. The first call for a file may read all of it. */
  locate(sha1: string): Promise<string | undefined>;
  /** Puts bytes under their digest, durable before it resolves. `fileName` gives the extension. */
  add(bytes: Uint8Array, fileName: string): Promise<ContentFile>;
  /** Takes in a copy of a file. Refuses one that no update has, or that is not as long as its update says. */
  addFile(source: string): Promise<AddedFile>;
  /** Reads the whole file again; one that changed is set aside. `missing`: it is noted, and not there any more. */
  verifyAgain(file: Pick<ContentFile, 'sha1' | 'extension'>): Promise<'present' | 'damaged' | 'missing'>;
}

export type AddedFile =
  | { kind: 'added'; file: ContentFile }
  | { kind: 'refused'; sha1: string; because: 'no update has it' | 'its size or SHA-256 is not what the update says' };

export interface ContentParts {
  folder: string;
  facts: ContentFacts;
  now: () => Date;
  log: Logger;
  /** For the audit record of a file that is set aside. */
  actor?: string;
}

const pathsKept = 20_000;

export function createContentStore({ folder, facts, now, log, actor = 'server' }: ContentParts): ContentStore {
  const known = new LRUCache<string, string>({ max: pathsKept });
  const looking = new Map<string, Promise<string | undefined>>();

  const look = async (sha1: string): Promise<string | undefined> => {
    const noted = await facts.findContentFile(sha1);
    const path = noted ? join(folder, relativePath(sha1, noted.extension)) : await findOnDisk(folder, sha1);
    if (!path) return undefined;
    if (noted?.state === 'present' && (await sizeOf(path)) === noted.sizeBytes) return path;
    const size = await sizeOf(path);
    return size === undefined ? undefined : verify(sha1, path);
  };

  /** A file that nobody looked at yet, as after copying the content folder of a WSUS. */
  const verify = async (sha1: string, path: string): Promise<string | undefined> => {
    const found = await digestsOf(path);
    const expected = await facts.findExpectedFile(sha1);
    const fits = found.sha1 === sha1 && (expected === undefined || isAsExpected(found, expected));
    const extension = extname(path).toLowerCase();
    const file: ContentFile = { ...found, sha1, extension, state: fits ? 'present' : 'damaged', verifiedAt: now() };
    if (!fits) {
      const aside = await setAside(folder, path);
      await facts.saveContentFile(file);
      const after = { file: aside, found, expected };
      await facts.recordChange({ name: actor, at: now() }, { action: 'set aside content', subject: sha1, after });
      log.error({ file: path, aside, found, expected }, 'content file is not what its name says; it was set aside');
      return undefined;
    }
    const proper = join(folder, relativePath(sha1, extension));
    if (proper !== path) {
      await mkdir(dirname(proper), { recursive: true });
      await rename(path, proper);
    }
    await facts.saveContentFile(file);
    return proper;
  };

  return {
    async locate(sha1) {
      const path = known.get(sha1);
      if (path) return path;
      let running = looking.get(sha1);
      if (!running) {
        running = look(sha1).finally(() => looking.delete(sha1));
        looking.set(sha1, running);
      }
      const found = await running;
      if (found) known.set(sha1, found);
      return found;
    },

    async add(bytes, fileName) {
      const sha1 = createHash('sha1').update(bytes).digest('hex');
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const extension = extensionOf(fileName);
      await writeDurably(join(folder, relativePath(sha1, extension)), bytes);
      const file: ContentFile = {
        ...{ sha1, sha256, extension, sizeBytes: bytes.length },
        ...{ state: 'present', verifiedAt: now() },
      };
      await facts.saveContentFile(file);
      return file;
    },

    async addFile(source) {
      const unfinished = join(folder, `${randomUUID()}.part`);
      await mkdir(folder, { recursive: true });
      try {
        // Copied first, then read: what was checked is what is served, whatever happens to the source meanwhile.
        await copyFile(source, unfinished);
        const found = await digestsOf(unfinished);
        const expected = await facts.findExpectedFile(found.sha1);
        if (!expected) return { kind: 'refused', sha1: found.sha1, because: 'no update has it' };
        if (!isAsExpected(found, expected)) {
          return { kind: 'refused', sha1: found.sha1, because: 'its size or SHA-256 is not what the update says' };
        }
        const extension = extensionOf(expected.fileName);
        const proper = join(folder, relativePath(found.sha1, extension));
        await mkdir(dirname(proper), { recursive: true });
        await makeDurable(unfinished);
        await rename(unfinished, proper);
        const file: ContentFile = { ...found, extension, state: 'present', verifiedAt: now() };
        await facts.saveContentFile(file);
        return { kind: 'added', file };
      } finally {
        await rm(unfinished, { force: true });
      }
    },

    async verifyAgain({ sha1, extension }) {
      const path = join(folder, relativePath(sha1, extension));
      if ((await sizeOf(path)) === undefined) {
        await facts.forgetContentFile(sha1);
        return 'missing';
      }
      return (await verify(sha1, path)) ? 'present' : 'damaged';
    },
  };
}

function isAsExpected(found: { sha256: string; sizeBytes: number }, expected: ExpectedFile): boolean {
  return expected.sizeBytes === found.sizeBytes && (expected.sha256 ?? found.sha256) === found.sha256;
}

async function makeDurable(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** `XX/HEX.ext`, upper-case digest as WSUS writes it, the extension in lower case so that there is one spelling. */
export function relativePath(sha1: string, extension: string): string {
  const hex = sha1.toUpperCase();
  return join(hex.slice(-2), `${hex}${extension}`);
}

export function extensionOf(fileName: string): string {
  return (/\.[a-z0-9_-]{1,16}$/i.exec(fileName)?.[0] ?? '').toLowerCase();
}

/** A file under this digest in any letter case and with any extension. */
async function findOnDisk(folder: string, sha1: string): Promise<string | undefined> {
  for (const name of [sha1.slice(-2).toUpperCase(), sha1.slice(-2)]) {
    const entries = await readdir(join(folder, name)).catch(() => [] as string[]);
    const match = entries.find((entry) => entry.toLowerCase().split('.')[0] === sha1);
    if (match) return join(folder, name, match);
  }
  return undefined;
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    (found) => (found.isFile() ? found.size : undefined),
    () => undefined,
  );
}

async function digestsOf(path: string): Promise<{ sha1: string; sha256: string; sizeBytes: number }> {
  const sha1 = createHash('sha1');
  const sha256 = createHash('sha256');
  let sizeBytes = 0;
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) {
    sha1.update(piece);
    sha256.update(piece);
    sizeBytes += (piece as Buffer).length;
  }
  return { sha1: sha1.digest('hex'), sha256: sha256.digest('hex'), sizeBytes };
}

async function setAside(folder: string, path: string): Promise<string> {
  const aside = join(folder, 'damaged', basename(path));
  await mkdir(dirname(aside), { recursive: true });
  await rename(path, aside);
  return aside;
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.${randomUUID()}.part`;
  const file = await open(unfinished, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
    await file.close();
    await rename(unfinished, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(unfinished, { force: true });
    throw error;
  }
}
