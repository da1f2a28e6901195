// Writing a cabinet of any size: members are streamed in, blocks out, and the head is written last over the room left
// for it. MSZIP blocks are packed on several threads: each needs only the plain 32 KB before it.
import { FormatError } from '../errors.ts';
import { encodeMszipBlockConcurrently } from '../mszip/index.ts';
import { BlockCutter } from './block-cutter.ts';
import { frameBlock } from './create.ts';
import { createBlockPacker, type PackedBlock } from './packer.ts';
import { type CabinetPlan, type CreateOptions, encodeHead, type PlannedMember, planCabinet } from './plan.ts';

export interface StreamedMember extends PlannedMember {
  /** x86 code. LZX translates its calls. */
  isProgram?: boolean;
  /** Exactly `sizeBytes` bytes. Chunks may not be overwritten afterwards. */
  open(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface CabinetSink {
  /** Writes at a place. Places come in rising order, except the head at 0, which comes last. */
  write(offset: number, bytes: Uint8Array): Promise<void>;
}

/** How many blocks are packed at the same time. */
const blocksInFlight = 8;

/**
 * Writes a cabinet and answers its size. The bytes are those of createCabinet. Throws FORMAT_UNSAFE_NAME,
 * FORMAT_OVER_LIMIT, and FORMAT_BAD_DATA when a member gives more or fewer bytes than it announced.
 */
export async function writeCabinet(
  sink: CabinetSink,
  members: readonly StreamedMember[],
  options: CreateOptions = {},
): Promise<number> {
  const plan = planCabinet(members, options);
  const firstBlocks: number[] = [];
  let at = plan.headBytes;
  for (const folder of plan.folders) {
    firstBlocks.push(at);
    for await (const { packed, sizeBytes } of packFolder(folder.members, plan)) {
      const framed = frameBlock(packed, sizeBytes, options.reserve?.blockBytes ?? 0);
      await sink.write(at, framed);
      at += framed.length;
    }
  }
  await sink.write(0, encodeHead(plan, firstBlocks, at));
  return at;
}

async function* packFolder(
  members: readonly StreamedMember[],
  plan: CabinetPlan<PlannedMember>,
): AsyncGenerator<PackedBlock> {
  const blocks = cutMembers(members);
  if ((plan.options.compression ?? 'mszip') === 'mszip') {
    yield* packConcurrently(blocks, plan.options.level);
    return;
  }
  const packer = createBlockPacker(
    plan,
    members.some(({ isProgram }) => isProgram === true),
  );
  for await (const block of blocks) yield* packer.push(block);
  yield* packer.finish();
}

async function* packConcurrently(
  blocks: AsyncIterable<Uint8Array>,
  level: number | undefined,
): AsyncGenerator<PackedBlock> {
  const inFlight: Promise<PackedBlock>[] = [];
  let previous: Uint8Array | undefined;
  try {
    for await (const block of blocks) {
      inFlight.push(packOne(block, previous, level));
      previous = block;
      if (inFlight.length >= blocksInFlight) yield (await inFlight.shift()) as PackedBlock;
    }
    while (inFlight.length > 0) yield (await inFlight.shift()) as PackedBlock;
  } finally {
    await Promise.allSettled(inFlight);
  }
}

async function packOne(
  block: Uint8Array,
  previous: Uint8Array | undefined,
  level: number | undefined,
): Promise<PackedBlock> {
  return { packed: await encodeMszipBlockConcurrently(block, previous, level), sizeBytes: block.length };
}

async function* cutMembers(members: readonly StreamedMember[]): AsyncGenerator<Uint8Array> {
  const cutter = new BlockCutter();
  for (const member of members) {
    let given = 0;
    for await (const chunk of member.open()) {
      given += chunk.length;
      if (given > member.sizeBytes) break;
      yield* cutter.push(chunk);
    }
    if (given !== member.sizeBytes) {
      const message = `The member gave ${given > member.sizeBytes ? 'more' : 'fewer'} bytes than the ${member.sizeBytes} it announced.`;
      throw new FormatError('FORMAT_BAD_DATA', message, { member: member.name });
    }
  }
  yield* cutter.finish();
}
