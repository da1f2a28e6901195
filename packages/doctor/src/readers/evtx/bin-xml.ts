// BinXML (MS-EVEN6 2.2.12): the XML of an event, as tokens with templates that lie elsewhere in the chunk. A stranger
// wrote it: every offset is checked against the chunk, nesting is capped, and the work that a chunk may cost is
// bounded.
import { readerBounds } from '../../input-bounds.ts';
import { valueText, valueTypes } from './values.ts';

/** An element of an event. */
export interface EventElement {
  name: string;
  attributes: Record<string, string>;
  children: EventElement[];
  /** Its own text, without that of its children. */
  text: string;
}

/** A value that cannot be of its type. Never leaves this folder. */
export class BinXmlFault extends Error {}

/** How many tokens may still be read. Shared by all records of a chunk. */
interface Budget {
  tokens: number;
}

const token = {
  end: 0x00,
  open: 0x01,
  closeStart: 0x02,
  closeEmpty: 0x03,
  endElement: 0x04,
  value: 0x05,
  attribute: 0x06,
  cdata: 0x07,
  charRef: 0x08,
  entityRef: 0x09,
  piTarget: 0x0a,
  piData: 0x0b,
  template: 0x0c,
  substitution: 0x0d,
  optional: 0x0e,
  fragment: 0x0f,
} as const;

interface Value {
  type: number;
  start: number;
  size: number;
}

/** The place of the reading, and the values for substitutions there. */
interface Place {
  at: number;
  end: number;
  values: readonly Value[];
  /** Elements in templates and records name what they depend on. Those in a value of type BinXML do not. */
  hasDependency: boolean;
  depth: number;
}

/** The root of the record whose BinXML is in `chunk` from `start` to `end`. Throws BinXmlFault. */
export function readBinXml(chunk: Buffer, start: number, end: number, budget: Budget): EventElement {
  const reader = new BinXmlReader(chunk, budget);
  const root: EventElement = { name: '', attributes: {}, children: [], text: '' };
  reader.content(root, { at: start, end, values: [], hasDependency: true, depth: 0 });
  const [first] = root.children;
  if (!first) throw new BinXmlFault('a record without an element');
  return first;
}

class BinXmlReader {
  private readonly chunk: Buffer;
  private readonly budget: Budget;

  constructor(chunk: Buffer, budget: Budget) {
    this.chunk = chunk;
    this.budget = budget;
  }

  /** Reads what is inside `parent`, until its end or the end of the place. */
  content(parent: EventElement, place: Place): void {
    if (place.depth > readerBounds.maxEventDepth) throw new BinXmlFault('nested too deeply');
    while (place.at < place.end) {
      const kind = this.byte(place);
      if (kind === token.end || kind === token.endElement) return;
      this.one(parent, kind, place);
    }
  }

  private one(parent: EventElement, kind: number, place: Place): void {
    switch (kind & ~0x40) {
      case token.fragment:
        this.skip(place, 3);
        return;
      case token.template:
        this.template(parent, place);
        return;
      case token.open:
        this.element(parent, kind, place);
        return;
      case token.piTarget:
        this.name(place);
        return;
      case token.piData:
        this.text(place);
        return;
      default:
        parent.text += this.piece(parent, kind, place);
    }
  }

  /** Text in an element or an attribute. A value that is XML itself becomes children of `parent`. */
  private piece(parent: EventElement, kind: number, place: Place): string {
    switch (kind & ~0x40) {
      case token.value:
        this.byte(place);
        return this.text(place);
      case token.cdata:
        return this.text(place);
      case token.charRef:
        return String.fromCharCode(this.u16(place));
      case token.entityRef:
        return entities[this.name(place)] ?? '';
      case token.substitution:
      case token.optional:
        return this.substitution(parent, place);
      default:
        throw new BinXmlFault(`token ${kind} is not known`);
    }
  }

  private element(parent: EventElement, kind: number, place: Place): void {
    if (place.hasDependency) this.skip(place, 2);
    this.skip(place, 4);
    const element: EventElement = { name: this.name(place), attributes: {}, children: [], text: '' };
    if ((kind & 0x40) !== 0) this.skip(place, 4);
    let next = this.byte(place);
    while ((next & ~0x40) === token.attribute) next = this.attribute(element, place);
    if (next === token.closeStart) {
      place.depth++;
      this.content(element, place);
      place.depth--;
    } else if (next !== token.closeEmpty) throw new BinXmlFault(`token ${next} where an element should begin`);
    parent.children.push(element);
  }

  /** Reads an attribute and answers the token behind it. */
  private attribute(element: EventElement, place: Place): number {
    const name = this.name(place);
    let value = '';
    for (;;) {
      const next = this.byte(place);
      const kind = next & ~0x40;
      if (kind === token.attribute || next === token.closeStart || next === token.closeEmpty) {
        if (name !== '__proto__') element.attributes[name] = value;
        return next;
      }
      value += this.piece(element, next, place);
    }
  }

  private template(parent: EventElement, place: Place): void {
    this.skip(place, 5);
    const offset = this.u32(place);
    const size = this.u32At(offset + 20);
    const body = offset + 24;
    if (body + size > this.chunk.length) throw new BinXmlFault('a template that reaches out of its chunk');
    // A definition is in its first instance. Later ones only point there.
    if (offset === place.at) place.at = body + size;
    const values = this.values(place);
    this.content(parent, { at: body, end: body + size, values, hasDependency: true, depth: place.depth + 1 });
  }

  private values(place: Place): Value[] {
    const count = this.u32(place);
    if (count > readerBounds.maxEventValues || place.at + 4 * count > place.end)
      throw new BinXmlFault(`${count} values`);
    let data = place.at + 4 * count;
    const values: Value[] = [];
    for (let index = 0; index < count; index++) {
      const size = this.u16(place);
      const type = this.byte(place);
      this.skip(place, 1);
      values.push({ type, start: data, size });
      data += size;
    }
    if (data > place.end) throw new BinXmlFault('values that reach out of their record');
    place.at = data;
    return values;
  }

  private substitution(parent: EventElement, place: Place): string {
    const index = this.u16(place);
    this.skip(place, 1);
    const value = place.values[index];
    if (!value) return '';
    const { type, start, size } = value;
    this.charge(size);
    if (type !== valueTypes.binXml) return valueText(this.chunk, type, start, size);
    this.content(parent, { at: start, end: start + size, values: [], hasDependency: false, depth: place.depth + 1 });
    return '';
  }

  /** A name lies here when it is used for the first time in its chunk, else elsewhere. */
  private name(place: Place): string {
    const offset = this.u32(place);
    const length = this.u16At(offset + 6);
    const end = offset + 8 + 2 * length;
    if (end + 2 > this.chunk.length) throw new BinXmlFault('a name that reaches out of its chunk');
    if (offset === place.at) place.at = end + 2;
    this.charge(2 * length);
    return this.chunk.toString('utf16le', offset + 8, end);
  }

  private text(place: Place): string {
    const end = 2 * this.u16(place) + place.at;
    if (end > place.end) throw new BinXmlFault('a text that reaches out of its record');
    this.charge(end - place.at);
    const text = this.chunk.toString('utf16le', place.at, end);
    place.at = end;
    return text;
  }

  /** Text costs too: a template may ask for the same long value again and again. */
  private charge(sizeBytes: number): void {
    this.budget.tokens -= 1 + (sizeBytes >> 4);
    if (this.budget.tokens < 0) throw new BinXmlFault('more tokens than a chunk has');
  }

  private byte(place: Place): number {
    this.charge(0);
    if (place.at >= place.end) throw new BinXmlFault('cut off');
    return this.chunk[place.at++] as number;
  }

  private u16(place: Place): number {
    const value = this.u16At(place.at);
    this.skip(place, 2);
    return value;
  }

  private u32(place: Place): number {
    const value = this.u32At(place.at);
    this.skip(place, 4);
    return value;
  }

  private skip(place: Place, count: number): void {
    place.at += count;
    if (place.at > place.end) throw new BinXmlFault('cut off');
  }

  private u16At(offset: number): number {
    if (offset + 2 > this.chunk.length) throw new BinXmlFault('an offset out of the chunk');
    return this.chunk.readUInt16LE(offset);
  }

  private u32At(offset: number): number {
    if (offset + 4 > this.chunk.length) throw new BinXmlFault('an offset out of the chunk');
    return this.chunk.readUInt32LE(offset);
  }
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
