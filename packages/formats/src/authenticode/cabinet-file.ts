// Signatures on cabinets. The PKCS#7 message follows the cabinet. A 20-byte reserve in the CFHEADER points at it:
//
//   CFHEADER (MS-CAB 2.1), fixed part      0..35
//   cbCFHeader = 20, cbCFFolder, cbCFData  36..39
//   abReserve: 00 00 10 00                 40..43
//              offset, size of the message 44..51
//              filler                      52..59
//
// Covered by the digest: 0..3, 8..33, 56 up to the message. Not covered: reserved1, iCabinet, and 36..55. No published
// text says so. Microsoft's and osslsigncode's digests agree on it (cabinet-file.test.ts holds it). The hard part:
// cbCFFolder and cbCFData are not covered, yet change how folders and data are read. So they must be zero here,
// reserved1 must be zero, and the message must end where the file ends. iCabinet only orders the parts of a set.
import { FormatError } from '../errors.ts';
import type { DigestAlgorithm } from './oids.ts';
import { alignToEight, type DigestedFile, digestPieces, type LayoutFinding, type PreparedFile } from './signed-file.ts';

const fixedHeaderBytes = 36;
const reserveBytes = 20;
const reserveFlag = 0x0004;
const reserveMark = 0x00100000;

interface CabinetHeader {
  cabinetBytes: number;
  filesOffset: number;
  folderCount: number;
  flags: number;
  /** Sizes of the reserves. Zero without the flag. */
  headerReserve: number;
  folderReserve: number;
  dataReserve: number;
  /** The offset of the first folder entry. */
  foldersOffset: number;
}

/** Opens a cabinet for signing or verifying. Throws FormatError for a header that contradicts the file. */
export function openCabinetFile(bytes: Uint8Array): DigestedFile {
  const header = readHeader(bytes);
  const place = signaturePlace(bytes, header);
  return {
    kind: 'cabinet',
    signatures: place ? [bytes.subarray(place.offset, place.offset + place.size)] : [],
    remarks: [],
    layout: place ? findings(bytes, header, place) : [],
    digest: (algorithm) => digestCabinet(algorithm, bytes, place?.offset ?? header.cabinetBytes),
    prepare: () => prepare(bytes, header, place?.offset),
  };
}

function readHeader(bytes: Uint8Array): CabinetHeader {
  const view = viewOf(bytes);
  need(bytes, fixedHeaderBytes);
  const flags = view.getUint16(30, true);
  const hasReserve = (flags & reserveFlag) !== 0;
  if (hasReserve) need(bytes, fixedHeaderBytes + 4);
  const headerReserve = hasReserve ? view.getUint16(36, true) : 0;
  const header: CabinetHeader = {
    cabinetBytes: view.getUint32(8, true),
    filesOffset: view.getUint32(16, true),
    folderCount: view.getUint16(26, true),
    flags,
    headerReserve,
    folderReserve: hasReserve ? view.getUint8(38) : 0,
    dataReserve: hasReserve ? view.getUint8(39) : 0,
    foldersOffset: skipNames(bytes, flags, fixedHeaderBytes + (hasReserve ? 4 + headerReserve : 0)),
  };
  const foldersEnd = header.foldersOffset + header.folderCount * (8 + header.folderReserve);
  if (header.cabinetBytes > bytes.length) {
    throw new FormatError(
      'FORMAT_TRUNCATED',
      `The cabinet says ${header.cabinetBytes} bytes, the file has ${bytes.length}.`,
      {
        offset: bytes.length,
      },
    );
  }
  if (foldersEnd > header.filesOffset || header.filesOffset > header.cabinetBytes) {
    throw new FormatError('FORMAT_BAD_HEADER', 'The cabinet header points its file table at a place that cannot be.', {
      offset: 16,
    });
  }
  return header;
}

/** Names of the neighbours in a set are between reserve and folders: two strings per neighbour. */
function skipNames(bytes: Uint8Array, flags: number, start: number): number {
  let at = start;
  for (let left = ((flags & 1) + ((flags >> 1) & 1)) * 2; left > 0; left--) {
    const end = bytes.indexOf(0, at);
    if (end < 0 || end - at > 256)
      throw new FormatError('FORMAT_BAD_HEADER', 'A neighbour’s name in the cabinet header does not end.', {
        offset: Math.min(at, bytes.length),
      });
    at = end + 1;
  }
  return at;
}

function signaturePlace(bytes: Uint8Array, header: CabinetHeader): { offset: number; size: number } | undefined {
  if (header.headerReserve < reserveBytes) return undefined;
  need(bytes, fixedHeaderBytes + 4 + reserveBytes);
  const view = viewOf(bytes);
  // A larger reserve is read as a signature's only when it says so: it may be anybody's.
  if (header.headerReserve > reserveBytes && view.getUint32(40, true) !== reserveMark) return undefined;
  const offset = view.getUint32(44, true);
  const size = view.getUint32(48, true);
  if (offset === 0 && size === 0) return undefined;
  if (offset < header.cabinetBytes || size === 0 || offset + size > bytes.length) {
    throw new FormatError(
      'FORMAT_BAD_HEADER',
      `The cabinet’s reserve points at a signature (offset ${offset}, ${size} bytes) that is not behind it.`,
      {
        offset: 44,
      },
    );
  }
  return { offset, size };
}

function findings(bytes: Uint8Array, header: CabinetHeader, place: { offset: number; size: number }): LayoutFinding[] {
  const view = viewOf(bytes);
  const found: LayoutFinding[] = [];
  const bad = (message: string) => found.push({ code: 'SIGNATURE_BAD_LAYOUT', message });
  if (view.getUint32(4, true) !== 0)
    bad('The reserved field at offset 4, which the signature does not protect, is not zero.');
  if (header.folderReserve !== 0 || header.dataReserve !== 0) {
    bad('The header declares reserves in folders or data blocks, which the signature does not protect.');
  }
  if (header.headerReserve !== reserveBytes) {
    bad(
      `The header’s reserve has ${header.headerReserve} bytes in place of 20, and the signature does not protect how many.`,
    );
  }
  if (view.getUint32(40, true) !== reserveMark) bad('The reserve at offset 40 is not the one of a signed cabinet.');
  if (view.getUint32(52, true) !== 0)
    bad('The filler at offset 52, which the signature does not protect, is not zero.');
  const behind = bytes.length - place.offset - place.size;
  if (behind > 0) found.push({ code: 'SIGNATURE_APPENDED_DATA', message: `${behind} bytes follow the signature.` });
  return found;
}

function digestCabinet(algorithm: DigestAlgorithm, bytes: Uint8Array, end: number): Uint8Array {
  return digestPieces(algorithm, [bytes.subarray(0, 4), bytes.subarray(8, 34), bytes.subarray(56, end)]);
}

function prepare(bytes: Uint8Array, header: CabinetHeader, signatureOffset: number | undefined): PreparedFile {
  const end = signatureOffset ?? header.cabinetBytes;
  if (end !== header.cabinetBytes || (signatureOffset === undefined && bytes.length !== end)) {
    throw new FormatError(
      'FORMAT_UNSUPPORTED',
      'The data behind the cabinet is not a signature. It is not signed over.',
      {
        offset: header.cabinetBytes,
      },
    );
  }
  const body = withSignatureReserve(bytes.subarray(0, end), header, signatureOffset !== undefined);
  return {
    digest: (algorithm) => digestCabinet(algorithm, body, body.length),
    withSignature(signature) {
      const aligned = alignToEight(signature);
      const signed = new Uint8Array(body.length + aligned.length);
      signed.set(body);
      signed.set(aligned, body.length);
      const view = viewOf(signed);
      view.setUint32(44, body.length, true);
      view.setUint32(48, aligned.length, true);
      return signed;
    },
  };
}

/**
 * The cabinet with an empty signature reserve. Making room moves everything behind the header: three offsets follow.
 */
function withSignatureReserve(cabinet: Uint8Array, header: CabinetHeader, isSigned: boolean): Uint8Array {
  if (header.folderReserve !== 0 || header.dataReserve !== 0) {
    throw new FormatError(
      'FORMAT_UNSUPPORTED',
      'A cabinet with reserves in folders or data blocks cannot be signed safely.',
      { offset: 38 },
    );
  }
  const oldReserve = cabinet.subarray(isSigned ? 40 + reserveBytes : 40, 40 + header.headerReserve);
  if (!isFreeReserve(oldReserve)) {
    throw new FormatError(
      'FORMAT_UNSUPPORTED',
      'The cabinet’s header reserve holds other data; a signature would overwrite it.',
      { offset: 40 },
    );
  }
  const oldNames = header.flags & reserveFlag ? 40 + header.headerReserve : fixedHeaderBytes;
  const shift = 40 + reserveBytes - oldNames;
  const body = new Uint8Array(cabinet.length + shift);
  body.set(cabinet.subarray(0, fixedHeaderBytes));
  body.set(cabinet.subarray(oldNames), 40 + reserveBytes);
  const view = viewOf(body);
  view.setUint32(4, 0, true);
  view.setUint32(8, body.length, true);
  view.setUint32(16, header.filesOffset + shift, true);
  view.setUint16(30, header.flags | reserveFlag, true);
  view.setUint32(36, reserveBytes, true);
  view.setUint32(40, reserveMark, true);
  for (let folder = 0; folder < header.folderCount; folder++) {
    const at = header.foldersOffset + shift + folder * 8;
    view.setUint32(at, view.getUint32(at, true) + shift, true);
  }
  return body;
}

/** Zeros, or the reserve of a signed cabinet that holds no signature. */
function isFreeReserve(reserve: Uint8Array): boolean {
  const isMarked = reserve.length === reserveBytes && viewOf(reserve).getUint32(0, true) === reserveMark;
  return reserve.subarray(isMarked ? 4 : 0).every((octet) => octet === 0);
}

function need(bytes: Uint8Array, length: number): void {
  if (bytes.length < length)
    throw new FormatError('FORMAT_TRUNCATED', 'The cabinet ends inside its header.', { offset: bytes.length });
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
