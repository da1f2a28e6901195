// Writing cabinets (MS-CAB 2): the same members and times give the same bytes, always.
import { FormatError } from '../errors.ts';
import { cabinetChecksum } from './checksum.ts';
import { blockBytes } from './folder-reader.ts';
import { createBlockPacker, isProgram } from './packer.ts';
import { type CabinetPlan, type CreateOptions, encodeHead, type PlannedMember, planCabinet } from './plan.ts';

export interface NewMember {
  name: string;
  bytes: Uint8Array;
  modified: Date;
  attributes?: number;
}

/** A cabinet in memory; deterministic. Throws FORMAT_UNSAFE_NAME, FORMAT_OVER_LIMIT. */
export function createCabinet(members: readonly NewMember[], options: CreateOptions = {}): Uint8Array {
  const plan = planCabinet(
    members.map((member) => ({ ...member, sizeBytes: member.bytes.length })),
    options,
  );
  const pieces: Uint8Array[] = [];
  let at = plan.headBytes;
  const firstBlocks = plan.folders.map((folder) => {
    const firstBlock = at;
    for (const block of packFolder(folder.members, plan)) {
      pieces.push(block);
      at += block.length;
    }
    return firstBlock;
  });
  return concatenate([encodeHead(plan, firstBlocks, at), ...pieces], at);
}

/** One CFDATA: checksum, sizes, reserve, bytes. */
export function frameBlock(packed: Uint8Array, sizeBytes: number, reserveBytes: number): Uint8Array {
  const framed = new Uint8Array(8 + reserveBytes + packed.length);
  const view = new DataView(framed.buffer);
  view.setUint16(4, packed.length, true);
  view.setUint16(6, sizeBytes, true);
  view.setUint32(0, cabinetChecksum(framed.subarray(4, 8), cabinetChecksum(packed, 0)), true);
  framed.set(packed, 8 + reserveBytes);
  return framed;
}

function* packFolder(members: readonly NewMember[], plan: CabinetPlan<PlannedMember>): Generator<Uint8Array> {
  const packer = createBlockPacker(
    plan,
    members.some((member) => isProgram(member.bytes)),
  );
  const reserveBytes = plan.options.reserve?.blockBytes ?? 0;
  for (const block of cutIntoBlocks(members.map((member) => member.bytes))) {
    for (const { packed, sizeBytes } of packer.push(block)) yield frameBlock(packed, sizeBytes, reserveBytes);
  }
  for (const { packed, sizeBytes } of packer.finish()) yield frameBlock(packed, sizeBytes, reserveBytes);
}

/** The same bytes in pieces of 32 KB, the last one shorter. Pieces are views where a chunk holds them whole. */
export function* cutIntoBlocks(chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
  let begun = new Uint8Array(blockBytes);
  let filled = 0;
  for (const chunk of chunks) {
    let at = 0;
    while (at < chunk.length) {
      if (filled === 0 && chunk.length - at >= blockBytes) {
        yield chunk.subarray(at, at + blockBytes);
        at += blockBytes;
        continue;
      }
      const piece = chunk.subarray(at, at + blockBytes - filled);
      begun.set(piece, filled);
      filled += piece.length;
      at += piece.length;
      if (filled === blockBytes) {
        yield begun;
        begun = new Uint8Array(blockBytes);
        filled = 0;
      }
    }
  }
  if (filled > 0) yield begun.subarray(0, filled);
}

function concatenate(pieces: readonly Uint8Array[], length: number): Uint8Array {
  if (length > 2 ** 32) throw new FormatError('FORMAT_OVER_LIMIT', 'A cabinet has at most 4 GB.');
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
