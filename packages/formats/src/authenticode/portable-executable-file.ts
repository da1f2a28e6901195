// Signatures on PE files (.exe, .dll, .sys). The attribute certificate table at the end of the file holds PKCS#7
// messages. Data directory 4 points at it. The digest leaves out the checksum, that directory entry and the table. It
// covers all other bytes as they are (Microsoft, "Windows Authenticode Portable Executable Signature Format", 2008).
//
// Attackers hide data in the parts that the digest leaves out: behind the table, between its entries, or in entries of
// other kinds. They also make the table the raw data of a section. Each of them is a finding.
import { signatureBounds } from '../bounds.ts';
import { FormatError } from '../errors.ts';
import type { DigestAlgorithm } from './oids.ts';
import type { SignatureNote } from './report.ts';
import { alignToEight, type DigestedFile, digestPieces, type LayoutFinding, type PreparedFile } from './signed-file.ts';

interface Layout {
  checksumAt: number;
  directoryAt: number;
  /** The attribute certificate table. Its size is zero in an unsigned file. */
  table: { offset: number; size: number };
  /** The end of the raw data of the last section. */
  sectionsEnd: number;
}

const entryHeaderBytes = 8;
const revision = 0x0200;
const signedDataType = 0x0002;

/** Opens a PE file for signing or verifying. Throws FormatError for headers that contradict the file. */
export function openPortableExecutable(bytes: Uint8Array): DigestedFile {
  const layout = readLayout(bytes);
  const { signatures, findings } = readTable(bytes, layout);
  const end = layout.table.size > 0 ? layout.table.offset : bytes.length;
  return {
    kind: 'portable-executable',
    signatures,
    layout: layout.table.size > 0 ? [...findings, ...layoutFindings(bytes, layout)] : [],
    remarks: checksumRemarks(bytes, layout),
    digest: (algorithm) => digestFile(algorithm, bytes.subarray(0, end), layout),
    prepare: () => prepare(bytes, layout, end),
  };
}

function readLayout(bytes: Uint8Array): Layout {
  const view = viewOf(bytes);
  need(bytes, 64);
  const peAt = view.getUint32(0x3c, true);
  need(bytes, peAt + 24 + 2);
  if (view.getUint32(peAt, true) !== 0x4550) {
    throw new FormatError('FORMAT_UNSUPPORTED', 'This program is not a PE file. Others cannot be signed.', {
      offset: peAt,
    });
  }
  const sectionCount = view.getUint16(peAt + 6, true);
  const optionalBytes = view.getUint16(peAt + 20, true);
  const optionalAt = peAt + 24;
  need(bytes, optionalAt + optionalBytes + sectionCount * 40);
  const directoriesAt = optionalAt + directoriesOffset(view.getUint16(optionalAt, true), optionalAt);
  const directoryAt = directoriesAt + 4 * 8;
  if (directoryAt + 8 > optionalAt + optionalBytes || view.getUint32(directoriesAt - 4, true) < 5) {
    throw new FormatError('FORMAT_UNSUPPORTED', 'The PE header has no place for a signature.', {
      offset: optionalAt,
    });
  }
  const table = { offset: view.getUint32(directoryAt, true), size: view.getUint32(directoryAt + 4, true) };
  const headersEnd = optionalAt + optionalBytes + sectionCount * 40;
  if (table.size > 0 && (table.offset < headersEnd || table.offset + table.size > bytes.length)) {
    const message = `The PE header points at a signature (offset ${table.offset}, ${table.size} bytes) that is not in the file.`;
    throw new FormatError('FORMAT_BAD_HEADER', message, { offset: directoryAt });
  }
  const sectionsEnd = endOfSections(view, optionalAt + optionalBytes, sectionCount);
  return { checksumAt: optionalAt + 64, directoryAt, table, sectionsEnd };
}

/** From the start of the optional header to its data directories: PE32 or PE32+. */
function directoriesOffset(magic: number, offset: number): number {
  if (magic === 0x10b) return 96;
  if (magic === 0x20b) return 112;
  throw new FormatError('FORMAT_UNSUPPORTED', `The PE header is of an unknown kind (0x${magic.toString(16)}).`, {
    offset,
  });
}

function endOfSections(view: DataView, start: number, count: number): number {
  let end = 0;
  for (let section = 0; section < count; section++) {
    const size = view.getUint32(start + section * 40 + 16, true);
    if (size > 0) end = Math.max(end, view.getUint32(start + section * 40 + 20, true) + size);
  }
  return end;
}

/** The WIN_CERTIFICATE entries: length, revision, type, content. Each begins on a multiple of eight. */
function readTable(bytes: Uint8Array, { table }: Layout): { signatures: Uint8Array[]; findings: LayoutFinding[] } {
  const signatures: Uint8Array[] = [];
  const findings: LayoutFinding[] = [];
  const view = viewOf(bytes);
  const end = table.offset + table.size;
  for (let at = table.offset, entries = 0; table.size > 0 && at < end; entries++) {
    const length = at + entryHeaderBytes <= end ? view.getUint32(at, true) : 0;
    if (length < entryHeaderBytes || at + length > end || entries >= signatureBounds.maxProgramSignatures) {
      if (signatures.length > 0) findings.push(appended(`${end - at} bytes follow the signature in its table.`));
      else
        throw new FormatError('FORMAT_BAD_HEADER', 'The signature’s entry in the PE file does not fit its table.', {
          offset: at,
        });
      break;
    }
    if (view.getUint16(at + 4, true) === revision && view.getUint16(at + 6, true) === signedDataType) {
      signatures.push(bytes.subarray(at + entryHeaderBytes, at + length));
    } else findings.push(badLayout('The signature table holds an entry of another kind, which nothing protects.'));
    const next = Math.min(end, at + Math.ceil(length / 8) * 8);
    if (bytes.subarray(at + length, next).some((octet) => octet !== 0))
      findings.push(appended('There is data between signatures.'));
    at = next;
  }
  return { signatures, findings };
}

function layoutFindings(bytes: Uint8Array, { table, sectionsEnd }: Layout): LayoutFinding[] {
  const findings: LayoutFinding[] = [];
  const behind = bytes.length - table.offset - table.size;
  if (behind > 0) findings.push(appended(`${behind} bytes follow the signature.`));
  if (table.offset % 8 !== 0) findings.push(badLayout('The signature does not begin on a multiple of eight.'));
  if (sectionsEnd > table.offset) findings.push(badLayout('A section of the program reaches into the signature.'));
  return findings;
}

/** Only the loader of drivers and some system files checks it. A wrong one says that somebody else wrote here. */
function checksumRemarks(bytes: Uint8Array, { checksumAt }: Layout): SignatureNote[] {
  const said = viewOf(bytes).getUint32(checksumAt, true);
  if (said === 0 || said === checksumOf(bytes, checksumAt)) return [];
  const message = 'The checksum in the PE header is not the one of the file.';
  return [{ code: 'SIGNATURE_NOTE_CHECKSUM', message }];
}

function digestFile(algorithm: DigestAlgorithm, body: Uint8Array, { checksumAt, directoryAt }: Layout): Uint8Array {
  return digestPieces(algorithm, [
    body.subarray(0, checksumAt),
    body.subarray(checksumAt + 4, directoryAt),
    body.subarray(directoryAt + 8),
  ]);
}

function prepare(bytes: Uint8Array, layout: Layout, end: number): PreparedFile {
  const { table, checksumAt, directoryAt } = layout;
  if (table.size > 0 && table.offset + table.size !== bytes.length) {
    throw new FormatError('FORMAT_UNSUPPORTED', 'There is data behind the signature. Signing loses it.', {
      offset: table.offset + table.size,
    });
  }
  const body = alignToEight(bytes.subarray(0, end));
  return {
    digest: (algorithm) => digestFile(algorithm, body, layout),
    withSignature(signature) {
      const content = alignToEight(signature);
      const signed = new Uint8Array(body.length + entryHeaderBytes + content.length);
      signed.set(body);
      signed.set(content, body.length + entryHeaderBytes);
      const view = viewOf(signed);
      view.setUint32(directoryAt, body.length, true);
      view.setUint32(directoryAt + 4, signed.length - body.length, true);
      view.setUint32(body.length, signed.length - body.length, true);
      view.setUint16(body.length + 4, revision, true);
      view.setUint16(body.length + 6, signedDataType, true);
      view.setUint32(checksumAt, checksumOf(signed, checksumAt), true);
      return signed;
    },
  };
}

/** The PE checksum: 16-bit words added with end-around carry, without the field itself, plus the file's length. */
function checksumOf(bytes: Uint8Array, checksumAt: number): number {
  const view = viewOf(bytes);
  const even = bytes.length & ~1;
  let sum = 0;
  for (let at = 0; at < even; at += 2) sum += view.getUint16(at, true);
  if (even < bytes.length) sum += bytes[even] ?? 0;
  for (let at = checksumAt; at < checksumAt + 4; at++) sum -= (bytes[at] ?? 0) * (at % 2 === 0 ? 1 : 256);
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return (sum + bytes.length) >>> 0;
}

function badLayout(message: string): LayoutFinding {
  return { code: 'SIGNATURE_BAD_LAYOUT', message };
}

function appended(message: string): LayoutFinding {
  return { code: 'SIGNATURE_APPENDED_DATA', message };
}

function need(bytes: Uint8Array, length: number): void {
  if (bytes.length < length)
    throw new FormatError('FORMAT_TRUNCATED', 'The PE file ends inside its headers.', { offset: bytes.length });
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
