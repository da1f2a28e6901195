// Documents arrive as bytes in UTF-8 or UTF-16, with or without a byte order mark: WSUS stores UTF-16LE without one.
import { CatalogError } from '../errors.ts';

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be';

/**
 * The text of a document. A byte order mark decides. Without one the pattern of zero bytes around the first `<`
 * does. Throws CATALOG_BAD_ENCODING when the bytes are not that encoding, or the XML declaration names another one.
 */
export function decodeDocument(bytes: Uint8Array): string {
  const { encoding, markLength } = detect(bytes);
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes.subarray(markLength));
  } catch (cause) {
    throw new CatalogError('CATALOG_BAD_ENCODING', `The document is not valid ${encoding.toUpperCase()} text.`, {
      cause,
    });
  }
  refuseOtherDeclaration(text, encoding);
  return text;
}

function detect(bytes: Uint8Array): { encoding: Encoding; markLength: number } {
  const [first, second, third] = bytes;
  if (first === 0xff && second === 0xfe) return { encoding: 'utf-16le', markLength: 2 };
  if (first === 0xfe && second === 0xff) return { encoding: 'utf-16be', markLength: 2 };
  if (first === 0xef && second === 0xbb && third === 0xbf) return { encoding: 'utf-8', markLength: 3 };
  if (first !== undefined && first !== 0 && second === 0) return { encoding: 'utf-16le', markLength: 0 };
  if (first === 0 && second !== undefined && second !== 0) return { encoding: 'utf-16be', markLength: 0 };
  return { encoding: 'utf-8', markLength: 0 };
}

/** Throws CATALOG_BAD_ENCODING for text from UTF-8 bytes whose XML declaration names another encoding. */
export function refuseOtherDeclaration(text: string, encoding: Encoding): void {
  const declared = /^<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']/.exec(text.slice(0, 200))?.[1]?.toLowerCase();
  if (declared === undefined || encoding !== 'utf-8') return;
  if (['utf-8', 'utf8', 'us-ascii', 'ascii'].includes(declared)) return;
  throw new CatalogError(
    'CATALOG_BAD_ENCODING',
    `The document declares encoding "${declared.slice(0, 40)}", but its bytes are not that: UTF-8 and UTF-16 are read.`,
  );
}
