// Buffers of one size, used again: a fresh large buffer costs a page fault for each 4 KiB of it.

export interface BufferPool {
  take(): Buffer;
  give(buffer: Buffer): void;
}

/** At most `maxIdle` buffers are kept while nobody uses them. */
export function createBufferPool({ pieceBytes, maxIdle }: { pieceBytes: number; maxIdle: number }): BufferPool {
  const idle: Buffer[] = [];
  return {
    take: () => idle.pop() ?? Buffer.allocUnsafeSlow(pieceBytes),
    give(buffer) {
      if (idle.length < maxIdle) idle.push(buffer);
    },
  };
}
