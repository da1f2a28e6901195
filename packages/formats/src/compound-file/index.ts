// Compound files (MS-CFB), as Windows Installer packages and patches are: storages like folders, streams like files.
// Opening one reads the whole directory and every chain. The size of the file bounds the time and memory of that.
// Contents stay in the file.
import { compoundFileBounds } from '../bounds.ts';
import { FormatError } from '../errors.ts';
import { MiniSectors, type Run, SectorFile, smallBelow } from './sectors.ts';

export { isCompoundFile } from './sectors.ts';

interface EntryFacts {
  name: string;
  /** UTF-16LE, without the zero at the end. */
  rawName: Uint8Array;
  classId: Uint8Array;
  stateBits: Uint8Array;
  created: Uint8Array;
  modified: Uint8Array;
}

export interface CompoundStorage extends EntryFacts {
  kind: 'storage';
  children: CompoundEntry[];
}

export interface CompoundStream extends EntryFacts {
  kind: 'stream';
  sizeBytes: number;
  /** The content, piece by piece, as it is in the file. */
  pieces(): Uint8Array[];
}

export type CompoundEntry = CompoundStorage | CompoundStream;

interface CompoundFile {
  root: CompoundStorage;
  /** The bytes behind everything that belongs to the file. */
  tail: Uint8Array;
}

/**
 * Opens a compound file held in memory. Throws FormatError FORMAT_TRUNCATED, FORMAT_BAD_HEADER (chains that loop, meet
 * or lead out, a directory that does) or FORMAT_OVER_LIMIT.
 */
export function readCompoundFile(bytes: Uint8Array): CompoundFile {
  return new DirectoryReader(bytes).read();
}

/** The content of a stream as one piece. */
export function streamBytes(stream: CompoundStream): Uint8Array {
  const [first = new Uint8Array(0), ...others] = stream.pieces();
  return others.length === 0 ? first : Buffer.concat([first, ...others]);
}

/** The child with this name, letter case included. */
export function childCalled(storage: CompoundStorage, name: string): CompoundEntry | undefined {
  return storage.children.find((child) => child.name === name);
}

const entryBytes = 128;
const noEntry = 0xffffffff;
const types = { storage: 1, stream: 2, root: 5 } as const;

class DirectoryReader {
  readonly #bytes: Uint8Array;
  readonly #sectors: SectorFile;
  readonly #directory: Buffer;
  readonly #seen: Uint8Array;
  readonly #mini: MiniSectors;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#sectors = new SectorFile(bytes);
    const { firstDirectorySector, sectorBytes } = this.#sectors.header;
    const chain = this.#sectors.chain(firstDirectorySector);
    const count = (chain.length * sectorBytes) / entryBytes;
    if (count > compoundFileBounds.maxEntries) {
      const message = `The directory of the OLE file has ${count} entries, more than ${compoundFileBounds.maxEntries}.`;
      throw new FormatError('FORMAT_OVER_LIMIT', message);
    }
    this.#directory = Buffer.concat(this.#cut(this.#sectors.runs(chain, chain.length * sectorBytes)));
    this.#seen = new Uint8Array(count);
    if (this.#directory[66] !== types.root) throw badDirectory('its first entry is not a root');
    this.#mini = new MiniSectors(this.#sectors, this.#place(0));
  }

  read(): CompoundFile {
    const root = this.#storage(this.#take(0), 0);
    return { root, tail: this.#sectors.tail };
  }

  #storage(at: number, depth: number): CompoundStorage {
    if (depth > compoundFileBounds.maxDepth) {
      throw new FormatError(
        'FORMAT_OVER_LIMIT',
        `The OLE file nests storages deeper than ${compoundFileBounds.maxDepth}.`,
      );
    }
    return { kind: 'storage', ...this.#facts(at), children: this.#children(this.#u32(at + 76), depth) };
  }

  /** Everything in the tree of siblings that begins at `first`. How it is balanced does not matter here. */
  #children(first: number, depth: number): CompoundEntry[] {
    const children: CompoundEntry[] = [];
    const open = [first];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (id === noEntry) continue;
      const at = this.#take(id);
      open.push(this.#u32(at + 68), this.#u32(at + 72));
      const type = this.#directory[at + 66];
      if (type === types.storage) children.push(this.#storage(at, depth + 1));
      else if (type === types.stream) children.push(this.#stream(at));
      else throw badDirectory(`entry ${id} is of the unknown type ${type}`);
    }
    return children;
  }

  #stream(at: number): CompoundStream {
    const { firstSector, sizeBytes } = this.#place(at);
    const runs = this.#runs(firstSector, sizeBytes);
    return { kind: 'stream', ...this.#facts(at), sizeBytes, pieces: () => this.#cut(runs) };
  }

  #runs(firstSector: number, sizeBytes: number): Run[] {
    if (sizeBytes === 0) return [];
    if (sizeBytes < smallBelow) return this.#mini.runs(firstSector, sizeBytes);
    return this.#sectors.runs(this.#sectors.chain(firstSector, sizeBytes), sizeBytes);
  }

  #place(at: number): { firstSector: number; sizeBytes: number } {
    // Version 3 knows 32 bits. The others may be left over from anything (MS-CFB 2.6.3).
    const high = this.#sectors.header.majorVersion === 3 ? 0 : this.#u32(at + 124);
    const sizeBytes = high * 2 ** 32 + this.#u32(at + 120);
    if (sizeBytes > this.#bytes.length) {
      const message = `A stream of the OLE file says ${sizeBytes} bytes, the file has ${this.#bytes.length}.`;
      throw new FormatError('FORMAT_TRUNCATED', message, { offset: this.#bytes.length });
    }
    return { firstSector: this.#u32(at + 116), sizeBytes };
  }

  /** The offset of an entry in the directory. Each entry may be met once. */
  #take(id: number): number {
    if (id >= this.#seen.length) throw badDirectory(`there is no entry ${id}`);
    if (this.#seen[id] === 1) throw badDirectory(`entry ${id} is in two places`);
    this.#seen[id] = 1;
    return id * entryBytes;
  }

  #facts(at: number): EntryFacts {
    const nameBytes = this.#directory.readUInt16LE(at + 64);
    if (nameBytes < 2 || nameBytes > 64 || nameBytes % 2 !== 0) throw badDirectory(`a name has ${nameBytes} bytes`);
    const rawName = this.#slice(at, nameBytes - 2);
    return {
      name: Buffer.from(rawName).toString('utf16le'),
      rawName,
      classId: this.#slice(at + 80, 16),
      stateBits: this.#slice(at + 96, 4),
      created: this.#slice(at + 100, 8),
      modified: this.#slice(at + 108, 8),
    };
  }

  #slice(at: number, length: number): Uint8Array {
    return this.#directory.subarray(at, at + length);
  }

  #u32(at: number): number {
    return this.#directory.readUInt32LE(at);
  }

  #cut(runs: readonly Run[]): Uint8Array[] {
    return runs.map(({ offset, length }) => this.#bytes.subarray(offset, offset + length));
  }
}

function badDirectory(why: string): FormatError {
  return new FormatError('FORMAT_BAD_HEADER', `The directory of the OLE file cannot be: ${why}.`);
}
