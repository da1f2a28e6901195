// Structures whose members are attributes: only the roll-up of computers has them (MS-WSUSSS 3.1.4.15.3).
import { attributeOf, childNamed, escapeAttribute, textOf, type XmlElement } from '@moult/formats/xml';
import { badMessage } from '../soap/bad-message.ts';
import { dateTime, guid, integer } from '../soap/scalars.ts';
import { element, type Shape, type Value } from '../soap/shape.ts';

interface Attribute<T> {
  name: string;
  shape: Shape<T>;
  /** Of an absent one. Without it absence is refused. */
  fallback?: T;
}

type Attributes = Record<string, Attribute<unknown>>;
type AttributeValues<A extends Attributes> = { [K in keyof A]: A[K] extends Attribute<infer T> ? T : never };

/** Text that may be empty. A zone-less time is UTC, as everywhere. */
export const attributes = {
  text: (name: string): Attribute<string> => ({ name, shape: attributeText, fallback: '' }),
  integer: (name: string, fallback = 0): Attribute<number> => ({ name, shape: integer, fallback }),
  dateTime: (name: string, fallback: Date): Attribute<Date> => ({ name, shape: dateTime, fallback }),
  guid: (name: string): Attribute<string> => ({ name, shape: guid }),
};

const attributeText: Shape<string> = { read: (given) => textOf(given), write: (value) => value };

/** Inside of an element `name`: attributes, and the members of `content` as its children. */
export function attributed<A extends Attributes, Content>(
  name: string,
  declared: A,
  content: Shape<Content>,
): Shape<AttributeValues<A> & Content> & { whole(value: AttributeValues<A> & Content): string } {
  const entries = Object.entries(declared);
  return {
    read(given, path) {
      const values: Record<string, unknown> = {};
      for (const [key, { name: attribute, shape, fallback }] of entries) {
        const text = attributeOf(given, attribute);
        if (text === undefined && fallback === undefined) throw badMessage(`${path}.${attribute}`);
        values[key] = text === undefined ? fallback : shape.read(asElement(attribute, text), `${path}.${attribute}`);
      }
      return { ...values, ...content.read(given, path) } as never;
    },
    // The caller of `write` makes the tags, and cannot make attributes: `whole` does both.
    write: () => {
      throw new TypeError(`${name} is written whole.`);
    },
    whole(value) {
      const written = entries.map(([key, { name: attribute, shape }]) => {
        const text = shape.write((value as Record<string, unknown>)[key]);
        return ` ${attribute}="${escapeAttribute(text)}"`;
      });
      return element(name, content.write(value), written.join(''));
    },
  };
}

type Whole<S> = S & { whole(value: Value<S>): string };

/** A list of them. Absent and empty read as `[]`. */
export function listOfAttributed<S extends Shape<unknown>>(items: Whole<S>): Shape<Value<S>[]> {
  return {
    read: (given, path) =>
      given.children.flatMap((child) => (child.kind === 'element' ? [items.read(child, path) as Value<S>] : [])),
    write: (values) => values.map((value) => items.whole(value)).join(''),
  };
}

/** The one child of this name, if it is there. */
export function optionalAttributed<S extends Shape<unknown>>(
  name: string,
  item: Whole<S>,
): Shape<Value<S> | undefined> {
  return {
    read: (given, path) => {
      const child = childNamed(given, name);
      return child && (item.read(child, `${path}.${name}`) as Value<S>);
    },
    write: (value) => (value === undefined ? '' : item.whole(value)),
  };
}

function asElement(local: string, text: string): XmlElement {
  const nothing = { uri: '', prefix: '', attributes: [], declarations: new Map(), defaultAt: 0 };
  return { kind: 'element', local, ...nothing, children: [{ kind: 'text', text }] };
}
