// The client's metadata on disk:
//   DIR/ROLE.json      the newest verified file of each role, as served (names percent-encoded)
//   DIR/kept/good-set  the last complete set that belonged together: one file, so that it is never half of two sets
// Any of them may be missing, cut or rubbish: the other, and then the root that came with the program, take its place.
// A file that is read here is a candidate only. The trusted set verifies it again. A file that the disk cannot read is not
// a missing one: without another copy nothing is decided, because what it forbids is not known.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { trustStoreBounds } from '../bounds.ts';
import { ReleaseError } from '../errors.ts';
import { topLevelRoles } from '../metadata/types.ts';
import { type FileCalls, nodeFileCalls, removeDurably, writeDurably } from './durable-files.ts';

/** The place of the client's metadata between runs. */
export interface MetadataStore {
  /**
   * The copies of a role's metadata, best first. None without any. Throws RELEASE_STORE_UNUSABLE when the newest cannot
   * be read, and no other is stored.
   */
  candidates(role: string): Uint8Array[];
  /** The set that was complete last time: role → bytes. */
  goodSet(): ReadonlyMap<string, Uint8Array>;
  /** Keeps the newest verified file of a role. */
  save(role: string, bytes: Uint8Array): void;
  /** Keeps a complete set, all or nothing. */
  saveGoodSet(set: ReadonlyMap<string, Uint8Array>): void;
  /** Forgets a role in both places: its keys were rotated. */
  forget(roles: readonly string[]): void;
}

/** A store in `directory`. `firstRoot`: the root that came with the program. Without it the directory must have one. */
export function openStore(
  directory: string,
  firstRoot: Uint8Array | undefined,
  calls: FileCalls = nodeFileCalls,
): MetadataStore {
  const fileOf = (role: string) => join(directory, `${fileName(role)}.json`);
  const goodFile = join(directory, 'kept', 'good-set');
  const guarded = <T>(role: string, work: () => T): T => {
    try {
      return work();
    } catch (cause) {
      const text = `The metadata folder ${directory} cannot be written. Check its free space and its permissions.`;
      throw new ReleaseError('RELEASE_STORE_UNUSABLE', text, { cause, role });
    }
  };
  const readCopy = (file: string): Uint8Array | undefined | { fault: unknown } => {
    try {
      return calls.read(file);
    } catch (fault) {
      return { fault };
    }
  };
  const isCopy = (copy: Uint8Array | undefined | { fault: unknown }) => copy instanceof Uint8Array;
  const store: MetadataStore = {
    candidates(role) {
      const newest = readCopy(fileOf(role));
      const stored = [newest, store.goodSet().get(role)].filter(isCopy);
      if (newest && !isCopy(newest) && stored.length === 0) {
        const text = `${fileOf(role)} cannot be read, and there is no other copy. Check the disk, and the permissions.`;
        throw new ReleaseError('RELEASE_STORE_UNUSABLE', text, { cause: newest.fault, role });
      }
      return role === 'root' && firstRoot ? [...stored, firstRoot] : stored;
    },
    // One that cannot be read is no more than a copy that is lost: the newest files say what came last.
    goodSet: () => {
      const bytes = readCopy(goodFile);
      return readSet(isCopy(bytes) ? bytes : undefined);
    },
    save(role, bytes) {
      guarded(role, () => writeDurably(fileOf(role), bytes, calls));
    },
    saveGoodSet(set) {
      const bytes = encodeSet(set);
      const before = readCopy(goodFile);
      if (isCopy(before) && Buffer.compare(before, bytes) === 0) return;
      guarded('targets', () => writeDurably(goodFile, bytes, calls));
    },
    forget(roles) {
      const set = new Map(store.goodSet());
      const had = roles.filter((role) => set.delete(role)).length > 0;
      guarded('root', () => {
        if (had) writeDurably(goodFile, encodeSet(set), calls);
        for (const role of roles) if (readCopy(fileOf(role)) !== undefined) removeDurably(fileOf(role), calls);
      });
    },
  };
  return store;
}

/** A store that lives as long as the process: for a look at a repository without a folder. */
export function memoryStore(firstRoot: Uint8Array): MetadataStore {
  const files = new Map<string, Uint8Array>();
  let good = new Map<string, Uint8Array>();
  return {
    candidates: (role) =>
      [files.get(role), good.get(role), role === 'root' ? firstRoot : undefined].filter((copy) => copy !== undefined),
    goodSet: () => good,
    save: (role, bytes) => void files.set(role, bytes),
    saveGoodSet: (set) => {
      good = new Map(set);
    },
    forget: (roles) => {
      for (const role of roles) {
        files.delete(role);
        good.delete(role);
      }
    },
  };
}

/** A role's name as a file name, on Windows too. `Root` must not write over `root`. A long name gets its digest. */
function fileName(role: string): string {
  const name = encodeURIComponent(role).replaceAll('*', '%2A');
  const lower = name.toLowerCase();
  const taken = name !== lower && topLevelRoles.some((one) => one === lower);
  if (name.length <= trustStoreBounds.maxNameLength && !taken) return name;
  return `${name.slice(0, 100)}-${createHash('sha256').update(role).digest('hex')}`;
}

const setHeader = 'moult-good-set-1';

/**
 * First line: header and digest of the rest. A cut or altered file does not count. By role: the same set is the same bytes, and is not
 * written again, in whatever order its roles were asked for.
 */
function encodeSet(set: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const files = [...set]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([role, bytes]) => [role, Buffer.from(bytes).toString('base64')]);
  const body = JSON.stringify(files);
  return Buffer.from(`${setHeader} ${digestOf(body)}\n${body}`, 'utf8');
}

function readSet(bytes: Uint8Array | undefined): Map<string, Uint8Array> {
  const text = Buffer.from(bytes ?? []).toString('utf8');
  const end = text.indexOf('\n');
  const body = text.slice(end + 1);
  if (end < 0 || text.slice(0, end) !== `${setHeader} ${digestOf(body)}`) return new Map();
  const files: [string, string][] = JSON.parse(body);
  return new Map(files.map(([role, base64]) => [role, Buffer.from(base64, 'base64')]));
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
