// The values inside DER elements: object identifiers, integers, strings and times. And a cursor over the members of
// a SEQUENCE. Each reader refuses what the type does not allow, with the offset.
import { badAsn1, childrenOf, type DerElement, tags } from './der.ts';

/** Walks the members of a constructed element in order. */
export class DerCursor {
  private readonly members: DerElement[];
  private readonly parent: DerElement;
  private at = 0;

  constructor(parent: DerElement, tag: number = tags.sequence) {
    if (parent.tag !== tag) throw badAsn1(`expected tag ${hex(tag)}, found ${hex(parent.tag)}`, parent.offset);
    this.parent = parent;
    this.members = childrenOf(parent);
  }

  /** The next member, which must be there and, when given, have that tag. */
  next(tag?: number): DerElement {
    const member = this.members[this.at];
    if (!member) throw badAsn1('a member is missing', this.parent.offset + this.parent.bytes.length);
    if (tag !== undefined && member.tag !== tag) {
      throw badAsn1(`expected tag ${hex(tag)}, found ${hex(member.tag)}`, member.offset);
    }
    this.at++;
    return member;
  }

  /** The next member when it has that tag. */
  optional(tag: number): DerElement | undefined {
    return this.members[this.at]?.tag === tag ? this.next() : undefined;
  }

  rest(): DerElement[] {
    return this.members.slice(this.at);
  }
}

/** Dotted decimal form of an OBJECT IDENTIFIER. */
export function readOid(element: DerElement): string {
  const { content } = element;
  if (element.tag !== tags.oid || content.length === 0 || content.length > 64)
    throw badAsn1('no object identifier', element.offset);
  const arcs: number[] = [];
  let arc = 0;
  for (const [index, octet] of content.entries()) {
    arc = arc * 128 + (octet & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER / 128)
      throw badAsn1('an object identifier with an arc too large', element.offset);
    if (octet & 0x80) {
      if (index === content.length - 1) throw badAsn1('an object identifier that ends too early', element.offset);
      continue;
    }
    if (arcs.length === 0) arcs.push(Math.min(2, Math.floor(arc / 40)), arc - 40 * Math.min(2, Math.floor(arc / 40)));
    else arcs.push(arc);
    arc = 0;
  }
  return arcs.join('.');
}

/** A small non-negative INTEGER (versions, counts). */
export function readSmallInteger(element: DerElement): number {
  const { content } = element;
  if (element.tag !== tags.integer || content.length === 0 || content.length > 4 || (content[0] ?? 0) >= 0x80) {
    throw badAsn1('no small number', element.offset);
  }
  return content.reduce((value, octet) => value * 256 + octet, 0);
}

/** The octets of an OCTET STRING. BER's pieces are joined. */
export function readOctets(element: DerElement): Uint8Array {
  if (element.tag === tags.octetString) return element.content;
  if (element.tag !== tags.constructedOctetString) throw badAsn1('no octet string', element.offset);
  const pieces = childrenOf(element).map((piece) => {
    if (piece.tag !== tags.octetString) throw badAsn1('a piece of an octet string that is not one', piece.offset);
    return piece.content;
  });
  return new Uint8Array(Buffer.concat(pieces));
}

/** UTCTime or GeneralizedTime in UTC. */
export function readTime(element: DerElement): Date {
  const text = Buffer.from(element.content).toString('latin1');
  const parts =
    element.tag === tags.utcTime
      ? /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text)
      : element.tag === tags.generalizedTime
        ? /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:\.(\d{1,9}))?Z$/.exec(text)
        : null;
  if (!parts) throw badAsn1(`no time: ${JSON.stringify(text.slice(0, 24))}`, element.offset);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1, 7).map(Number);
  // RFC 5280 4.1.2.5.1: two-digit years from 50 on are of the twentieth century.
  const fullYear = element.tag === tags.utcTime ? year + (year >= 50 ? 1900 : 2000) : year;
  const fractionMs = Math.floor(Number(`0.${parts[7] ?? '0'}`) * 1000);
  const time = new Date(0);
  time.setUTCFullYear(fullYear, month - 1, day);
  time.setUTCHours(hour, minute, second, fractionMs);
  if (time.getUTCMonth() !== month - 1 || time.getUTCDate() !== day || hour > 23 || minute > 59 || second > 60) {
    throw badAsn1(`no time: ${text}`, element.offset);
  }
  return time;
}

/** Text of a BMPString's content (UTF-16, big end first). */
export function decodeBmp(content: Uint8Array): string {
  const swapped = Buffer.from(content.subarray(0, content.length & ~1)).swap16();
  return swapped.toString('utf16le');
}

function hex(tag: number): string {
  return `0x${tag.toString(16).padStart(2, '0')}`;
}
