// The targets of the fuzzer: every decoder that strangers' bytes reach. A target takes any bytes and answers a short
// description of the result. It may throw its package's error, with an offset inside the input, and nothing else.
import { CatalogError } from '@moult/catalog';
import { parseUpdateDocument } from '@moult/catalog/metadata';
import { FormatError } from '@moult/formats';
import { verifyFile } from '@moult/formats/authenticode';
import { bytesSource, findCabinets, MemberReader, readCabinet } from '@moult/formats/cab';
import { type CompoundStorage, readCompoundFile } from '@moult/formats/compound-file';
import { LzxDecoder } from '@moult/formats/lzx';
import { MszipDecoder } from '@moult/formats/mszip';
import { QuantumDecoder } from '@moult/formats/quantum';
import { readInstallerProduct } from '@moult/formats/windows-installer';
import { defaultXmlLimits, readXml, XmlSubtreeReader } from '@moult/formats/xml';
import { decodeXpress, type XpressFormat } from '@moult/formats/xpress';
import { ProtocolError } from '@moult/protocol';
import { clientWebService } from '@moult/protocol/client-web-service';
import { reporting } from '@moult/protocol/reporting';
import { parseIdent, parseRelease, parseStatusPing } from '@moult/protocol/self-update';
import { simpleAuth } from '@moult/protocol/simple-auth';
import { readCall } from '@moult/protocol/soap';

export type Target = (input: Uint8Array) => string | Promise<string>;

const maxBytes = 2 ** 22;

export const targets: Record<string, Target> = {
  cab: unpackCabinet,
  'cab-search': (input) => [...findCabinets(bytesSource(input))].map(({ offset }) => offset).join(),
  mszip: (input) => unpackBlocks(input, () => new MszipDecoder()),
  lzx: (input) => unpackBlocks(input, (windowBits) => new LzxDecoder(15 + (windowBits % 7))),
  quantum: (input) => unpackBlocks(input, (windowBits) => new QuantumDecoder(10 + (windowBits % 12))),
  'xpress-wusp': (input) => unpackXpress(input, 'wusp'),
  'xpress-lz77': (input) => unpackXpress(input, 'lz77'),
  'xpress-lz77-huffman': (input) => unpackXpress(input, 'lz77-huffman'),
  authenticode: async (input) => {
    const report = await verifyFile(input, { trustedCertificatesPem: [], now: new Date(0) });
    return `${report.signed} ${report.digestMatches} ${report.signers.length} ${report.problems.map(({ code }) => code)}`;
  },
  'compound-file': (input) => `${bytesIn(readCompoundFile(input).root, input.length)}`,
  'windows-installer': (input) => readInstallerProduct(input).version,
  xml: (input) => `${readXml(textOf(input)).children.length}`,
  'xml-subtrees': readSubtrees,
  soap: readAnyCall,
  'update-document': (input) => Object.keys(parseUpdateDocument(textOf(input))).join(),
  ident: (input) => JSON.stringify(parseIdent(input)).length.toString(),
  release: (input) => parseRelease(textOf(input)).version,
  'status-ping': (input) => Object.keys(parseStatusPing(textOf(input))).join(),
};

/** Whether `error` is one that a decoder may throw for `input`. */
export function isAllowed(error: unknown, input: Uint8Array): boolean {
  if (error instanceof FormatError) return error.offset >= 0 && error.offset <= input.length;
  return error instanceof ProtocolError || error instanceof CatalogError;
}

function unpackCabinet(input: Uint8Array): string {
  const cabinet = readCabinet(input, { maxMembers: 1000, maxTotalBytes: maxBytes, maxRatio: 5000 });
  const reader = new MemberReader(cabinet);
  let unpacked = 0;
  let first: unknown;
  for (const member of cabinet.members) {
    try {
      for (const piece of reader.read(member)) unpacked += piece.length;
    } catch (error) {
      if (!isAllowed(error, input)) throw error;
      first ??= error;
    }
  }
  const total = cabinet.members.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (unpacked > total) throw new Error(`${unpacked} bytes came out of a cabinet that claims ${total}`);
  if (first) throw first;
  return `${cabinet.members.length} ${unpacked}`;
}

/** All streams together are never more than the file: no byte of it is in two of them. */
function bytesIn(storage: CompoundStorage, most: number): number {
  let sum = 0;
  for (const child of storage.children) {
    if (child.kind === 'storage') sum += bytesIn(child, most - sum);
    else for (const piece of child.pieces()) sum += piece.length;
  }
  if (sum > most) throw new Error(`${sum} bytes in streams of a file of ${most}`);
  return sum;
}

/** One byte for the decoder's parameter, then blocks: unpacked size, packed size (16 bits each), packed bytes. */
function unpackBlocks(
  input: Uint8Array,
  create: (parameter: number) => { decode(block: Uint8Array, sizeBytes: number): Uint8Array },
): string {
  const decoder = create(input[0] ?? 0);
  let unpacked = 0;
  for (let at = 1; at + 4 <= input.length && unpacked < maxBytes; ) {
    const sizeBytes = ((input[at] ?? 0) | ((input[at + 1] ?? 0) << 8)) % 32769;
    const packedBytes = (input[at + 2] ?? 0) | ((input[at + 3] ?? 0) << 8);
    const block = decoder.decode(input.subarray(at + 4, at + 4 + packedBytes), sizeBytes);
    if (block.length !== sizeBytes) throw new Error(`${block.length} bytes came out instead of ${sizeBytes}`);
    unpacked += block.length;
    at += 4 + packedBytes;
  }
  return `${unpacked}`;
}

/** A first byte of 255 lets the size be unknown. Otherwise it and the next one are the size. */
function unpackXpress(input: Uint8Array, format: XpressFormat): string {
  if (format === 'wusp') return `${decodeXpress(input, { maxBytes }).length}`;
  const data = input.subarray(2);
  const sizeBytes = (input[0] ?? 0) | ((input[1] ?? 0) << 8);
  const limits = input[0] === 255 ? { maxBytes } : { maxBytes, sizeBytes };
  return `${decodeXpress(data, limits, format).length}`;
}

/** Every element of a document in its second level, the text given in pieces of seven characters. */
function readSubtrees(input: Uint8Array): string {
  let found = 0;
  let depth = 0;
  const reader = new XmlSubtreeReader({
    isWanted: () => depth++ > 0,
    onElement: () => found++,
    limits: { ...defaultXmlLimits, maxElements: 1000, maxDepth: 50 },
  });
  const text = textOf(input);
  for (let at = 0; at < text.length; at += 7) reader.write(text.slice(at, at + 7));
  reader.close();
  return `${found}`;
}

/** As the server reads requests: by the namespace of the body's element. */
function readAnyCall(input: Uint8Array): string {
  const text = textOf(input);
  let refusal: unknown;
  for (const service of [clientWebService, simpleAuth, reporting]) {
    try {
      const { operation, parameters } = readCall(service, text);
      return `${operation} ${JSON.stringify(parameters())?.length}`;
    } catch (error) {
      if (!(error instanceof ProtocolError) || error.code !== 'PROTOCOL_UNKNOWN_OPERATION') throw error;
      refusal = error;
    }
  }
  throw refusal;
}

function textOf(input: Uint8Array): string {
  return Buffer.from(input).toString('utf8');
}
