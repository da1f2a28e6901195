// The summary of a Windows Installer package (MS-OLEPS): its times and its package code, set in place to values that follow from
// the contents.
import { childCalled, readCompoundFile, streamBytes } from '@moult/formats/compound-file';
import { ReleaseError } from '@moult/releases/errors';

const summaryName = '\u0005SummaryInformation';
const packageCode = 9;
const textType = 0x1e;
const timeType = 0x40;
/** 2020-01-01T00:00:00Z in units of 100 ns since 1601. */
const fixedTime = (BigInt(Date.UTC(2020, 0, 1)) + 11_644_473_600_000n) * 10_000n;

/** The package with a fixed time and this package code. `code` is as long as the one that is there: a GUID in braces. */
export function settleSummary(file: Uint8Array, code: string): Uint8Array {
  const stream = childCalled(readCompoundFile(file).root, summaryName);
  if (stream?.kind !== 'stream') throw strange('it has no summary');
  const bytes = Buffer.from(streamBytes(stream));
  settle(bytes, code);
  // The pieces are the file itself.
  let at = 0;
  for (const piece of stream.pieces()) {
    piece.set(bytes.subarray(at, at + piece.length));
    at += piece.length;
  }
  return file;
}

function settle(bytes: Buffer, code: string): void {
  const section = bytes.readUInt32LE(44);
  for (let one = 0; one < bytes.readUInt32LE(section + 4); one += 1) {
    const entry = section + 8 + one * 8;
    const value = section + bytes.readUInt32LE(entry + 4);
    const type = bytes.readUInt32LE(value);
    if (type === timeType) bytes.writeBigUInt64LE(fixedTime, value + 4);
    if (bytes.readUInt32LE(entry) !== packageCode) continue;
    if (type !== textType || bytes.readUInt32LE(value + 4) < code.length)
      throw strange('its package code is not a text');
    bytes.write(code, value + 8, 'latin1');
  }
}

function strange(why: string): ReleaseError {
  return new ReleaseError('RELEASE_BUNDLE_UNMADE', `The package that wixl made cannot be used: ${why}.`);
}
