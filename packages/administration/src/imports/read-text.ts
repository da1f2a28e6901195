// Text that holds update documents: one document, export records, or a larger XML with documents inside. It comes as a
// stream of bytes in UTF-8 or UTF-16. Only if it is one document is it held whole.
import {
  CatalogError,
  decodeDocument,
  defaultDocumentLimits,
  ExportRecordReader,
  largeDocumentCharacters,
  looksLikeExportRecords,
  NestedDocumentReader,
  refuseOtherDeclaration,
} from '@moult/catalog';
import { type FoundDocument, foundText, refusalOf } from './found-document.ts';

type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** The roots of an .sdp and of the index of a vendor catalog. */
const vendorRoots = new Set(['SoftwareDistributionPackage', 'SystemsManagementCatalog']);

/** The refusal of what another command takes. */
export function isOfVendor(name: string): CatalogError {
  return new CatalogError(
    'CATALOG_NOT_AN_UPDATE',
    `${name} is of a vendor catalog (.sdp): "moult catalog add" takes it.`,
  );
}

/** Bytes looked at before deciding what the text is. */
const peekBytes = 4096;

/** The documents in a stream of bytes. `name` is how the input is called in refusals. Never throws for bad input. */
export async function* readText(name: string, chunks: Chunks): AsyncGenerator<FoundDocument> {
  try {
    const { start, rest } = await peek(chunks);
    const encoding = encodingOf(start);
    const opening = new TextDecoder(encoding).decode(start);
    if (looksLikeExportRecords(opening)) yield* records(name, decoded(rest, encoding));
    else if (rootName(opening) === 'Update') yield* oneDocument(name, rest, encoding);
    else if (vendorRoots.has(rootName(opening) ?? '')) throw isOfVendor(name);
    else yield* nested(name, decoded(rest, encoding));
  } catch (error) {
    yield refusalOf(name, error);
  }
}

async function* records(name: string, texts: AsyncIterable<string>): AsyncGenerator<FoundDocument> {
  const reader = new ExportRecordReader(defaultDocumentLimits.maxCharacters);
  let count = 0;
  for await (const text of texts) {
    for (const found of reader.write(text)) yield foundText(`${name}#${++count}`, found);
  }
  for (const found of reader.close()) yield foundText(`${name}#${++count}`, found);
}

async function* nested(name: string, texts: AsyncIterable<string>): AsyncGenerator<FoundDocument> {
  const reader = new NestedDocumentReader();
  let count = 0;
  for await (const text of texts) {
    for (const found of reader.write(text)) yield foundText(`${name}#${++count}`, found);
  }
  for (const found of reader.close()) yield foundText(`${name}#${++count}`, found);
  if (count === 0) throw new CatalogError('CATALOG_NOT_AN_UPDATE', `${name} holds no update document.`);
}

/** A document of usual size whole. A large one as it is read. */
async function* oneDocument(
  name: string,
  chunks: AsyncGenerator<Uint8Array>,
  encoding: Encoding,
): AsyncGenerator<FoundDocument> {
  const held: Uint8Array[] = [];
  let size = 0;
  for (let step = await chunks.next(); !step.done; step = await chunks.next()) {
    held.push(step.value.slice());
    size += step.value.length;
    if (size < largeDocumentCharacters) continue;
    yield { name, pieces: largeDocument(Buffer.concat(held.splice(0)), chunks, encoding) };
    return;
  }
  yield { name, xml: decodeDocument(Buffer.concat(held)) };
}

async function* largeDocument(
  start: Uint8Array,
  rest: AsyncGenerator<Uint8Array>,
  encoding: Encoding,
): AsyncGenerator<string> {
  async function* all(): AsyncGenerator<Uint8Array> {
    yield start;
    yield* rest;
  }
  let isFirst = true;
  for await (const text of decoded(all(), encoding)) {
    if (isFirst) refuseOtherDeclaration(text, encoding);
    isFirst = false;
    yield text;
  }
}

/** The first bytes of a stream, and the whole of it still to be read. */
export async function peek(chunks: Chunks): Promise<{ start: Uint8Array; rest: AsyncGenerator<Uint8Array> }> {
  const iterator = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  const held: Uint8Array[] = [];
  let size = 0;
  while (size < peekBytes) {
    const step = await iterator.next();
    if (step.done) break;
    held.push(step.value.slice());
    size += step.value.length;
  }
  async function* rest(): AsyncGenerator<Uint8Array> {
    yield* held;
    for (let step = await iterator.next(); !step.done; step = await iterator.next()) yield step.value;
  }
  return { start: Buffer.concat(held).subarray(0, peekBytes), rest: rest() };
}

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be';

function encodingOf(start: Uint8Array): Encoding {
  const [first, second] = start;
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== undefined && second !== 0)) return 'utf-16be';
  return 'utf-8';
}

async function* decoded(chunks: AsyncIterable<Uint8Array>, encoding: Encoding): AsyncGenerator<string> {
  const decode = decoderOf(encoding);
  for await (const chunk of chunks) yield decode(chunk);
  yield decode();
}

/** The text of bytes in UTF-8 or UTF-16. Throws CATALOG_BAD_ENCODING. */
export function* decodedPieces(chunks: Iterable<Uint8Array>): Generator<string> {
  let decode: ReturnType<typeof decoderOf> | undefined;
  for (const chunk of chunks) {
    if (chunk.length === 0) continue;
    decode ??= decoderOf(encodingOf(chunk));
    yield decode(chunk);
  }
  if (decode) yield decode();
}

/** As decodedPieces, of a stream. */
export async function* decodedStream(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const { start, rest } = await peek(chunks);
  yield* decoded(rest, encodingOf(start));
}

/** Takes the bytes piece by piece. Nothing is the end. */
function decoderOf(encoding: Encoding): (chunk?: Uint8Array) => string {
  const decoder = new TextDecoder(encoding, { fatal: true });
  return (chunk) => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
    } catch (cause) {
      throw new CatalogError('CATALOG_BAD_ENCODING', `The text is not valid ${encoding.toUpperCase()}.`, { cause });
    }
  };
}

/** Local name of the first element, past declaration, comments and processing instructions. */
function rootName(text: string): string | undefined {
  const bare = text
    .replace(/^\uFEFF/, '')
    .replace(/<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!DOCTYPE[^[>]*(?:\[[\s\S]*?\])?\s*>/g, '');
  return /^\s*<(?:[\w.-]+:)?([\w.-]+)/.exec(bare)?.[1];
}
