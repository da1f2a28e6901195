// What reading an input gives: documents one by one, and what could not be read, by name.
import { CatalogError } from '@moult/catalog';
import { FormatError } from '@moult/formats';

export type FoundDocument =
  | { name: string; xml: string }
  | { name: string; refused: { code: string; message: string } };

/** The refusal for an error that belongs to the input; anything else is thrown on. */
export function refusalOf(name: string, error: unknown): FoundDocument {
  if (error instanceof CatalogError || error instanceof FormatError || isFileError(error)) {
    return { name, refused: { code: error.code, message: error.message } };
  }
  throw error;
}

function isFileError(error: unknown): error is Error & { code: string } {
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && /^(E[A-Z]+|Z_)/.test(error.code)
  );
}
