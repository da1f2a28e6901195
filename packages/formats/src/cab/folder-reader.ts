// Unpacks one folder, block after block (MS-CAB 2.3 CFDATA), across the cabinets of a set. Holds one block and the
// decoder's history, whatever the folder's size.
import { FormatError } from '../errors.ts';
import type { CabinetFolder, FolderPart } from './cabinet.ts';
import { cabinetChecksum } from './checksum.ts';
import { type BlockDecoder, createBlockDecoder } from './decoder.ts';

/** Most bytes one block unpacks to (MS-CAB 2.3 cbUncomp). */
export const blockBytes = 32768;

interface RawBlock {
  /** Reads the packed bytes and holds them against their checksum. */
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

  /** The next block, unpacked; it may be overwritten by the next call. undefined at the end. Throws FormatError. */
  next(): Uint8Array | undefined {
    this.damage = { begin: this.position, end: Number.POSITIVE_INFINITY };
    const step = this.#blocks.next();
    if (step.done) return undefined;
    const { load, sizeBytes, offset } = step.value;
    // Stored blocks do not need each other: one that is damaged is passed over.
    if (this.#folder.compression.method === 'none') this.damage.end = this.position + sizeBytes;
    const bytes = load();
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
      const whole: RawBlock = begun ? { ...block, load: joined(begun, block) } : block;
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
    const { block, packedBytes } = readBlock(part, place);
    if (block.sizeBytes === 0 && index < part.blockCount - 1) {
      const message = 'A block that is not the last one of its cabinet has no size.';
      throw new FormatError('FORMAT_BAD_DATA', message, { offset: block.offset });
    }
    place += 8 + part.blockReserve + packedBytes;
    yield block;
  }
}

function readBlock(part: FolderPart, place: number): { block: RawBlock; packedBytes: number } {
  const headBytes = 8 + part.blockReserve;
  const offset = part.baseOffset + place;
  // A copy: sources may overwrite what they gave, and a Buffer's own slice() is no copy.
  const head = new Uint8Array(part.source.read(place, Math.min(headBytes, Math.max(0, part.end - place))));
  if (head.length < headBytes) throw new FormatError('FORMAT_TRUNCATED', 'A data block has no room.', { offset });
  const view = new DataView(head.buffer);
  const packedBytes = view.getUint16(4, true);
  const sizeBytes = view.getUint16(6, true);
  if (sizeBytes > blockBytes) {
    const message = `A data block claims ${sizeBytes} bytes unpacked; ${blockBytes} is the most.`;
    throw new FormatError('FORMAT_BAD_DATA', message, { offset });
  }
  const dataAt = place + headBytes;
  if (dataAt + packedBytes > part.end) {
    const message = `A data block of ${packedBytes} bytes runs into what lies behind its folder.`;
    throw new FormatError('FORMAT_TRUNCATED', message, { offset });
  }
  const load = () => {
    const bytes = part.source.read(dataAt, packedBytes);
    if (bytes.length < packedBytes) throw new FormatError('FORMAT_TRUNCATED', 'A data block is cut short.', { offset });
    checkSum(view.getUint32(0, true), { bytes, head, offset });
    return bytes;
  };
  return { block: { load, sizeBytes, offset }, packedBytes };
}

/** MS-CAB 3.1. Makers differ in whether a block's reserve counts; 0 means that no checksum was made. */
function checkSum(
  wanted: number,
  { bytes, head, offset }: { bytes: Uint8Array; head: Uint8Array; offset: number },
): void {
  if (wanted === 0) return;
  const ofData = cabinetChecksum(bytes, 0);
  if (wanted === cabinetChecksum(head.subarray(4, 8), ofData)) return;
  if (head.length > 8 && wanted === cabinetChecksum(head.subarray(4), ofData)) return;
  throw new FormatError('FORMAT_BAD_CHECKSUM', 'A data block does not match its checksum.', { offset });
}

/** The bytes of a block that was cut in two; the first piece is copied, for reading the second may overwrite it. */
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
