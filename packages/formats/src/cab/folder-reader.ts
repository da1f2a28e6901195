// Unpacks one folder, block after block (MS-CAB 2.3 CFDATA), across the cabinets of a set. Holds one block and the
// decoder's history, whatever the folder's size.
import { FormatError, type FormatErrorCode } from '../errors.ts';
import type { CabinetFolder, FolderPart } from './cabinet.ts';
import { cabinetChecksum } from './checksum.ts';
import { type BlockDecoder, createBlockDecoder } from './decoder.ts';

/** Most bytes one block unpacks to (MS-CAB 2.3 cbUncomp). */
export const blockBytes = 32768;

interface RawBlock {
  /** Reads the packed bytes and checks their checksum. */
  load(): Uint8Array;
  /** 0 when the block goes on in the next cabinet of the set. */
  sizeBytes: number;
  offset: number;
}

export class FolderReader {
  readonly #folder: CabinetFolder;
  readonly #decoder: BlockDecoder;
  readonly #blocks: Iterator<RawBlock>;
  /** How many unpacked bytes have been passed. */
  position = 0;
  /** After an error: the bytes that cannot be had. Behind `end` reading can go on. */
  damage = { begin: 0, end: Number.POSITIVE_INFINITY };

  /** Throws FORMAT_UNSUPPORTED and FORMAT_BAD_DATA for a folder that cannot be unpacked at all. */
  constructor(folder: CabinetFolder) {
    this.#folder = folder;
    const [first] = folder.parts;
    const offset = first ? first.baseOffset + first.firstBlock : 0;
    this.#decoder = at(offset, () => createBlockDecoder(folder.compression));
    this.#blocks = wholeBlocks(folder.parts);
  }

  /** The next block, unpacked. It may be overwritten by the next call. undefined at the end. Throws FormatError. */
  next(): Uint8Array | undefined {
    this.damage = { begin: this.position, end: Number.POSITIVE_INFINITY };
    const step = this.#blocks.next();
    if (step.done) return undefined;
    const { sizeBytes, offset } = step.value;
    // Stored blocks do not need each other: one that is damaged is passed over.
    if (this.#folder.compression.method === 'none') this.damage.end = this.position + sizeBytes;
    const bytes = step.value.load();
    const unpacked = at(offset, () => this.#decoder.decode(bytes, sizeBytes));
    this.position += unpacked.length;
    return unpacked;
  }

  /** Passes blocks that end at or before `target` without reading them, where the method allows it (stored data). */
  skipTo(target: number): void {
    if (this.#folder.compression.method !== 'none') return;
    while (this.position + blockBytes <= target) {
      const step = this.#blocks.next();
      if (step.done) return;
      this.position += step.value.sizeBytes;
    }
  }
}

/** Blocks as they were before a set's makers cut them: a piece without a size goes on in the next part. */
function* wholeBlocks(parts: readonly FolderPart[]): Generator<RawBlock> {
  let begun: RawBlock | undefined;
  for (const part of parts) {
    for (const block of blocksOf(part)) {
      const whole: RawBlock = begun
        ? { sizeBytes: block.sizeBytes, offset: block.offset, load: joined(begun, block) }
        : block;
      if (block.sizeBytes > 0) yield whole;
      begun = block.sizeBytes > 0 ? undefined : whole;
    }
  }
  if (begun) {
    const message = 'The data goes on in the next cabinet of the set, which was not given.';
    throw new FormatError('FORMAT_MISSING_CABINET', message, { offset: begun.offset });
  }
}

function* blocksOf(part: FolderPart): Generator<RawBlock> {
  let place = part.firstBlock;
  for (let index = 0; index < part.blockCount; index++) {
    const block = new DataBlock(part, place);
    if (block.sizeBytes === 0 && index < part.blockCount - 1) {
      const message = 'A block that is not the last one of its cabinet has no size.';
      throw new FormatError('FORMAT_BAD_DATA', message, { offset: block.offset });
    }
    place = block.end;
    yield block;
  }
}

const fixedHeadBytes = 8;

/** One CFDATA. A cabinet of 100 MB has thousands, so there is one object for each and no more. */
class DataBlock implements RawBlock {
  readonly #part: FolderPart;
  readonly #dataAt: number;
  readonly #checksum: number;
  /** Its two sizes as the word that the checksum sees. */
  readonly #sizes: number;
  readonly #reserve: Uint8Array | undefined;
  readonly sizeBytes: number;
  readonly offset: number;
  readonly end: number;

  /** Throws FormatError for a head that says what cannot be. */
  constructor(part: FolderPart, place: number) {
    this.#part = part;
    this.offset = part.baseOffset + place;
    this.#dataAt = place + fixedHeadBytes + part.blockReserve;
    const head = part.source.read(place, Math.min(this.#dataAt - place, Math.max(0, part.end - place)));
    if (head.length < this.#dataAt - place) throw this.#damaged('FORMAT_TRUNCATED', 'A data block has no room.');
    this.#checksum = wordAt(head, 0);
    this.#sizes = wordAt(head, 4);
    // A copy: sources may overwrite their bytes, and a Buffer's own slice() does not copy.
    this.#reserve = part.blockReserve > 0 ? new Uint8Array(head.subarray(fixedHeadBytes)) : undefined;
    this.sizeBytes = this.#sizes >>> 16;
    this.end = this.#dataAt + (this.#sizes & 0xffff);
    if (this.sizeBytes > blockBytes) {
      const message = `A data block claims ${this.sizeBytes} bytes unpacked; ${blockBytes} is the most.`;
      throw this.#damaged('FORMAT_BAD_DATA', message);
    }
    if (this.end > part.end) {
      const message = `A data block of ${this.#sizes & 0xffff} bytes runs beyond the end of its folder.`;
      throw this.#damaged('FORMAT_TRUNCATED', message);
    }
  }

  load(): Uint8Array {
    const length = this.end - this.#dataAt;
    const bytes = this.#part.source.read(this.#dataAt, length);
    if (bytes.length < length) throw this.#damaged('FORMAT_TRUNCATED', 'A data block is cut short.');
    if (!this.#isSound(bytes)) throw this.#damaged('FORMAT_BAD_CHECKSUM', 'A data block does not match its checksum.');
    return bytes;
  }

  /** MS-CAB 3.1. Makers differ in whether a block's reserve counts. 0 means that no checksum was made. */
  #isSound(bytes: Uint8Array): boolean {
    if (this.#checksum === 0) return true;
    const sum = (cabinetChecksum(bytes, 0) ^ this.#sizes) >>> 0;
    return this.#checksum === sum || (!!this.#reserve && this.#checksum === cabinetChecksum(this.#reserve, sum));
  }

  #damaged(code: FormatErrorCode, message: string): FormatError {
    return new FormatError(code, message, { offset: this.offset });
  }
}

/** 32 bits, little-endian, unsigned. */
function wordAt(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  const high = (bytes[at + 2] ?? 0) | ((bytes[at + 3] ?? 0) << 8);
  return (low | (high << 16)) >>> 0;
}

/** The bytes of a block that was cut in two. The first piece is copied, for reading the second may overwrite it. */
function joined(first: RawBlock, second: RawBlock): () => Uint8Array {
  return () => {
    const begin = new Uint8Array(first.load());
    const end = second.load();
    const whole = new Uint8Array(begin.length + end.length);
    whole.set(begin);
    whole.set(end, begin.length);
    return whole;
  };
}

/** Decoders know nothing of places in the file: their errors get the block's. */
function at<Result>(offset: number, decode: () => Result): Result {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(error.code, error.message, { offset, cause: error.cause ?? error });
  }
}
