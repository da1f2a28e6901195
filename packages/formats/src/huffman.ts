// Length-limited canonical Huffman codes, as LZX and Xpress+Huffman share them: shorter codes first, equal lengths in
// the order of their symbols.

/**
 * Code lengths for `counts`, none above `maxBits`. 0 for symbols that do not occur. Merging is stable, so the same
 * counts give the same codes everywhere. Of equal counts the symbol comes before the tree, the earlier before the later
 * (MS-XCA 2.1.4.2).
 */
export function buildCodeLengths(counts: Uint32Array, maxBits: number): Uint8Array {
  let scaled = counts;
  for (;;) {
    const lengths = unlimitedLengths(scaled);
    if (lengths.every((length) => length <= maxBits)) return lengths;
    // Flatter counts give a shallower tree. None becomes zero.
    scaled = scaled.map((count) => (count === 0 ? 0 : (count >>> 1) | 1));
  }
}

/** The code of each symbol, right-aligned: written most significant bit first. */
export function canonicalCodes(lengths: Uint8Array): Uint32Array {
  const codes = new Uint32Array(lengths.length);
  let code = 0;
  for (let bits = 1; bits <= 16; bits++) {
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] === bits) codes[symbol] = code++;
    }
    code <<= 1;
  }
  return codes;
}

/**
 * Fills a table indexed by the next `tableBits` bits: symbol << 4 | length, for codes of at most 15 bits. False if the
 * lengths are not a full code: some bits then mean nothing, or two things.
 */
export function fillDecodingTable(lengths: Uint8Array, tableBits: number, table: Uint16Array): boolean {
  let at = 0;
  for (let bits = 1; bits <= tableBits; bits++) {
    const run = 1 << (tableBits - bits);
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] !== bits) continue;
      if (at + run > 1 << tableBits) return false;
      table.fill((symbol << 4) | bits, at, at + run);
      at += run;
    }
  }
  return at === 1 << tableBits;
}

/** Huffman's algorithm on two queues: symbols sorted by count, and trees in the order they were made. */
function unlimitedLengths(counts: Uint32Array): Uint8Array {
  const lengths = new Uint8Array(counts.length);
  const leaves = [...counts.keys()].filter((symbol) => (counts[symbol] as number) > 0);
  leaves.sort((a, b) => (counts[a] as number) - (counts[b] as number) || a - b);
  const leafCount = leaves.length;
  if (leafCount === 0) return lengths;
  if (leafCount === 1) {
    lengths[leaves[0] as number] = 1;
    return lengths;
  }
  const weights = new Float64Array(2 * leafCount - 1);
  for (const [index, symbol] of leaves.entries()) weights[index] = counts[symbol] as number;
  const parents = new Int32Array(2 * leafCount - 1);
  let leaf = 0;
  let tree = leafCount;
  for (let made = leafCount; made < weights.length; made++) {
    for (let child = 0; child < 2; child++) {
      const takesLeaf = leaf < leafCount && (tree >= made || (weights[leaf] as number) <= (weights[tree] as number));
      const taken = takesLeaf ? leaf++ : tree++;
      weights[made] = (weights[made] as number) + (weights[taken] as number);
      parents[taken] = made;
    }
  }
  const depths = new Uint16Array(weights.length);
  for (let node = weights.length - 2; node >= 0; node--) {
    depths[node] = (depths[parents[node] as number] as number) + 1;
    if (node < leafCount) lengths[leaves[node] as number] = Math.min(255, depths[node] as number);
  }
  return lengths;
}
