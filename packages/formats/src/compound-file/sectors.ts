// The sectors of a compound file (MS-CFB 2.1 to 2.5): a file system in a file. Its allocation table (FAT) says for each
// sector which one follows. Hard part: the table is a stranger's, so chains may loop, meet or lead out of the file.
// Each sector is in one chain at most. So all chains together cost no more than the file is long.
import { FormatError } from '../errors.ts';

/** A piece of the file. */
export interface Run {
  offset: number;
  length: number;
}

interface CompoundHeader {
  majorVersion: number;
  sectorBytes: number;
  firstDirectorySector: number;
  firstMiniFatSector: number;
}

/** Streams below this size lie in small sectors. */
export const smallBelow = 4096;
const miniSectorBytes = 64;
const headerBytes = 512;
const magic = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
const endOfChain = 0xfffffffe;
const freeSector = 0xffffffff;
const headerDifatEntries = 109;

/** Whether a file that begins so is a compound file. */
export function isCompoundFile(head: Uint8Array): boolean {
  return magic.every((octet, at) => head[at] === octet);
}

/** The regular sectors of one file. */
export class SectorFile {
  readonly header: CompoundHeader;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #count: number;
  readonly #fat: Uint32Array;
  readonly #used: Uint8Array;
  #highest = -1;

  /** Throws FormatError for a header or a table that contradicts the file. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.header = readHeader(this.#view);
    // The last sector may be cut short.
    this.#count = Math.max(0, Math.ceil(bytes.length / this.header.sectorBytes) - 1);
    this.#used = new Uint8Array(this.#count);
    this.#fat = this.#readFat();
  }

  /** The sectors of the chain that begins at `first`: as many as hold `sizeBytes`. All, without it. */
  chain(first: number, sizeBytes?: number): number[] {
    const wanted = sizeBytes === undefined ? Number.POSITIVE_INFINITY : Math.ceil(sizeBytes / this.header.sectorBytes);
    const sectors: number[] = [];
    for (let sector = first; sectors.length < wanted; sector = this.#fat[sector] ?? freeSector) {
      if (sector === endOfChain && sizeBytes === undefined) break;
      if (sector === endOfChain) throw tooShort(sizeBytes ?? 0);
      this.#use(sector);
      sectors.push(sector);
    }
    return sectors;
  }

  /** The places of the first `sizeBytes` of a chain. */
  runs(sectors: readonly number[], sizeBytes: number): Run[] {
    const runs: Run[] = [];
    let left = sizeBytes;
    for (const sector of sectors) {
      const length = Math.min(left, this.header.sectorBytes);
      addRun(runs, { offset: this.offsetOf(sector), length });
      left -= length;
    }
    const last = runs.at(-1);
    if (last && last.offset + last.length > this.#bytes.length) throw tooShort(sizeBytes);
    return runs;
  }

  offsetOf(sector: number): number {
    return (sector + 1) * this.header.sectorBytes;
  }

  /** Sector numbers out of a chain, as tables hold them. */
  numbersOf(sectors: readonly number[]): Uint32Array {
    const each = this.header.sectorBytes / 4;
    const numbers = new Uint32Array(sectors.length * each).fill(freeSector);
    for (const [at, sector] of sectors.entries()) {
      for (let entry = 0; entry < each; entry++) numbers[at * each + entry] = this.#number(sector, entry);
    }
    return numbers;
  }

  /** The bytes behind the last used sector. */
  get tail(): Uint8Array {
    return this.#bytes.subarray(Math.min(this.#bytes.length, (this.#highest + 2) * this.header.sectorBytes));
  }

  #readFat(): Uint32Array {
    const sectors: number[] = [];
    for (let at = 0; at < headerDifatEntries; at++)
      this.#takeFatSector(this.#view.getUint32(76 + at * 4, true), sectors);
    const each = this.header.sectorBytes / 4 - 1;
    for (let next = this.#view.getUint32(68, true); next !== endOfChain && next !== freeSector; ) {
      this.#use(next);
      for (let at = 0; at < each; at++) this.#takeFatSector(this.#number(next, at), sectors);
      next = this.#number(next, each);
    }
    return this.numbersOf(sectors);
  }

  #takeFatSector(sector: number, sectors: number[]): void {
    if (sector === freeSector) return;
    this.#use(sector);
    sectors.push(sector);
  }

  /** A file that ends inside of a table says nothing of the sectors that are not there. */
  #number(sector: number, entry: number): number {
    const at = this.offsetOf(sector) + entry * 4;
    return at + 4 <= this.#bytes.length ? this.#view.getUint32(at, true) : freeSector;
  }

  #use(sector: number): void {
    if (sector >= this.#count) {
      throw badTable(`it leads to sector ${sector} of ${this.#count}`, this.#bytes.length);
    }
    if (this.#used[sector] === 1)
      throw badTable(`two chains share sector ${sector}, or one goes round`, this.offsetOf(sector));
    this.#used[sector] = 1;
    if (sector > this.#highest) this.#highest = sector;
  }
}

/** The sectors of 64 bytes inside the stream of the root, where all small streams lie (MS-CFB 2.4). */
export class MiniSectors {
  readonly #file: SectorFile;
  readonly #stream: readonly number[];
  readonly #count: number;
  readonly #fat: Uint32Array;
  readonly #used: Uint8Array;

  constructor(file: SectorFile, root: { firstSector: number; sizeBytes: number }) {
    this.#file = file;
    this.#stream = root.sizeBytes === 0 ? [] : file.chain(root.firstSector, root.sizeBytes);
    // Refuses a stream of the root that reaches beyond the file.
    file.runs(this.#stream, root.sizeBytes);
    this.#count = Math.ceil(root.sizeBytes / miniSectorBytes);
    const { firstMiniFatSector } = file.header;
    const isThere = firstMiniFatSector !== endOfChain && firstMiniFatSector !== freeSector;
    this.#fat = file.numbersOf(isThere ? file.chain(firstMiniFatSector) : []);
    this.#used = new Uint8Array(this.#count);
  }

  runs(first: number, sizeBytes: number): Run[] {
    const runs: Run[] = [];
    const perSector = this.#file.header.sectorBytes / miniSectorBytes;
    let sector = first;
    for (let left = sizeBytes; left > 0; left -= miniSectorBytes) {
      if (sector === endOfChain) throw tooShort(sizeBytes);
      if (sector >= this.#count) throw badTable(`it leads to small sector ${sector} of ${this.#count}`, 0);
      if (this.#used[sector] === 1) throw badTable(`two chains share small sector ${sector}, or one goes round`, 0);
      this.#used[sector] = 1;
      const offset = this.#file.offsetOf(this.#stream[Math.floor(sector / perSector)] ?? 0);
      const inside = (sector % perSector) * miniSectorBytes;
      addRun(runs, { offset: offset + inside, length: Math.min(left, miniSectorBytes) });
      sector = this.#fat[sector] ?? freeSector;
    }
    return runs;
  }
}

function readHeader(view: DataView): CompoundHeader {
  if (view.byteLength < headerBytes) {
    throw new FormatError('FORMAT_TRUNCATED', 'The OLE file ends inside its header.', { offset: view.byteLength });
  }
  const majorVersion = view.getUint16(26, true);
  const shift = view.getUint16(30, true);
  const isKnown = (majorVersion === 3 && shift === 9) || (majorVersion === 4 && shift === 12);
  if (!isKnown || view.getUint16(28, true) !== 0xfffe || view.getUint16(32, true) !== 6) {
    const message = `The OLE file says version ${majorVersion} with sectors of 2^${shift} bytes; only versions 3 (2^9) and 4 (2^12) are there.`;
    throw new FormatError('FORMAT_BAD_HEADER', message, { offset: 26 });
  }
  // MS-CFB 2.2: must be 4096.
  if (view.getUint32(56, true) !== smallBelow) {
    throw new FormatError('FORMAT_BAD_HEADER', 'The OLE file says another size than 4096 for small streams.', {
      offset: 56,
    });
  }
  return {
    majorVersion,
    sectorBytes: 2 ** shift,
    firstDirectorySector: view.getUint32(48, true),
    firstMiniFatSector: view.getUint32(60, true),
  };
}

/** Neighbours become one. */
function addRun(runs: Run[], { offset, length }: Run): void {
  const last = runs.at(-1);
  if (last && last.offset + last.length === offset) last.length += length;
  else runs.push({ offset, length });
}

function badTable(why: string, offset: number): FormatError {
  return new FormatError('FORMAT_BAD_HEADER', `The sector table of the OLE file cannot be: ${why}.`, { offset });
}

function tooShort(sizeBytes: number): FormatError {
  return new FormatError('FORMAT_TRUNCATED', `A stream of the OLE file says ${sizeBytes} bytes and has fewer.`);
}
