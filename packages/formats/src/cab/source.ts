// Where cabinet bytes come from. Reading is by position, so that a 2 GB cabinet is never in memory; the package knows
// nothing of disks: whoever has a file gives a source that reads it.

export interface ByteSource {
  readonly sizeBytes: number;
  /** The bytes from `offset`, fewer than `length` only at the end. The answer may be overwritten by the next read. */
  read(offset: number, length: number): Uint8Array;
}

/** A source over bytes in memory. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return { sizeBytes: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}

/** The part of `source` from `start`, at most `sizeBytes` long, as a source of its own. */
export function sliceSource(source: ByteSource, start: number, sizeBytes = source.sizeBytes - start): ByteSource {
  const end = Math.min(source.sizeBytes, start + sizeBytes);
  return {
    sizeBytes: Math.max(0, end - start),
    read: (offset, length) => source.read(start + offset, Math.max(0, Math.min(length, end - start - offset))),
  };
}
