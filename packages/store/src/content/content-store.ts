// Update files by digest, in DIR/content/XX/HEX.ext as WSUS has them. Moult serves a file only after it checked both of
// its digests. It renames a file that does not match its name, and never serves it.

import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FolderTree, makeFolders, openInside, pathInside, streamOutside } from '@moult/disk';
import { FormatError } from '@moult/formats';
import { toPathSegments } from '@moult/formats/paths';
import { LRUCache } from 'lru-cache';
import { keptBounds } from '../declared-bounds.ts';
import { asDiskTrouble, withDiskTrouble } from '../disk-trouble.ts';
import { isTemporary, ServerError } from '../errors.ts';
import type { ContentFile, ExpectedFile, Store } from '../index.ts';
import type { Log } from '../log.ts';

type ContentFacts = Pick<
  Store,
  'findContentFile' | 'saveContentFile' | 'forgetContentFile' | 'findExpectedFile' | 'isExpectedName' | 'recordChange'
>;

export interface ContentStore {
  readonly folder: string;
  /**
   * Name of a verified file below the folder. Undefined if the store does not have it. The first call for a file may
   * read all of it. Links below the folder are not followed.
   */
  locate(sha1: string): Promise<string | undefined>;
  /** Puts bytes under their digest, durable before it resolves. `fileName` gives the extension. */
  add(bytes: Uint8Array, fileName: string): Promise<ContentFile>;
  /** Takes in a copy of a file. Refuses one that no update has, or that is not as long as its update says. */
  addFile(source: string): Promise<AddedFile>;
  /** The file that takes the bytes of a download. An interrupted download left its bytes there. No client gets them. */
  partOf(sha1: string): Promise<string>;
  /**
   * Takes in what `partOf` has, durable before it resolves. One that is not as long as its update says, or has other
   * digests, is deleted. `stated`: the facts of a signed list, for a file whose update is not here yet.
   */
  takePart(sha1: string, stated?: ExpectedFile): Promise<AddedFile>;
  /** Deletes a file and the part of a download of it, and forgets them. Nothing happens to one that is not there. */
  remove(file: Pick<ContentFile, 'sha1' | 'extension'>): Promise<void>;
  /**
   * Reads the whole file again. A changed file is renamed and no longer served. `missing`: it is noted, and not there
   * any more.
   */
  verifyAgain(file: Pick<ContentFile, 'sha1' | 'extension'>): Promise<'present' | 'damaged' | 'missing'>;
}

type AddedFile = { kind: 'added'; file: ContentFile } | { kind: 'refused'; sha1: string; because: RefusedBecause };

type RefusedBecause = 'no update has it' | MismatchedBecause;
/** An update has such a file, and this is not it. */
type MismatchedBecause =
  | 'its size or SHA-256 is not what the update says'
  | 'an update has a file of this name with another SHA-1: this copy is damaged, or another version';

interface ContentParts {
  folder: string;
  facts: ContentFacts;
  now: () => Date;
  log: Log;
  /** For the audit record of a file that did not match. */
  actor?: string;
}

/** Below the content folder, and no folder of two digits: nothing in there is served. */
const incoming = 'incoming';

function partName(sha1: string): string {
  return `${incoming}/${relativePath(sha1, '').slice(3)}.part`;
}

const pathsKept = 20_000;
/** A file that was changed behind our back is read again after at most so long. */
const recheckMs = 5000;

interface FoundFile {
  /** Below the folder. */
  name: string;
  sizeBytes: number;
  modifiedMs: number;
}

export function createContentStore({ folder, facts, now, log, actor = 'server' }: ContentParts): ContentStore {
  const known = new LRUCache<string, FoundFile & { checkedAt: number }>({ max: pathsKept });
  /** Files that were found to be what their names say while the database did not answer. */
  const foundAlone = new LRUCache<string, FoundFile & { checkedAt: number }>({ max: pathsKept });
  const looking = new Map<string, Promise<string | undefined>>();

  /** Files are served though the database is away, or takes nothing: by their SHA-1, and nothing is noted of it. */
  const look = async (sha1: string): Promise<string | undefined> => {
    try {
      const name = await lookWithFacts(sha1);
      foundAlone.delete(sha1);
      return name;
    } catch (error) {
      if (!isTemporary(error)) throw error;
      return lookAlone(sha1);
    }
  };

  const lookAlone = async (sha1: string): Promise<string | undefined> => {
    const found = await findOnDisk(folder, sha1);
    if (!found) return undefined;
    const before = foundAlone.get(sha1) ?? known.get(sha1);
    const isKnown = before?.sizeBytes === found.sizeBytes && before.modifiedMs === found.modifiedMs;
    // One that is not what its name says is left for when the database is back.
    if (!isKnown && (await digestsOf(folder, found.name)).sha1 !== sha1) return undefined;
    foundAlone.set(sha1, { ...found, checkedAt: now().getTime() });
    return found.name;
  };

  const lookWithFacts = async (sha1: string): Promise<string | undefined> => {
    const noted = await inTime(facts.findContentFile(sha1), keptBounds.contentPatienceMs);
    const place = noted && safeName(noted);
    const found = (place !== undefined && (await fileAt(folder, place))) || (await findOnDisk(folder, sha1));
    const name = found && (isVerified(found, noted) ? found.name : await verify(sha1, found.name));
    if (found && name) known.set(sha1, { ...found, name, checkedAt: now().getTime() });
    else known.delete(sha1);
    return name;
  };

  /** A file that changed after its check counts as unchecked. Two machines may disagree on the clock. */
  const isVerified = (found: FoundFile, noted: ContentFile | undefined): boolean => {
    if (noted?.state !== 'present' || noted.sizeBytes !== found.sizeBytes) return false;
    if (found.modifiedMs <= noted.verifiedAt.getTime()) return true;
    return known.get(noted.sha1)?.modifiedMs === found.modifiedMs;
  };

  /** Checks a file for the first time, as after copying the content folder of a WSUS. */
  const verify = async (sha1: string, name: string): Promise<string | undefined> => {
    // Before it is read: what is written to it meanwhile came after.
    const verifiedAt = now();
    const found = await digestsOf(folder, name);
    const expected = await facts.findExpectedFile(sha1);
    const fits = found.sha1 === sha1 && (expected === undefined || isAsExpected(found, expected));
    const extension = extensionOf(name);
    const file: ContentFile = { ...found, sha1, extension, state: fits ? 'present' : 'damaged', verifiedAt };
    if (!fits) {
      const aside = await setAside(folder, name);
      await facts.saveContentFile(file);
      const after = { file: aside, found, expected };
      await facts.recordChange({ name: actor, at: now() }, { action: 'move damaged content', subject: sha1, after });
      log.error(
        { file: join(folder, name), aside, found, expected },
        'content file does not match its name and was moved to the damaged files',
      );
      return undefined;
    }
    try {
      const proper = relativePath(sha1, extension);
      if (proper !== name) await move(folder, name, proper);
      await facts.saveContentFile(file);
      return proper;
    } catch (error) {
      // It is what its name says and may be served. That this is not noted costs another look later.
      if (!isTemporary(asDiskTrouble(error, ''))) throw error;
      return (await fileAt(folder, name)) ? name : relativePath(sha1, extension);
    }
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

  const takeIn = async (unfinished: string, sourceName: string, stated?: ExpectedFile): Promise<AddedFile> => {
    const found = await digestsOf(folder, unfinished);
    const isStated = stated !== undefined && found.sha1 === sourceName;
    const expected = (await facts.findExpectedFile(found.sha1)) ?? (isStated ? stated : undefined);
    if (!expected) return { kind: 'refused', sha1: found.sha1, because: await whyUnknown(sourceName) };
    if (!isAsExpected(found, expected)) {
      return { kind: 'refused', sha1: found.sha1, because: 'its size or SHA-256 is not what the update says' };
    }
    const extension = extensionOf(expected.fileName);
    await makeDurable(join(folder, unfinished));
    await move(folder, unfinished, relativePath(found.sha1, extension));
    const file: ContentFile = { ...found, extension, state: 'present', verifiedAt: now() };
    await facts.saveContentFile(file);
    return { kind: 'added', file };
  };

  return {
    folder,
    async locate(sha1) {
      const last = foundAlone.get(sha1) ?? known.get(sha1);
      if (last && Math.abs(now().getTime() - last.checkedAt) < recheckMs) return last.name;
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
      await withDiskTrouble(`A file of ${bytes.length} bytes cannot be written into ${folder}`, async () =>
        writeDurably(folder, relativePath(sha1, extension), bytes),
      );
      const file: ContentFile = {
        ...{ sha1, sha256, extension, sizeBytes: bytes.length },
        ...{ state: 'present', verifiedAt: now() },
      };
      await facts.saveContentFile(file);
      return file;
    },

    async addFile(source) {
      const unfinished = `${randomUUID()}.part`;
      try {
        makeFolders(folder);
        // Copied first, then read: what was checked is what is served, whatever happens to the source meanwhile.
        await copyOutside(source, join(folder, unfinished));
        return await takeIn(unfinished, basename(source));
      } catch (error) {
        throw asDiskTrouble(error, `${source} cannot be taken into ${folder}`);
      } finally {
        await rm(join(folder, unfinished), { force: true });
      }
    },

    async partOf(sha1) {
      makeFolders(join(folder, incoming));
      return join(folder, partName(sha1));
    },

    async takePart(sha1, stated) {
      const part = partName(sha1);
      try {
        const taken = await takeIn(part, sha1, stated);
        if (taken.kind === 'refused') await rm(join(folder, part), { force: true });
        known.delete(sha1);
        return taken;
      } catch (error) {
        throw asDiskTrouble(error, `The file ${sha1} cannot be taken into ${folder}`);
      }
    },

    async remove({ sha1, extension }) {
      await rm(join(folder, partName(sha1)), { force: true });
      const name = safeName({ sha1, extension });
      if (name !== undefined && (await fileAt(folder, name))) await rm(pathInside(folder, name), { force: true });
      known.delete(sha1);
      foundAlone.delete(sha1);
      await facts.forgetContentFile(sha1);
    },

    async verifyAgain({ sha1, extension }) {
      const name = safeName({ sha1, extension });
      if (name === undefined || (await fileAt(folder, name)) === undefined) {
        await facts.forgetContentFile(sha1);
        return 'missing';
      }
      return (await verify(sha1, name)) ? 'present' : 'damaged';
    },
  };
}

/** A folder that takes longer counts as away. */
async function inTime<Result>(work: Promise<Result>, timeMs: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new ServerError('SERVER_DATABASE_AWAY', `The database did not answer within ${timeMs} ms.`);
    timer = setTimeout(() => reject(error), timeMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
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

/**
 * `XX/HEX.ext`, upper-case digest as WSUS writes it, the extension in lower case so that there is one spelling. Both may
 * come from a row of the database. Throws FORMAT_UNSAFE_NAME when they are not a digest and an extension.
 */
export function relativePath(sha1: string, extension: string): string {
  const hex = sha1.toUpperCase();
  if (/^[\dA-F]{40}$/.test(hex) && extensionOf(extension) === extension) return `${hex.slice(-2)}/${hex}${extension}`;
  const text = `${JSON.stringify(hex + extension)} is not the name of a content file: a SHA-1 and an extension.`;
  throw new FormatError('FORMAT_UNSAFE_NAME', text, { member: hex + extension });
}

/** Undefined for a row that somebody else wrote: its file is looked for under its digest instead. */
function safeName({ sha1, extension }: Pick<ContentFile, 'sha1' | 'extension'>): string | undefined {
  try {
    return relativePath(sha1, extension);
  } catch {
    return undefined;
  }
}

function extensionOf(fileName: string): string {
  return (/\.[a-z0-9_-]{1,16}$/i.exec(fileName)?.[0] ?? '').toLowerCase();
}

/** A file under this digest in any letter case and with any extension. */
async function findOnDisk(folder: string, sha1: string): Promise<FoundFile | undefined> {
  for (const shard of [sha1.slice(-2).toUpperCase(), sha1.slice(-2)]) {
    const entries = await readdir(join(folder, shard)).catch(() => [] as string[]);
    const match = entries.find((entry) => entry.toLowerCase().split('.')[0] === sha1);
    const file = match && (await fileAt(folder, `${shard}/${match}`));
    if (file) return file;
  }
  return undefined;
}

/** Undefined for what is not there, a folder, and a link: only a file of this folder is content. */
async function fileAt(folder: string, name: string): Promise<FoundFile | undefined> {
  const handle = await openInside(folder, name).catch(() => undefined);
  if (!handle) return undefined;
  try {
    const { size: sizeBytes, mtimeMs } = await handle.stat();
    return { name, sizeBytes, modifiedMs: Math.floor(mtimeMs) };
  } finally {
    await handle.close();
  }
}

async function digestsOf(folder: string, name: string): Promise<{ sha1: string; sha256: string; sizeBytes: number }> {
  const sha1 = createHash('sha1');
  const sha256 = createHash('sha256');
  let sizeBytes = 0;
  const handle = await openInside(folder, name);
  for await (const piece of handle.createReadStream({ highWaterMark: 1 << 20 })) {
    sha1.update(piece);
    sha256.update(piece);
    sizeBytes += (piece as Buffer).length;
  }
  return { sha1: sha1.digest('hex'), sha256: sha256.digest('hex'), sizeBytes };
}

async function copyOutside(source: string, target: string): Promise<void> {
  await pipeline(streamOutside(source, { highWaterMark: 1 << 20 }), createWriteStream(target, { flags: 'wx' }));
}

async function setAside(folder: string, name: string): Promise<string> {
  const aside = `damaged/${basename(name)}`;
  await move(folder, name, aside);
  return join(folder, aside);
}

/** Moves a file below the folder. Makes the target folder if it is missing, and refuses one that is a link. */
async function move(folder: string, from: string, to: string): Promise<void> {
  const tree = new FolderTree(folder);
  try {
    const segments = toPathSegments(to);
    const target = tree.folder(segments.slice(0, -1)).pathOf(segments.at(-1) ?? '');
    await rename(pathInside(folder, from), target);
  } finally {
    tree.close();
  }
}

function writeDurably(folder: string, name: string, bytes: Uint8Array): void {
  const tree = new FolderTree(folder);
  try {
    tree.write(name, bytes, { durable: true });
  } finally {
    tree.close();
  }
}
