// Cabinets inside other files, such as self-extracting programs.
import { FormatError } from '../errors.ts';
import { cabinetMagic, readCabinetHeader } from './header.ts';
import { type ByteSource, sliceSource } from './source.ts';

const chunkBytes = 2 ** 18;

/**
 * Where cabinets lie in a file, first to last. A file that begins with a cabinet is that cabinet, also when it is
 * damaged: what lies inside it is its own. Elsewhere 'MSCF' counts when a sound header follows, and the search goes on
 * behind that cabinet.
 */
export function* findCabinets(source: ByteSource): Generator<{ offset: number }> {
  if (beginsLikeCabinet(source)) {
    yield { offset: 0 };
    return;
  }
  let at = 0;
  while (at < source.sizeBytes) {
    const found = findMagic(source, at);
    if (found === undefined) return;
    const sizeBytes = soundCabinetBytes(source, found);
    if (sizeBytes === undefined) {
      at = found + 1;
    } else {
      yield { offset: found };
      at = found + sizeBytes;
    }
  }
}

function beginsLikeCabinet(source: ByteSource): boolean {
  const head = new Uint8Array(source.read(0, 26));
  const view = new DataView(head.buffer);
  if (head.length < 4 || view.getUint32(0, true) !== cabinetMagic) return false;
  return head.length < 26 || view.getUint8(25) === 1;
}

function findMagic(source: ByteSource, from: number): number | undefined {
  for (let at = from; at < source.sizeBytes; at += chunkBytes) {
    // Three bytes of the next chunk, for a magic that lies across.
    const chunk = Buffer.from(source.read(at, chunkBytes + 3));
    const found = chunk.indexOf('MSCF', 0, 'latin1');
    if (found >= 0) return at + found;
  }
  return undefined;
}

function soundCabinetBytes(source: ByteSource, offset: number): number | undefined {
  try {
    const { sizeBytes, folderCount, memberCount } = readCabinetHeader(sliceSource(source, offset), offset);
    return folderCount > 0 && memberCount > 0 ? sizeBytes : undefined;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
