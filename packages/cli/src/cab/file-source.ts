// A cabinet's bytes from a file on disk, read ahead in one window. So memory does not grow with the file. Nor with
// the parts of a set, for only the file that was read last has a window.
import { closeSync, fstatSync, readSync } from 'node:fs';
import type { ByteSource } from '@moult/formats/cab';
import { openNamedFile } from '../files/named-file.ts';

const windowBytes = 2 ** 18;

export interface FileSource extends ByteSource {
  readonly file: string;
  close(): void;
}

/** Takes the window from the file that was read last. */
let releaseLast: () => void = () => undefined;

/** Opens `file` for reading by place. Throws UsageError when it is not a readable file. */
export function openFileSource(file: string): FileSource {
  const descriptor = openNamedFile(file);
  const sizeBytes = fstatSync(descriptor).size;
  let window = new Uint8Array();
  let begin = 0;
  let end = 0;
  function release(): void {
    window = new Uint8Array();
    begin = 0;
    end = 0;
  }
  function load(offset: number, length: number): void {
    if (releaseLast !== release) releaseLast();
    releaseLast = release;
    const least = Math.max(length, Math.min(windowBytes, sizeBytes));
    if (window.length < least) window = new Uint8Array(least);
    begin = offset;
    end = offset;
    while (end < sizeBytes && end - begin < window.length) {
      const read = readSync(descriptor, window, end - begin, window.length - (end - begin), end);
      if (read === 0) return;
      end += read;
    }
  }
  return {
    file,
    sizeBytes,
    read(offset, length) {
      const wanted = Math.min(length, Math.max(0, sizeBytes - offset));
      if (offset < begin || offset + wanted > end) load(offset, wanted);
      return window.subarray(offset - begin, Math.min(offset + length, end) - begin);
    },
    close() {
      release();
      closeSync(descriptor);
    },
  };
}
