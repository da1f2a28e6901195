// Event log files of Windows (.evtx): chunks of 64 KB with records. While Windows holds a file open, its header counts
// the chunks wrongly. So chunks are searched until the file ends, and a damaged one costs only itself.
import { readerBounds } from '../../input-bounds.ts';
import type { ReadAt } from '../../story/reader.ts';
import { BinXmlFault, type EventElement, readBinXml } from './bin-xml.ts';
import { fileTime } from './values.ts';

export interface EvtxRecord {
  id: number;
  /** Milliseconds since 1970, UTC. */
  writtenAt: number | undefined;
  root: EventElement;
}

/** The part that could not be read. */
export interface EvtxDamage {
  chunks: number;
  records: number;
  /** The first fault, in words. */
  why: string;
}

const headerBytes = 4096;
const chunkBytes = 65_536;
const firstRecord = 512;

/** True where `head` begins as an .evtx file does. */
export function isEvtx(head: Buffer): boolean {
  return head.toString('latin1', 0, 8) === 'ElfFile\0';
}

/** The records in their order. `damage` counts what could not be read. Never throws for what the file holds. */
export function* evtxRecords(read: ReadAt, damage: EvtxDamage): Generator<EvtxRecord> {
  for (let offset = headerBytes; ; offset += chunkBytes) {
    const chunk = read(offset, chunkBytes);
    if (chunk.length < firstRecord) return;
    if (chunk.toString('latin1', 0, 8) === 'ElfChnk\0') yield* recordsOf(chunk, damage);
    else if (!isUnused(chunk)) note(damage, 'chunks', `no chunk at byte ${offset}`);
  }
}

/** A file grows by chunks that are zeros until they are needed. */
function isUnused(chunk: Buffer): boolean {
  return chunk.readUInt32LE(0) === 0 && chunk.readUInt32LE(4) === 0;
}

function* recordsOf(chunk: Buffer, damage: EvtxDamage): Generator<EvtxRecord> {
  const budget = { tokens: readerBounds.maxChunkTokens };
  const free = chunk.readUInt32LE(48);
  const end = free >= firstRecord && free <= chunk.length ? free : chunk.length;
  let at = firstRecord;
  while (at + 28 <= end) {
    if (chunk.readUInt32LE(at) !== 0x2a2a) {
      // Behind the last record lie zeros, or records of before.
      if (chunk.readUInt32LE(at) !== 0) note(damage, 'chunks', `no record at byte ${at} of a chunk`);
      return;
    }
    const size = chunk.readUInt32LE(at + 4);
    if (size < 28 || at + size > chunk.length || chunk.readUInt32LE(at + size - 4) !== size) {
      note(damage, 'chunks', `a record at byte ${at} of a chunk is ${size} bytes long`);
      return;
    }
    const root = parse(chunk, at + 24, at + size - 4, budget, damage);
    if (root) yield { id: Number(chunk.readBigUInt64LE(at + 8)), writtenAt: fileTime(chunk, at + 16), root };
    if (budget.tokens <= 0) return;
    at += size;
  }
}

function parse(
  chunk: Buffer,
  start: number,
  end: number,
  budget: { tokens: number },
  damage: EvtxDamage,
): EventElement | undefined {
  try {
    return readBinXml(chunk, start, end, budget);
  } catch (error) {
    if (!(error instanceof BinXmlFault)) throw error;
    note(damage, 'records', error.message);
    return undefined;
  }
}

function note(damage: EvtxDamage, what: 'chunks' | 'records', why: string): void {
  damage[what]++;
  damage.why ||= why;
}
