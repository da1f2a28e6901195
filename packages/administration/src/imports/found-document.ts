// The result of reading an input: documents one by one, and by name the inputs that could not be read or were passed
// over.
import { CatalogError, type DocumentText, largeDocumentCharacters } from '@moult/catalog';
import { DiskError } from '@moult/disk';
import { FormatError } from '@moult/formats';

export type FoundDocument =
  | { name: string; xml: string }
  /** A large one, to be read at once: the next document ends it. */
  | { name: string; pieces: AsyncIterable<string> | Iterable<string> }
  | { name: string; refused: Refusal }
  /** A file of a folder that holds no update metadata. */
  | { name: string; passedOver: string };

export interface Refusal {
  code: string;
  message: string;
}

/** A document out of its text. */
export function foundText(name: string, text: DocumentText): FoundDocument {
  if (typeof text !== 'string') return { name, pieces: text };
  return text.length < largeDocumentCharacters ? { name, xml: text } : { name, pieces: slices(text) };
}

function* slices(text: string): Generator<string> {
  const pieceCharacters = 64 * 1024;
  for (let at = 0; at < text.length; at += pieceCharacters) yield text.slice(at, at + pieceCharacters);
}

/** The refusal for an error that belongs to the input. Anything else is thrown on. */
export function refusalOf(name: string, error: unknown): { name: string; refused: Refusal } {
  if (error instanceof CatalogError || error instanceof FormatError || error instanceof DiskError) {
    return { name, refused: { code: error.code, message: error.message } };
  }
  if (hasCode(error, /^E[A-Z]+$/)) {
    return { name, refused: { code: error.code, message: whyUnreadable[error.code] ?? error.message } };
  }
  if (hasCode(error, /^Z_/)) {
    return { name, refused: { code: 'CATALOG_BAD_PACKAGE', message: `${name} is damaged: ${error.message}.` } };
  }
  throw error;
}

const whyUnreadable: Readonly<Record<string, string>> = {
  ENOENT: 'There is no such file or folder.',
  EACCES: 'It may not be read by this user.',
  EPERM: 'It may not be read by this user.',
};

/** Errors of the file system (ENOENT) and of zlib (Z_BUF_ERROR) have a code of their own. */
function hasCode(error: unknown, pattern: RegExp): error is Error & { code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && pattern.test(error.code);
}
