// Cabinets inside other files, such as self-extracting programs.
import { FormatError } from '../errors.ts';
import { cabinetMagic, readCabinetHeader } from './header.ts';
import { type ByteSource, sliceSource } from './source.ts';

const chunkBytes = 2 ** 18;
const fixedHeaderBytes = 36;

/**
 * The offsets of cabinets in a file, first to last. A file that begins with a cabinet is that cabinet, also if it is
 * damaged. Cabinets inside it are its members. Elsewhere 'MSCF' counts if a sound header follows, and the search goes
 * on behind that cabinet.
 */
export function* findCabinets(source: ByteSource): Generator<{ offset: number }> {
  if (beginsLikeCabinet(source)) {
    yield { offset: 0 };
    return;
  }
  let at = 0;
  while (at < source.sizeBytes) {
    const next = at + chunkBytes;
    // A copy, for the next read may overwrite it. With all of a header that begins at its end.
    const chunk = Uint8Array.from(source.read(at, chunkBytes + fixedHeaderBytes - 1));
    const view = new DataView(chunk.buffer);
    let end = 0;
    for (const place of findMagic(chunk)) {
      if (place < end || !isPlausible(view, place, source.sizeBytes - at - place)) continue;
      const sizeBytes = soundCabinetBytes(source, at + place);
      if (sizeBytes === undefined) continue;
      yield { offset: at + place };
      end = place + sizeBytes;
    }
    at = Math.max(next, at + end);
  }
}

function beginsLikeCabinet(source: ByteSource): boolean {
  const head = new Uint8Array(source.read(0, 26));
  const view = new DataView(head.buffer);
  if (head.length < 4 || view.getUint32(0, true) !== cabinetMagic) return false;
  return head.length < 26 || view.getUint8(25) === 1;
}

/** The offsets in `chunk` that can begin a header. */
function* findMagic(chunk: Uint8Array): Generator<number> {
  const bytes = Buffer.from(chunk.buffer);
  const last = chunk.length - fixedHeaderBytes;
  for (let at = bytes.indexOf('MSCF', 0, 'latin1'); at >= 0 && at <= last; at = bytes.indexOf('MSCF', at + 1, 'latin1'))
    yield at;
}

/** A quick look at the fixed part of a header. A file may hold millions of false ones. */
function isPlausible(view: DataView, place: number, room: number): boolean {
  return view.getUint32(place + 8, true) <= room && view.getUint8(place + 25) === 1;
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
