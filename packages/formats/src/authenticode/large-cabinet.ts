// The signature on a cabinet of any size, which is read by position. The layout is that of cabinet-file.ts. Only cabinets with the
// reserve that signing tools make count as signed.
import { createHash } from 'node:crypto';
import { signatureBounds } from '../bounds.ts';
import type { ByteSource } from '../cab/index.ts';
import { FormatError } from '../errors.ts';
import { readPemCertificates } from './certificate.ts';
import type { DigestAlgorithm } from './oids.ts';
import type { SignatureReport } from './report.ts';
import type { DigestedFile, LayoutFinding } from './signed-file.ts';
import { checkAll, summarise, unsigned, type VerifyOptions } from './verify/index.ts';

const signedHeaderBytes = 60;
const fixedHeaderBytes = 36;
const cabinetMark = 0x4d534346;
const reserveFlag = 0x0004;
const reserveMark = 0x00100000;
const pieceBytes = 1024 * 1024;

/** As verifyFile, and the file is never in memory. Throws FormatError for a file that is not a cabinet. */
export function verifyLargeCabinet(source: ByteSource, options: VerifyOptions): SignatureReport {
  const head = new Uint8Array(source.read(0, signedHeaderBytes));
  const view = new DataView(head.buffer);
  if (head.length < fixedHeaderBytes || view.getUint32(0) !== cabinetMark)
    throw new FormatError('FORMAT_BAD_HEADER', 'The file is not a cabinet.', { offset: 0 });
  const trusted = readPemCertificates(options.trustedCertificatesPem);
  const question = {
    ...{ trusted, acceptSha1: options.acceptSha1 ?? false, acceptClaimedTime: options.acceptClaimedTime ?? true },
    trustedForTime: options.trustedTimestampCertificatesPem
      ? readPemCertificates(options.trustedTimestampCertificatesPem)
      : trusted,
    now: options.now ?? new Date(),
  };
  const maxBytes = options.maxSignatureBytes ?? signatureBounds.maxSignatureBytes;
  try {
    const file = openLarge(source, view, maxBytes);
    if (file.signatures.length === 0)
      return unsigned(file, { code: 'SIGNATURE_MISSING', message: 'The file is not signed.' });
    return summarise(file, checkAll(file, question, maxBytes));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const message = `The signature cannot be read. ${error.message}`;
    return { ...unsigned({ kind: 'cabinet' }, { code: 'SIGNATURE_MALFORMED', message }), signed: true };
  }
}

function openLarge(source: ByteSource, view: DataView, maxBytes: number): DigestedFile {
  const place = placeOf(view);
  const cabinetBytes = view.getUint32(8, true);
  const file = { kind: 'cabinet' as const, remarks: [], prepare: neverSigned };
  if (!place) return { ...file, signatures: [], layout: [], digest: neverSigned };
  const { offset, size } = place;
  if (offset < cabinetBytes || size === 0 || offset + size > source.sizeBytes)
    throw new FormatError('FORMAT_BAD_HEADER', 'Its header points at a place that is not behind the cabinet.');
  if (size > maxBytes) throw new FormatError('FORMAT_OVER_LIMIT', `It has ${size} bytes, the limit is ${maxBytes}.`);
  return {
    ...{ ...file, signatures: [new Uint8Array(source.read(offset, size))] },
    layout: layoutOf(view, source.sizeBytes - offset - size),
    digest: (algorithm) => digestOf(algorithm, source, offset),
  };
}

function neverSigned(): never {
  throw new FormatError('FORMAT_UNSUPPORTED', 'A cabinet of this size is not signed here.');
}

/** Undefined for a cabinet without a signature. */
function placeOf(view: DataView): { offset: number; size: number } | undefined {
  if (view.byteLength < signedHeaderBytes || (view.getUint16(30, true) & reserveFlag) === 0) return undefined;
  if (view.getUint16(36, true) < 20 || view.getUint32(40, true) !== reserveMark) return undefined;
  const [offset, size] = [view.getUint32(44, true), view.getUint32(48, true)];
  return offset === 0 && size === 0 ? undefined : { offset, size };
}

/** Bytes that the signature does not protect, and that change how the cabinet is read. */
function layoutOf(view: DataView, behind: number): LayoutFinding[] {
  const isAsSigned = view.getUint32(4, true) === 0 && view.getUint32(36, true) === 20 && view.getUint32(52, true) === 0;
  const found: LayoutFinding[] = [];
  if (!isAsSigned)
    found.push({ code: 'SIGNATURE_BAD_LAYOUT', message: 'A field of the header that nothing protects is changed.' });
  if (behind > 0) found.push({ code: 'SIGNATURE_APPENDED_DATA', message: `${behind} bytes follow the signature.` });
  return found;
}

function digestOf(algorithm: DigestAlgorithm, source: ByteSource, end: number): Uint8Array {
  const hash = createHash(algorithm);
  hash.update(source.read(0, 4));
  hash.update(source.read(8, 26));
  for (let at = 56; at < end; at += pieceBytes) hash.update(source.read(at, Math.min(pieceBytes, end - at)));
  return new Uint8Array(hash.digest());
}
