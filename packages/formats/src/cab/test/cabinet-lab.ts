// What the cabinet tests share: a scratch folder, foreign programs, inputs of many kinds, and cabinets with a wound.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { frameBlock } from '../create.ts';
import { encodeHead, planCabinet } from '../plan.ts';

/** A folder that is gone after the test. */
export function scratchFolder(test: { after(clean: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'moult-cab-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs a foreign program; throws with its stderr when it fails. */
export function run(program: string, args: readonly string[], cwd?: string): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], ...(cwd ? { cwd } : {}) });
}

/** A file of fixtures/libmspack. */
export function libmspackSample(name: string): Uint8Array {
  return readFileSync(fileURLToPath(new URL(`../../../../../fixtures/libmspack/${name}`, import.meta.url)));
}

/** Bytes that nothing can pack; the same for the same seed. */
export function noise(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** Words drawn from a small vocabulary: packs about as prose does. */
export function prose(length: number, seed = 1): Uint8Array {
  const words =
    'all the world is a stage and men women merely players they have their exits entrances one man in his time plays many parts'.split(
      ' ',
    );
  let state = seed;
  let text = '';
  while (text.length < length) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    text += `${words[(state >>> 20) % words.length]}${state % 11 === 0 ? `.${state % 9973}\n` : ' '}`;
  }
  return new TextEncoder().encode(text.slice(0, length));
}

/** Looks like x86 code to LZX: calls to few places from many. */
export function machineCode(length: number): Uint8Array {
  const bytes = noise(length, 7).map((byte) => byte & 0x3f);
  bytes.set([0x4d, 0x5a]);
  const view = new DataView(bytes.buffer);
  for (let at = 64; at + 5 < length; at += 23) {
    bytes[at] = 0xe8;
    view.setInt32(at + 1, ((at * 7) % 4096) - at, true);
  }
  return bytes;
}

/** A cabinet of one member whose packed blocks are given: for data that no encoder of ours would write. */
export function cabinetOfBlocks(
  member: { name: string; sizeBytes: number },
  typeCompress: number,
  blocks: readonly { packed: Uint8Array; sizeBytes: number }[],
): Uint8Array {
  const plan = planCabinet([{ ...member, modified: new Date(0) }], { compression: 'none' });
  plan.typeCompress = typeCompress;
  for (const folder of plan.folders) folder.blockCount = blocks.length;
  const framed = blocks.map(({ packed, sizeBytes }) => frameBlock(packed, sizeBytes, 0));
  const total = framed.reduce((sum, block) => sum + block.length, plan.headBytes);
  return Uint8Array.from(Buffer.concat([encodeHead(plan, [plan.headBytes], total), ...framed]));
}

/** A copy with `bytes` put at `at`. */
export function patched(original: Uint8Array, at: number, bytes: readonly number[]): Uint8Array {
  const copy = new Uint8Array(original);
  copy.set(bytes, at);
  return copy;
}
