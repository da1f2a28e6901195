// Buffers that are used again, because a fresh large one costs a page fault for each 4 KiB. Large pieces cost a third
// less processor time than small ones (bench/static-file.ts). But a client that takes nothing holds its piece: so there
// is a fixed number of large ones, and who comes later gets small ones.

interface BufferPool {
  take(): Buffer;
  give(buffer: Buffer): void;
}

interface BufferPoolSizes {
  largeBytes: number;
  /** Large buffers in existence, in use or not. */
  maxLarge: number;
  smallBytes: number;
  /** Small buffers that are kept while they are not used. */
  maxIdleSmall: number;
}

export function createBufferPool({ largeBytes, maxLarge, smallBytes, maxIdleSmall }: BufferPoolSizes): BufferPool {
  const idleLarge: Buffer[] = [];
  const idleSmall: Buffer[] = [];
  let largeInUse = 0;
  return {
    take() {
      if (largeInUse >= maxLarge) return idleSmall.pop() ?? Buffer.allocUnsafeSlow(smallBytes);
      largeInUse++;
      return idleLarge.pop() ?? Buffer.allocUnsafeSlow(largeBytes);
    },
    give(buffer) {
      if (buffer.length === largeBytes) {
        largeInUse--;
        idleLarge.push(buffer);
      } else if (idleSmall.length < maxIdleSmall) idleSmall.push(buffer);
    },
  };
}
