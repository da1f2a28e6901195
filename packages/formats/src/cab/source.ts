// The source of cabinet bytes. Reading is by position, so that a cabinet of 2 GB is never in memory. The package knows no
// disk: the caller gives a source that reads a file.

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
