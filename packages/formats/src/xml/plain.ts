// The fast way through XML that is written plainly, as nearly all is: ASCII names, no CDATA, no instructions. It knows
// only text that is certainly well-formed. At the first unknown thing it gives up. Then saxes reads the text from its
// beginning and has the last word (ADR 0004). So it refuses nothing by itself, and only accepts text that saxes
// accepts.
import { xmlReaderBounds } from '../bounds.ts';
import type { XmlAttribute, XmlElement, XmlLimits } from './tree.ts';

/** The tree of the document. Undefined for any text that is not plain, not well-formed or beyond `limits`. */
export function readPlainXml(text: string, limits: XmlLimits): XmlElement | undefined {
  const normal = text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text;
  if (unusual.test(normal) || normal.includes(']]>')) return undefined;
  return new PlainReader(normal, limits).read();
}

/** A character that XML forbids, or that takes two of UTF-16. */
const unusual = /[^\t\n\x20-\ud7ff\ue000-\ufffd]/;
const declaration = /^<\?xml version=(?:"1\.0"|'1\.0')(?: encoding=(?:"[A-Za-z][\w.-]*"|'[A-Za-z][\w.-]*'))? ?\?>/;
const reference = /&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,7})|#x([0-9a-fA-F]{1,6}));|&/g;
const characters: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const xmlNamespace = 'http://www.w3.org/XML/1998/namespace';
const xmlnsNamespace = 'http://www.w3.org/2000/xmlns/';
const blank = /^[ \t\n]*$/;
const noDeclarations: ReadonlyMap<string, string> = new Map();

const [tab, newline, space, quote, apostrophe, slash] = [0x09, 0x0a, 0x20, 0x22, 0x27, 0x2f];
const [equal, greater, bang] = [0x3d, 0x3e, 0x21];

/** 1 for what begins a name, 2 for what may follow. */
const nameCharacters = new Uint8Array(65_536);
for (const one of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_') nameCharacters[one.charCodeAt(0)] = 1;
for (const one of '0123456789.-:') nameCharacters[one.charCodeAt(0)] = 2;

interface Name {
  /** As it is written. */
  raw: string;
  prefix: string;
  local: string;
}

class PlainReader {
  readonly #text: string;
  readonly #limits: XmlLimits;
  readonly #hasReferences: boolean;
  readonly #hasLayout: boolean;
  readonly #names: (Name | undefined)[] = new Array(256);
  /** Open elements, their names as written, and how many bindings were in force around them. */
  readonly #open: XmlElement[] = [];
  readonly #openNames: string[] = [];
  readonly #outerBindings: number[] = [];
  readonly #prefixes: string[] = ['xml', ''];
  readonly #uris: string[] = [xmlNamespace, ''];
  #lastDeclarations: ReadonlyMap<string, string> = noDeclarations;
  /** Of the element that is being read: see XmlElement. */
  #defaultAt = 0;
  #lastPrefix = '';
  #lastUri = '';
  /** The innermost open element. */
  #parent: XmlElement | undefined;
  #at = 0;
  /** The next `<` behind the one that is being read. */
  #next = 0;
  #elements = 0;
  #root: XmlElement | undefined;

  constructor(text: string, limits: XmlLimits) {
    this.#text = text;
    this.#limits = { ...limits };
    this.#hasReferences = text.includes('&');
    this.#hasLayout = text.includes('\n') || text.includes('\t');
  }

  read(): XmlElement | undefined {
    const text = this.#text;
    this.#at = declaration.exec(text)?.[0].length ?? 0;
    this.#next = text.indexOf('<', this.#at);
    while (this.#next >= 0) {
      if (!this.#readText(this.#next)) return undefined;
      this.#at = this.#next;
      this.#next = text.indexOf('<', this.#at + 1);
      if (!this.#readMarkup()) return undefined;
    }
    return this.#open.length === 0 && this.#readText(text.length) ? this.#root : undefined;
  }

  /** From here to `end`. Outside the root only blanks are text. */
  #readText(end: number): boolean {
    if (end === this.#at) return true;
    const raw = this.#text.slice(this.#at, end);
    const parent = this.#parent;
    if (!parent) return blank.test(raw);
    const text = this.#hasReferences && raw.includes('&') ? resolved(raw) : raw;
    if (text === undefined) return false;
    parent.children.push({ kind: 'text', text });
    return true;
  }

  #readMarkup(): boolean {
    const code = this.#text.charCodeAt(this.#at + 1);
    if (code === slash) return this.#readEnd();
    if (code === bang) return this.#readComment();
    return this.#readStart();
  }

  #readComment(): boolean {
    if (!this.#text.startsWith('<!--', this.#at)) return false;
    const end = this.#text.indexOf('--', this.#at + 4);
    if (end < 0 || this.#text.charCodeAt(end + 2) !== greater) return false;
    this.#at = end + 3;
    // The next `<` that was found may be inside of the comment.
    this.#next = this.#text.indexOf('<', this.#at);
    return true;
  }

  #readEnd(): boolean {
    const name = this.#openNames.pop();
    if (name === undefined || !this.#text.startsWith(name, this.#at + 2)) return false;
    this.#at += 2 + name.length;
    if (this.#skipBlanks() !== greater) return false;
    this.#at++;
    const ended = this.#parent;
    this.#leave();
    const same = this.#at + 1 + name.length;
    if (ended && this.#text.charCodeAt(same) === greater && this.#text.startsWith(name, this.#at + 1)) {
      this.#readAlike(ended, name);
    }
    return true;
  }

  /**
   * A list: as many more elements of the same name as hold text and nothing else. The usual way reads the next other
   * one.
   */
  #readAlike({ declarations, uri, local, prefix }: XmlElement, name: string): void {
    const parent = this.#parent;
    if (!parent || declarations !== noDeclarations) return;
    const text = this.#text;
    const [start, end] = [`<${name}>`, `</${name}>`];
    while (text.startsWith(start, this.#at) && this.#elements < this.#limits.maxElements) {
      const from = this.#at + start.length;
      const to = text.indexOf('<', from);
      if (to <= from || !text.startsWith(end, to)) break;
      const content = text.slice(from, to);
      if (this.#hasReferences && content.includes('&')) break;
      this.#elements++;
      const children: XmlElement['children'] = [{ kind: 'text', text: content }];
      parent.children.push({
        kind: 'element',
        uri,
        local,
        prefix,
        attributes: [],
        declarations,
        defaultAt: 0,
        children,
      });
      this.#at = to + end.length;
    }
    this.#next = text.indexOf('<', this.#at);
  }

  #enter(element: XmlElement, name: string, outer: number): void {
    this.#open.push(element);
    this.#openNames.push(name);
    this.#outerBindings.push(outer);
    this.#parent = element;
  }

  #leave(): void {
    this.#open.pop();
    this.#parent = this.#open.at(-1);
    this.#release(this.#outerBindings.pop() ?? 0);
  }

  /** Forgets what was declared inside of an element. */
  #release(outer: number): void {
    if (outer === this.#prefixes.length) return;
    this.#prefixes.length = outer;
    this.#uris.length = outer;
  }

  #readStart(): boolean {
    this.#at++;
    const name = this.#readName();
    if (!name || (this.#root && !this.#parent)) return false;
    if (++this.#elements > this.#limits.maxElements || this.#open.length >= this.#limits.maxDepth) return false;
    const outer = this.#prefixes.length;
    const attributes: XmlAttribute[] = [];
    this.#defaultAt = 0;
    const end = this.#readAttributes(attributes);
    if (!end || name.prefix === 'xmlns') return false;
    const uri = this.#resolve(name.prefix);
    if (uri === undefined || !this.#bind(attributes)) return false;
    const declarations = this.#declarationsSince(outer);
    if (!declarations) return false;
    const { prefix, local } = name;
    const defaultAt = declarations === noDeclarations ? 0 : this.#defaultAt;
    const element: XmlElement = {
      kind: 'element',
      uri,
      local,
      prefix,
      attributes,
      declarations,
      defaultAt,
      children: [],
    };
    if (this.#parent) this.#parent.children.push(element);
    else this.#root = element;
    if (end === slash) this.#release(outer);
    else this.#enter(element, name.raw, outer);
    return true;
  }

  /** Up to the end of the tag: `>` or the slash before it. Undefined if something else is there. */
  #readAttributes(attributes: XmlAttribute[]): number | undefined {
    for (;;) {
      const before = this.#at;
      const code = this.#skipBlanks();
      if (code === greater) {
        this.#at++;
        return greater;
      }
      if (code === slash) {
        if (this.#text.charCodeAt(this.#at + 1) !== greater) return undefined;
        this.#at += 2;
        return slash;
      }
      if (this.#at === before || attributes.length >= xmlReaderBounds.maxAttributes) return undefined;
      const name = this.#readName();
      const value = name && this.#readValue();
      if (!name || value === undefined) return undefined;
      const { prefix, local } = name;
      if (prefix === 'xmlns' || (prefix === '' && local === 'xmlns')) {
        if (prefix === '') this.#defaultAt = attributes.length;
        if (!this.#declare(prefix === '' ? '' : local, value)) return undefined;
      } else attributes.push({ uri: '', local, prefix, value });
    }
  }

  /** `="…"`, in either kind of quotes. */
  #readValue(): string | undefined {
    const text = this.#text;
    if (text.charCodeAt(this.#at) !== equal) return undefined;
    const mark = text.charCodeAt(this.#at + 1);
    if (mark !== quote && mark !== apostrophe) return undefined;
    const start = this.#at + 2;
    const end = text.indexOf(mark === quote ? '"' : "'", start);
    if (end < 0 || (this.#next >= 0 && end > this.#next)) return undefined;
    this.#at = end + 1;
    const raw = text.slice(start, end);
    // Blanks are all alike in attributes, unless they are written as references.
    const value = this.#hasLayout ? raw.replaceAll(/[\t\n]/g, ' ') : raw;
    return this.#hasReferences && value.includes('&') ? resolved(value) : value;
  }

  #declare(prefix: string, uri: string): boolean {
    if (prefix === 'xml' || prefix === 'xmlns' || uri === xmlNamespace || uri === xmlnsNamespace) return false;
    if ((uri === '' && prefix !== '') || uri !== uri.trim() || this.#prefixes.length >= xmlReaderBounds.maxBindings)
      return false;
    this.#prefixes.push(prefix);
    this.#uris.push(uri);
    return true;
  }

  /** Most elements declare nothing and share one empty map. Of the others, many declare what the one before did. */
  #declarationsSince(outer: number): ReadonlyMap<string, string> | undefined {
    const count = this.#prefixes.length - outer;
    if (count === 0) return noDeclarations;
    if (count > this.#limits.maxAttributesPerElement) return undefined;
    const [prefix = '', uri = ''] = [this.#prefixes[outer], this.#uris[outer]];
    if (count === 1 && this.#lastDeclarations.size === 1 && this.#lastPrefix === prefix && this.#lastUri === uri) {
      return this.#lastDeclarations;
    }
    const declarations = new Map<string, string>();
    for (let at = outer; at < this.#prefixes.length; at++) {
      declarations.set(this.#prefixes[at] ?? '', this.#uris[at] ?? '');
    }
    // A prefix that is declared twice.
    if (declarations.size !== count) return undefined;
    this.#lastDeclarations = declarations;
    this.#lastPrefix = prefix;
    this.#lastUri = uri;
    return declarations;
  }

  /** Gives attributes their namespaces. False for an unknown prefix and for an attribute that is there twice. */
  #bind(attributes: XmlAttribute[]): boolean {
    for (let at = 0; at < attributes.length; at++) {
      const attribute = attributes[at] as XmlAttribute;
      if (attribute.prefix !== '') {
        const uri = this.#resolve(attribute.prefix);
        if (uri === undefined) return false;
        attribute.uri = uri;
      }
      for (let before = 0; before < at; before++) {
        const other = attributes[before] as XmlAttribute;
        if (other.local === attribute.local && other.uri === attribute.uri) return false;
      }
    }
    return attributes.length <= this.#limits.maxAttributesPerElement;
  }

  #resolve(prefix: string): string | undefined {
    const at = this.#prefixes.lastIndexOf(prefix);
    return at < 0 ? undefined : this.#uris[at];
  }

  /** Undefined where none begins. Behind it stands something that is in no ASCII name. */
  #readName(): Name | undefined {
    const text = this.#text;
    const start = this.#at;
    let code = text.charCodeAt(start);
    if (nameCharacters[code] !== 1) return undefined;
    let end = start;
    let mixed = 0;
    do {
      mixed = Math.imul(mixed, 31) + code;
      code = text.charCodeAt(++end);
    } while (end < text.length && nameCharacters[code] !== 0);
    this.#at = end;
    // A document has few names, each many times: most are found without cutting them out.
    const place = (mixed ^ (mixed >>> 8)) & 0xff;
    const known = this.#names[place];
    if (known && known.raw.length === end - start && text.startsWith(known.raw, start)) return known;
    const name = nameOf(text.slice(start, end));
    this.#names[place] = name;
    return name;
  }

  /** The first character after blanks. */
  #skipBlanks(): number {
    for (; ; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== space && code !== newline && code !== tab) return code;
    }
  }
}

function nameOf(raw: string): Name | undefined {
  const colon = raw.indexOf(':');
  const local = raw.slice(colon + 1);
  return local === '' || local.includes(':') ? undefined : { raw, prefix: raw.slice(0, Math.max(0, colon)), local };
}

/** The text with references replaced by their characters. Undefined if a reference is wrong. */
function resolved(raw: string): string | undefined {
  let isSound = true;
  const text = raw.replaceAll(reference, (_, name?: string, decimal?: string, hex?: string) => {
    if (name !== undefined) return characters[name] ?? '';
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
    if (isCharacter(code)) return String.fromCodePoint(code);
    isSound = false;
    return '';
  });
  return isSound ? text : undefined;
}

/** XML 1.0, 2.2. */
function isCharacter(code: number): boolean {
  if (code < 0x20) return code === 0x09 || code === 0x0a || code === 0x0d;
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
}
