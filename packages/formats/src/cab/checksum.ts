// The checksum of a CFDATA block (MS-CAB 3.1): XOR of little-endian 32-bit words, the odd bytes at the end read the
// other way round.

/** Continues `seed` over `bytes`; answers an unsigned 32-bit number. */
export function cabinetChecksum(bytes: Uint8Array, seed: number): number {
  const wordsEnd = bytes.length & ~3;
  let sum = seed ^ xorWords(bytes, wordsEnd);
  let odd = 0;
  for (let at = wordsEnd; at < bytes.length; at++) odd = (odd << 8) | (bytes[at] ?? 0);
  sum ^= odd;
  return sum >>> 0;
}

function xorWords(bytes: Uint8Array, end: number): number {
  if (bytes.byteOffset % 4 === 0 && isLittleEndian) {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, end / 4);
    let sum = 0;
    for (let at = 0; at < words.length; at++) sum ^= words[at] as number;
    return sum;
  }
  let sum = 0;
  for (let at = 0; at < end; at += 4) {
    sum ^=
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
  }
  return sum;
}

const isLittleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
