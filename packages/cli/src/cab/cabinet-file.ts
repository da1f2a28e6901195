// The file a new cabinet is written to: beside its name first, and renamed at the end, so that a half-written cabinet
// never has the name.
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import type { CabinetSink } from '@moult/formats/cab';
import { UsageError } from '../terminal.ts';

const bufferBytes = 2 ** 20;

/** Gives `work` a sink to write to, and what it wrote its name. Throws UsageError when `file` cannot be written. */
export async function writeCabinetFile(file: string, work: (sink: CabinetSink) => Promise<number>): Promise<number> {
  const partial = `${file}.${process.pid}.partial`;
  const handle = await open(partial, 'wx').catch((error: Error) => {
    throw new UsageError(`${file} cannot be written: ${error.message}`);
  });
  try {
    const sizeBytes = await gathered(handle, work);
    await handle.close();
    await rename(partial, file);
    return sizeBytes;
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(partial, { force: true });
    throw error;
  }
}

/** Blocks are a few kilobytes. The disk gets them by the megabyte. */
async function gathered(handle: FileHandle, work: (sink: CabinetSink) => Promise<number>): Promise<number> {
  const buffer = Buffer.allocUnsafe(bufferBytes);
  let begin = 0;
  let filled = 0;
  const flush = async () => {
    await writeAt(handle, buffer.subarray(0, filled), begin);
    filled = 0;
  };
  const sizeBytes = await work({
    async write(offset, bytes) {
      if (offset !== begin + filled || filled + bytes.length > buffer.length) {
        await flush();
        begin = offset;
      }
      if (bytes.length > buffer.length) {
        await writeAt(handle, bytes, offset);
        begin = offset + bytes.length;
      } else {
        buffer.set(bytes, filled);
        filled += bytes.length;
      }
    },
  });
  await flush();
  return sizeBytes;
}

async function writeAt(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    at += (await handle.write(bytes, at, bytes.length - at, offset + at)).bytesWritten;
  }
}
