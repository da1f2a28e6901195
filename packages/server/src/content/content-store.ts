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
  'findContentFile' | 'saveContentFile' | 'forgetContentFile' | 'findExpectedFile' | 'isExpectedName' | 'recordChange'
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
  | { kind: 'refused'; sha1: string; because: RefusedBecause };

export type RefusedBecause = 'no update has it' | MismatchedBecause;
/** An update has such a file, and this is not it. */
export type MismatchedBecause =
  | 'its size or SHA-256 is not what the update says'
  | 'an update has a file of this name with another SHA-1: this copy is damaged, or another version';

export interface ContentParts {
  folder: string;
  facts: ContentFacts;
  now: () => Date;
  log: Logger;
  /** For the audit record of a file that is set aside. */
  actor?: string;
}

const pathsKept = 20_000;
/** A file that was changed behind our back is read again after at most so long. */
const recheckMs = 5000;

interface FoundFile {
  path: string;
  sizeBytes: number;
  modifiedMs: number;
}

export function createContentStore({ folder, facts, now, log, actor = 'server' }: ContentParts): ContentStore {
  const known = new LRUCache<string, FoundFile & { checkedAt: number }>({ max: pathsKept });
  const looking = new Map<string, Promise<string | undefined>>();

  const look = async (sha1: string): Promise<string | undefined> => {
    const noted = await facts.findContentFile(sha1);
    const found =
      (noted && (await fileAt(join(folder, relativePath(sha1, noted.extension))))) ?? (await findOnDisk(folder, sha1));
    const path = found && (isVerified(found, noted) ? found.path : await verify(sha1, found.path));
    if (found && path) known.set(sha1, { ...found, path, checkedAt: now().getTime() });
    else known.delete(sha1);
    return path;
  };

  /** Written to since it was verified, it is a file that nobody looked at; by whose clock, two machines may not agree. */
  const isVerified = (found: FoundFile, noted: ContentFile | undefined): boolean => {
    if (noted?.state !== 'present' || noted.sizeBytes !== found.sizeBytes) return false;
    if (found.modifiedMs <= noted.verifiedAt.getTime()) return true;
    return known.get(noted.sha1)?.modifiedMs === found.modifiedMs;
  };

  /** A file that nobody looked at yet, as after copying the content folder of a WSUS. */
  const verify = async (sha1: string, path: string): Promise<string | undefined> => {
    // Before it is read: what is written to it meanwhile came after.
    const verifiedAt = now();
    const found = await digestsOf(path);
    const expected = await facts.findExpectedFile(sha1);
    const fits = found.sha1 === sha1 && (expected === undefined || isAsExpected(found, expected));
    const extension = extname(path).toLowerCase();
    const file: ContentFile = { ...found, sha1, extension, state: fits ? 'present' : 'damaged', verifiedAt };
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

  /** Under its own name, or under that of a content folder. */
  const whyUnknown = async (fileName: string): Promise<RefusedBecause> => {
    const digest = /^([\da-f]{40})(?:\.[\w-]*)?$/i.exec(fileName)?.[1]?.toLowerCase();
    const isNamed = digest
      ? (await facts.findExpectedFile(digest)) !== undefined
      : await facts.isExpectedName(fileName);
    return isNamed
      ? 'an update has a file of this name with another SHA-1: this copy is damaged, or another version'
      : 'no update has it';
  };

  return {
    async locate(sha1) {
      const last = known.get(sha1);
      if (last && Math.abs(now().getTime() - last.checkedAt) < recheckMs) return last.path;
      let running = looking.get(sha1);
      if (!running) {
        running = look(sha1).finally(() => looking.delete(sha1));
        looking.set(sha1, running);
      }
      return running;
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
        if (!expected) return { kind: 'refused', sha1: found.sha1, because: await whyUnknown(basename(source)) };
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
      if ((await fileAt(path)) === undefined) {
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
async function findOnDisk(folder: string, sha1: string): Promise<FoundFile | undefined> {
  for (const name of [sha1.slice(-2).toUpperCase(), sha1.slice(-2)]) {
    const entries = await readdir(join(folder, name)).catch(() => [] as string[]);
    const match = entries.find((entry) => entry.toLowerCase().split('.')[0] === sha1);
    const file = match && (await fileAt(join(folder, name, match)));
    if (file) return file;
  }
  return undefined;
}

async function fileAt(path: string): Promise<FoundFile | undefined> {
  return stat(path).then(
    (found) => (found.isFile() ? { path, sizeBytes: found.size, modifiedMs: Math.floor(found.mtimeMs) } : undefined),
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
