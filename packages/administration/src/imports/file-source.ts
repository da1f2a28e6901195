// A file as a ByteSource: cabinets of any size are read by position, never loaded.
import { closeSync, fstatSync, readSync } from 'node:fs';
import { openOutside } from '@moult/disk';
import type { ByteSource } from '@moult/formats/cab';

interface OpenFile extends ByteSource {
  close(): void;
}

export function openFileSource(path: string): OpenFile {
  const file = openOutside(path);
  return {
    sizeBytes: fstatSync(file).size,
    read(offset, length) {
      const bytes = new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        const count = readSync(file, bytes, filled, length - filled, offset + filled);
        if (count === 0) break;
        filled += count;
      }
      return bytes.subarray(0, filled);
    },
    close: () => closeSync(file),
  };
}
