// A reader for DER as signatures use it. It is lazy and does not copy. So a catalog of twenty megabytes costs only the
// parts that are read. It is exact, because signatures are made over bytes and not over meanings. Indefinite lengths
// are followed (some time-stamp authorities write BER around DER). Everything else that is not DER is refused with its
// offset.
import { signatureBounds } from '../bounds.ts';
import { FormatError } from '../errors.ts';

export interface DerElement {
  /** The identifier octet: class, constructed bit and number (numbers of 31 and more are refused). */
  readonly tag: number;
  /** The offset of the element from the start of the outermost input. */
  readonly offset: number;
  /** Identifier, length and content, as they are in the input. */
  readonly bytes: Uint8Array;
  readonly content: Uint8Array;
  readonly contentOffset: number;
}

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
  constructedOctetString: 0x24,
} as const;

/** The identifier octet of a context-specific element. */
export function contextTag(number: number, constructed = true): number {
  return 0x80 | (constructed ? 0x20 : 0) | number;
}

/**
 * Reads the element at the start of `bytes`, and leaves the bytes after it alone. `offset` is the place of `bytes` in
 * the outermost input, for error messages. Throws FormatError FORMAT_BAD_ASN1 or FORMAT_TRUNCATED.
 */
export function readDer(bytes: Uint8Array, offset = 0): DerElement {
  return readElement(bytes, offset, 0);
}

/** The elements inside a constructed one, in order. Throws FormatError for anything that does not fill it exactly. */
export function childrenOf(element: DerElement): DerElement[] {
  if ((element.tag & 0x20) === 0) throw badAsn1('a primitive element has no elements inside', element.offset);
  const children: DerElement[] = [];
  for (let at = 0; at < element.content.length; ) {
    if (children.length >= signatureBounds.maxChildren) {
      throw new FormatError('FORMAT_OVER_LIMIT', `more than ${signatureBounds.maxChildren} elements in one`, {
        offset: element.offset,
      });
    }
    const child = readElement(element.content.subarray(at), element.contentOffset + at, 0);
    children.push(child);
    at += child.bytes.length;
  }
  return children;
}

/** As childrenOf, one after the other and without a limit: for lists that are too long to hold whole. */
export function* eachChild(element: DerElement): Generator<DerElement> {
  if ((element.tag & 0x20) === 0) throw badAsn1('a primitive element has no elements inside', element.offset);
  for (let at = 0; at < element.content.length; ) {
    const child = readElement(element.content.subarray(at), element.contentOffset + at, 0);
    yield child;
    at += child.bytes.length;
  }
}

export function badAsn1(message: string, offset: number): FormatError {
  return new FormatError('FORMAT_BAD_ASN1', `ASN.1 at offset ${offset}: ${message}`, { offset });
}

function readElement(bytes: Uint8Array, offset: number, depth: number): DerElement {
  const tag = bytes[0];
  const first = bytes[1];
  if (tag === undefined || first === undefined) throw truncated(offset);
  if ((tag & 0x1f) === 0x1f) throw badAsn1('tag numbers above 30 do not occur in signatures', offset);
  if (first === 0x80) return readIndefinite(bytes, tag, offset, depth);
  const { length, start } = readLength(bytes, first, offset);
  if (start + length > bytes.length) throw truncated(offset);
  return slice(bytes, tag, offset, start, start + length, start + length);
}

function readLength(bytes: Uint8Array, first: number, offset: number): { length: number; start: number } {
  if (first < 0x80) return { length: first, start: 2 };
  const count = first & 0x7f;
  if (count > 4) throw badAsn1('a length of more than four octets', offset);
  let length = 0;
  for (let index = 0; index < count; index++) {
    const octet = bytes[2 + index];
    if (octet === undefined) throw truncated(offset);
    length = length * 256 + octet;
  }
  if (length < 0x80 || length < 256 ** (count - 1))
    throw badAsn1('a length that is longer than it needs to be', offset);
  return { length, start: 2 + count };
}

/** BER's open-ended form: elements up to two zero octets. */
function readIndefinite(bytes: Uint8Array, tag: number, offset: number, depth: number): DerElement {
  if ((tag & 0x20) === 0) throw badAsn1('an open-ended length on a primitive element', offset);
  if (depth >= signatureBounds.maxDepth) throw badAsn1('open-ended elements nested too deep', offset);
  let at = 2;
  while (!(bytes[at] === 0 && bytes[at + 1] === 0)) {
    at += readElement(bytes.subarray(at), offset + at, depth + 1).bytes.length;
  }
  return slice(bytes, tag, offset, 2, at, at + 2);
}

function slice(bytes: Uint8Array, tag: number, offset: number, from: number, to: number, end: number): DerElement {
  return {
    tag,
    offset,
    bytes: bytes.subarray(0, end),
    content: bytes.subarray(from, to),
    contentOffset: offset + from,
  };
}

function truncated(offset: number): FormatError {
  return new FormatError('FORMAT_TRUNCATED', `ASN.1 at offset ${offset} ends too early`, { offset });
}
