// Writing cabinets (MS-CAB 2): the same members and times give the same bytes, always.
import { BlockCutter } from './block-cutter.ts';
import { cabinetChecksum } from './checksum.ts';
import { createBlockPacker, isProgram, type PackedBlock } from './packer.ts';
import { type CabinetPlan, type CreateOptions, encodeHead, type PlannedMember, planCabinet } from './plan.ts';

export interface NewMember {
  name: string;
  bytes: Uint8Array;
  modified: Date;
  attributes?: number;
}

/** A cabinet in memory. Deterministic. Throws FORMAT_UNSAFE_NAME, FORMAT_OVER_LIMIT. */
export function createCabinet(members: readonly NewMember[], options: CreateOptions = {}): Uint8Array {
  const plan = planCabinet(
    members.map((member) => ({ ...member, sizeBytes: member.bytes.length })),
    options,
  );
  const pieces: Uint8Array[] = [];
  let at = plan.headBytes;
  const firstBlocks = plan.folders.map((folder) => {
    const firstBlock = at;
    for (const { packed, sizeBytes } of packFolder(folder.members, plan)) {
      const framed = frameBlock(packed, sizeBytes, options.reserve?.blockBytes ?? 0);
      pieces.push(framed);
      at += framed.length;
    }
    return firstBlock;
  });
  const head = encodeHead(plan, firstBlocks, at);
  const cabinet = new Uint8Array(at);
  at = 0;
  for (const piece of [head, ...pieces]) {
    cabinet.set(piece, at);
    at += piece.length;
  }
  return cabinet;
}

/** One CFDATA (MS-CAB 2.3): checksum, sizes, reserve, bytes. */
export function frameBlock(packed: Uint8Array, sizeBytes: number, reserveBytes: number): Uint8Array {
  const framed = new Uint8Array(8 + reserveBytes + packed.length);
  const view = new DataView(framed.buffer);
  view.setUint16(4, packed.length, true);
  view.setUint16(6, sizeBytes, true);
  view.setUint32(0, cabinetChecksum(framed.subarray(4, 8), cabinetChecksum(packed, 0)), true);
  framed.set(packed, 8 + reserveBytes);
  return framed;
}

function* packFolder(members: readonly NewMember[], plan: CabinetPlan<PlannedMember>): Generator<PackedBlock> {
  const packer = createBlockPacker(
    plan,
    members.some((member) => isProgram(member.bytes)),
  );
  const cutter = new BlockCutter();
  for (const { bytes } of members) {
    for (const block of cutter.push(bytes)) yield* packer.push(block);
  }
  for (const block of cutter.finish()) yield* packer.push(block);
  yield* packer.finish();
}
