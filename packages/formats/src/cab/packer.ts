// The packer for a folder's compression method: 32 KB in, packed blocks out, in order, some later than others.
import { LzxEncoder } from '../lzx/index.ts';
import { encodeMszipBlock } from '../mszip/index.ts';
import { type CabinetPlan, type PlannedMember, plannedWindowBits } from './plan.ts';

export interface PackedBlock {
  packed: Uint8Array;
  sizeBytes: number;
}

interface BlockPacker {
  /** Takes the next 32 KB of the folder (the last piece may be shorter). Answers what is ready. */
  push(block: Uint8Array): PackedBlock[];
  /** Answers the rest. */
  finish(): PackedBlock[];
}

/** A packer for one folder of `plan`. `hasProgram`: x86 code is in it, and LZX may translate its calls. */
export function createBlockPacker(plan: CabinetPlan<PlannedMember>, hasProgram: boolean): BlockPacker {
  const { compression = 'mszip', level } = plan.options;
  if (compression === 'none')
    return { push: (block) => [{ packed: block, sizeBytes: block.length }], finish: () => [] };
  if (compression === 'lzx') return createLzxPacker(plannedWindowBits(plan), hasProgram);
  let previous: Uint8Array | undefined;
  return {
    push(block) {
      const packed = encodeMszipBlock(block, previous, level);
      previous = block;
      return [{ packed, sizeBytes: block.length }];
    },
    finish: () => [],
  };
}

/** DOS and Windows programs and libraries. */
export function isProgram(bytes: Uint8Array): boolean {
  return bytes[0] === 0x4d && bytes[1] === 0x5a;
}

function createLzxPacker(windowBits: number, translatesCalls: boolean): BlockPacker {
  const encoder = new LzxEncoder(windowBits, translatesCalls);
  const sizes: number[] = [];
  const withSizes = (frames: Uint8Array[]) => frames.map((packed) => ({ packed, sizeBytes: sizes.shift() ?? 0 }));
  return {
    push(block) {
      sizes.push(block.length);
      return withSizes(encoder.push(block));
    },
    finish: () => withSizes(encoder.finish()),
  };
}
