// Code lengths as LZX sends them: differences to the last block's (modulo 17), and runs of zeros (17, 18) or of one
// length (19). A code of 20 symbols packs them. It is sent first.
import { buildCodeLengths, canonicalCodes } from '../huffman.ts';
import type { BitWriter } from './bit-writer.ts';

/**
 * Code lengths of at most `maxBits` that every decoder takes: a lone symbol gets a companion, no symbol leaves the code
 * empty.
 */
export function completeCodeLengths(counts: Uint32Array, maxBits: number): Uint8Array {
  const lengths = buildCodeLengths(counts, maxBits);
  const lone = lengths.indexOf(1);
  if (lone >= 0 && lengths.indexOf(1, lone + 1) < 0 && lengths.every((length) => length <= 1)) {
    lengths[lone === 0 ? 1 : 0] = 1;
  }
  return lengths;
}

/** Writes `lengths`, given the ones the decoder still has. */
export function writeCodeLengths(writer: BitWriter, lengths: Uint8Array, before: Uint8Array): void {
  const items = toRuns(lengths, before);
  const counts = new Uint32Array(20);
  for (const { symbol, delta } of items) {
    counts[symbol] = (counts[symbol] as number) + 1;
    if (delta !== undefined) counts[delta] = (counts[delta] as number) + 1;
  }
  const preLengths = completeCodeLengths(counts, 15);
  const codes = canonicalCodes(preLengths);
  for (const length of preLengths) writer.write(length, 4);
  const writeSymbol = (symbol: number) => writer.write(codes[symbol] as number, preLengths[symbol] as number);
  for (const { symbol, extra, extraBits, delta } of items) {
    writeSymbol(symbol);
    writer.write(extra, extraBits);
    if (delta !== undefined) writeSymbol(delta);
  }
}

interface Item {
  symbol: number;
  extra: number;
  extraBits: number;
  /** Behind symbol 19: the difference that all of the run have. */
  delta?: number;
}

function toRuns(lengths: Uint8Array, before: Uint8Array): Item[] {
  const items: Item[] = [];
  for (let at = 0; at < lengths.length; ) {
    const length = lengths[at] as number;
    let run = 1;
    while (at + run < lengths.length && lengths[at + run] === length && run < 51) run++;
    const delta = ((before[at] as number) - length + 17) % 17;
    if (length === 0 && run >= 20) {
      items.push({ symbol: 18, extra: run - 20, extraBits: 5 });
    } else if (length === 0 && run >= 4) {
      run = Math.min(run, 19);
      items.push({ symbol: 17, extra: run - 4, extraBits: 4 });
    } else if (run >= 4) {
      run = Math.min(run, 5);
      items.push({ symbol: 19, extra: run - 4, extraBits: 1, delta });
    } else {
      run = 1;
      items.push({ symbol: delta, extra: 0, extraBits: 0 });
    }
    at += run;
  }
  return items;
}
