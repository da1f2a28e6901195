// Reads the file of a vendor's catalog, and its signer. The file is one package (.sdp), or a cabinet or zip archive of
// packages. An archive has one XML, or a file for each package.
import { CatalogError } from '@moult/catalog';
import { type FoundPackage, VendorPackageReader } from '@moult/catalog/vendor';
import { FormatError } from '@moult/formats';
import { verifyFile } from '@moult/formats/authenticode';
import { byPlace, bytesSource, MemberReader, readCabinetFrom } from '@moult/formats/cab';
import type { VendorPackageChange } from '@moult/store';
import { vendorCatalogLimits } from '../bounds.ts';
import { AdministrationError } from '../errors.ts';
import { decodedPieces, decodedStream } from '../imports/read-text.ts';
import { zipMembers } from './zip-members.ts';

export interface CatalogSigner {
  /** SHA-256 of the certificate, lower-case hex. */
  sha256: string;
  subject: string;
}

export interface ReadCatalog {
  signer: CatalogSigner | undefined;
  /** By package id. */
  packages: Map<string, VendorPackageChange>;
  /** Members that are not packages, and packages that are there twice. */
  refused: { name: string; code: string; message: string }[];
}

/**
 * Reads the bytes of a catalog. Throws AdministrationError ADMINISTRATION_CATALOG_SIGNATURE for one that was changed after it
 * was signed, ADMINISTRATION_NOT_A_CATALOG for one without packages. CatalogError and FormatError for one that is damaged,
 * hostile or beyond the limits.
 */
export async function readVendorCatalog(name: string, bytes: Buffer, now: Date): Promise<ReadCatalog> {
  const read: ReadCatalog = { signer: undefined, packages: new Map(), refused: [] };
  const start = bytes.toString('latin1', 0, 4);
  if (start === 'MSCF') {
    read.signer = await signerOf(name, bytes, now);
    await readCabinet(read, bytes);
  } else if (start === 'PK\u0003\u0004' || start === 'PK\u0005\u0006') await readZip(read, bytes);
  else await takeMember(read, name, 1, () => packagesIn(slices(bytes)));
  const [first] = read.refused;
  if (read.packages.size > 0) return read;
  throw first
    ? new AdministrationError(
        'ADMINISTRATION_NOT_A_CATALOG',
        `${name} holds no package that can be read. ${first.message}`,
      )
    : new AdministrationError('ADMINISTRATION_NOT_A_CATALOG', `${name} holds no SoftwareDistributionPackage.`);
}

async function signerOf(name: string, bytes: Buffer, now: Date): Promise<CatalogSigner | undefined> {
  const report = await verifyFile(bytes, { trustedCertificatesPem: [], now });
  if (!report.signed) return undefined;
  const [signer] = report.signers;
  const broken = report.problems.find(
    ({ code }) => code === 'SIGNATURE_APPENDED_DATA' || code === 'SIGNATURE_MALFORMED',
  );
  if (signer && report.signers.every(({ intact }) => intact) && !broken)
    return { sha256: signer.sha256, subject: signer.subject };
  const why = broken?.message ?? signer?.problems[0]?.message ?? 'It cannot be read.';
  throw new AdministrationError(
    'ADMINISTRATION_CATALOG_SIGNATURE',
    `The signature of ${name} does not fit the file, which was changed or damaged on its way: ${why} Fetch it again.`,
  );
}

async function readCabinet(read: ReadCatalog, bytes: Buffer): Promise<void> {
  const { maxMembers, maxTotalBytes, maxRatio } = vendorCatalogLimits;
  const cabinet = readCabinetFrom(bytesSource(bytes), { limits: { maxMembers, maxTotalBytes, maxRatio } });
  const reader = new MemberReader(cabinet);
  for (const member of cabinet.members.filter((one) => isPackageFile(one.name)).sort(byPlace))
    await takeMember(read, member.name, cabinet.members.length, () => packagesIn(reader.read(member)));
}

async function readZip(read: ReadCatalog, bytes: Buffer): Promise<void> {
  for await (const { name, pieces } of zipMembers(bytes, isPackageFile, vendorCatalogLimits))
    await takeMember(read, name, 2, () => packagesInStream(pieces));
}

function isPackageFile(name: string): boolean {
  return /\.(sdp|xml)$/i.test(name);
}

/** One bad member of many is refused by its name. A catalog that is one XML is whole, or not at all. */
async function takeMember(
  read: ReadCatalog,
  name: string,
  members: number,
  packages: () => Iterable<FoundPackage> | AsyncIterable<FoundPackage>,
): Promise<void> {
  // As rows: what was made of a package is let go of at once.
  const found: Row[] = [];
  try {
    for await (const one of packages()) found.push(toRow(one));
  } catch (error) {
    if (members === 1 || !(error instanceof CatalogError || error instanceof FormatError)) throw error;
    read.refused.push({ name, code: error.code, message: error.message });
    return;
  }
  takeAll(read, name, found);
}

type Row = VendorPackageChange | { refused: CatalogError };

function toRow(one: FoundPackage): Row {
  return 'refused' in one ? one : toChange(one);
}

function takeAll(read: ReadCatalog, name: string, rows: Iterable<Row>): void {
  for (const row of rows) {
    if ('refused' in row) {
      read.refused.push({ name, code: row.refused.code, message: row.refused.message });
      continue;
    }
    const known = read.packages.get(row.packageId);
    if (known && known.digest !== row.digest)
      read.refused.push({
        name,
        code: 'CATALOG_IDENTITY_CONFLICT',
        message: `Package ${row.packageId} is in it twice, with different contents. The first one counts.`,
      });
    else if (!known) read.packages.set(row.packageId, row);
    if (read.packages.size > vendorCatalogLimits.maxPackages)
      throw new CatalogError(
        'CATALOG_OVER_LIMIT',
        `${name} holds more than ${vendorCatalogLimits.maxPackages} packages.`,
      );
  }
}

function toChange({ package: read, xml, digest }: Exclude<FoundPackage, { refused: unknown }>): VendorPackageChange {
  const { packageId, title, vendor, product, classification, reboot, isExpired, content } = read;
  const head = { packageId, digest, title, vendor, product, classification, reboot, xml };
  if ('withheld' in content) {
    const { code, message } = content.withheld;
    return {
      ...head,
      state: 'withheld',
      code,
      reason: message,
      sizeBytes: 0,
      fileSha1: undefined,
      fileSha256: undefined,
    };
  }
  const { origin } = content;
  return {
    ...{ ...head, code: '', reason: '' },
    state: isExpired ? 'expired' : 'offered',
    ...{ sizeBytes: origin?.sizeBytes ?? 0, fileSha1: origin?.sha1, fileSha256: origin?.sha256 },
  };
}

function* slices(bytes: Buffer): Generator<Uint8Array> {
  const pieceBytes = 64 * 1024;
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

function* packagesIn(pieces: Iterable<Uint8Array>): Generator<FoundPackage> {
  const reader = new VendorPackageReader();
  for (const text of decodedPieces(pieces)) yield* reader.write(text);
  yield* reader.close();
}

async function* packagesInStream(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<FoundPackage> {
  const reader = new VendorPackageReader();
  for await (const text of decodedStream(pieces)) yield* reader.write(text);
  yield* reader.close();
}
