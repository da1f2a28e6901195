// Objects that PowerShell exported with Export-Clixml (MS-PSRP 2.2.5), as values. Only data is read: no type is ever made
// of a name. An object is a record of its properties. Below its depth, Export-Clixml writes text in place of objects.
import { FormatError } from '../errors.ts';
import {
  attributeOf,
  childElements,
  childNamed,
  readXml,
  textOf,
  type XmlElement,
  type XmlLimits,
} from '../xml/index.ts';

export type ClixmlValue = string | number | bigint | boolean | null | Date | ClixmlValue[] | ClixmlObject;

interface ClixmlObject {
  /** Type names, the most specific first. Export adds no prefix, import `Deserialized.`. */
  types: readonly string[];
  /** Its ToString. Of an enumeration the name of the value. */
  text: string | undefined;
  /** Letter case as it was written. */
  properties: ReadonlyMap<string, ClixmlValue>;
  /** Of a list, and of a value with properties. */
  value: ClixmlValue | undefined;
}

const namespaceUri = 'http://schemas.microsoft.com/powershell/2004/04';

/**
 * The values of the file, in order. References give the same object again, also inside itself: who walks all of it must
 * remember where it was. Throws FormatError: FORMAT_BAD_DATA for other text than CLIXML, FORMAT_UNSUPPORTED for a protected
 * string, and those of readXml (a document type is FORMAT_BAD_XML).
 */
export function readClixml(text: string, limits?: XmlLimits): ClixmlValue[] {
  const root = readXml(text, limits);
  if (root.local !== 'Objs' || root.uri !== namespaceUri)
    throw new FormatError('FORMAT_BAD_DATA', `This is not CLIXML: it begins with <${root.local}>.`);
  const known: Known = { objects: new Map(), types: new Map() };
  return childElements(root).map((element) => readValue(element, known));
}

export function isClixmlObject(value: ClixmlValue | undefined): value is ClixmlObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** RefIds of objects and of type names are separate. */
interface Known {
  objects: Map<string, ClixmlObject>;
  types: Map<string, readonly string[]>;
}

function readValue(element: XmlElement, known: Known): ClixmlValue {
  if (element.local === 'Obj') return readObject(element, known);
  if (element.local === 'Ref') {
    const found = known.objects.get(attributeOf(element, 'RefId') ?? '');
    if (!found) throw bad(element, 'refers to an object that is not there');
    return found;
  }
  return readPrimitive(element);
}

function readObject(element: XmlElement, known: Known): ClixmlObject {
  const properties = new Map<string, ClixmlValue>();
  const object: ClixmlObject = { types: [], text: undefined, properties, value: undefined };
  const refId = attributeOf(element, 'RefId');
  if (refId !== undefined) known.objects.set(refId, object);
  for (const child of childElements(element)) {
    switch (child.local) {
      case 'TN': {
        object.types = childElements(child).map((one) => unescapedText(textOf(one)));
        known.types.set(attributeOf(child, 'RefId') ?? '', object.types);
        break;
      }
      case 'TNRef':
        object.types = known.types.get(attributeOf(child, 'RefId') ?? '') ?? [];
        break;
      case 'ToString':
        object.text = unescapedText(textOf(child));
        break;
      case 'Props':
      case 'MS':
        for (const one of childElements(child)) {
          // A property set has members of its own. They are left out.
          if (one.local !== 'MS') properties.set(unescapedText(attributeOf(one, 'N') ?? ''), readValue(one, known));
        }
        break;
      case 'LST':
      case 'IE':
      case 'STK':
      case 'QUE':
        object.value = childElements(child).map((one) => readValue(one, known));
        break;
      case 'DCT':
        for (const entry of childElements(child)) {
          const [key, value] = childElements(entry);
          if (key && value) properties.set(String(readPrimitive(key)), readValue(value, known));
        }
        break;
      default:
        object.value = readValue(child, known);
    }
  }
  return object;
}

function readPrimitive(element: XmlElement): ClixmlValue {
  const text = textOf(element);
  switch (element.local) {
    case 'Nil':
      return null;
    case 'B':
      return text.trim().toLowerCase() === 'true';
    case 'By':
    case 'SB':
    case 'I16':
    case 'U16':
    case 'I32':
    case 'U32':
    case 'Sg':
    case 'Db':
      return Number(text);
    case 'I64':
    case 'U64':
      if (!/^\s*-?\d{1,20}\s*$/.test(text)) throw bad(element, 'is not a number');
      return BigInt(text.trim());
    case 'C':
      return String.fromCharCode(Number(text) & 0xffff);
    case 'DT': {
      const date = dateOf(text);
      if (!date) throw bad(element, 'is not a time');
      return date;
    }
    case 'SS':
      throw new FormatError('FORMAT_UNSUPPORTED', 'The file has a protected string (SecureString). Export without it.');
    case 'Obj':
    case 'Ref':
      return childNamed(element, 'ToString') ? unescapedText(textOf(childNamed(element, 'ToString') ?? element)) : '';
    default:
      return unescapedText(text);
  }
}

/** A time without an offset is UTC: WSUS keeps UTC, and PowerShell writes none for a time of unknown kind. */
function dateOf(text: string): Date | undefined {
  const parts = /^\s*(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?\s*$/.exec(text);
  if (!parts) return undefined;
  const date = new Date(`${parts[1]}${(parts[2] ?? '').slice(0, 4)}${parts[3] ?? 'Z'}`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** `_x000D_` is one UTF-16 unit. `_x005F_` is the underscore of a text that looks like one. */
function unescapedText(text: string): string {
  return text.includes('_x')
    ? text.replaceAll(/_x([\dA-Fa-f]{4})_/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text;
}

function bad(element: XmlElement, why: string): FormatError {
  const name = attributeOf(element, 'N');
  return new FormatError('FORMAT_BAD_DATA', `<${element.local}>${name ? ` "${name.slice(0, 80)}"` : ''} ${why}.`);
}
