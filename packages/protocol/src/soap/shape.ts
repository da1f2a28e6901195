// The shape of a message, said once: reading, writing and the TypeScript type all come from it. Members are in wire
// order (WSDL sequence). Reading is by local name in any order and any namespace, and passes over what it does not
// know: agents of twenty years and the published specification disagree about both (fixtures/captures, MS-WUSP 2.2.3).
import type { XmlElement } from '@moult/formats/xml';
import { badMessage } from './bad-message.ts';

export interface Shape<T> {
  /** `path` names the element in the words of the fault (`parameters.InstalledNonLeafUpdateIDs`). */
  read(element: XmlElement, path: string): T;
  /** Content only. The caller writes the tags. */
  write(value: T, aside?: Aside): string;
}

/** The place for a long text that is there already. So it is not copied into a longer one (exchange.ts). */
interface Aside {
  /** Answers what stands for it until then. */
  put(text: string): string;
}

export type Value<S> = S extends Shape<infer T> ? T : never;

type Kind = 'required' | 'optional' | 'list';

interface Member<T, K extends Kind> {
  kind: K;
  /** Element name on the wire. */
  name: string;
  /** Name of the items inside a list. */
  item: string;
  shape: Shape<T>;
  /** The value of an absent required member. Without it absence is refused. */
  fallback?: T;
}

type Members = Record<string, Member<unknown, Kind>>;
type MemberValue<M> = M extends { kind: 'list'; shape: Shape<infer T> }
  ? T[]
  : M extends { shape: Shape<infer T> }
    ? T
    : never;
type OptionalKeys<M extends Members> = {
  [K in keyof M]: M[K]['kind'] extends 'optional' ? K : never;
}[keyof M];

type RecordValue<M extends Members> = { [K in Exclude<keyof M, OptionalKeys<M>>]: MemberValue<M[K]> } & {
  [K in OptionalKeys<M>]?: MemberValue<M[K]> | undefined;
};

export function required<T>(name: string, shape: Shape<T>): Member<T, 'required'> {
  return { kind: 'required', name, item: '', shape };
}

/**
 * Required by the WSDL, but left out by older agents, or not read: real WSUS takes the value that .NET gives to what
 * is absent, and so does this.
 */
export function expected<T>(name: string, shape: Shape<T>, fallback: T): Member<T, 'required'> {
  return { kind: 'required', name, item: '', shape, fallback };
}

export function optional<T>(name: string, shape: Shape<T>): Member<T, 'optional'> {
  return { kind: 'optional', name, item: '', shape };
}

/** Absent, nil and empty all read as `[]`. `[]` is not written, as real WSUS does. */
export function list<T>(name: string, item: string, shape: Shape<T>): Member<T, 'list'> {
  return { kind: 'list', name, item, shape };
}

/** A list that must be there, if only empty, where MS-WUSP says so: absent and nil read as undefined. */
export function listThatMustBe<T>(name: string, item: string, shape: Shape<T>): Member<T[], 'optional'> {
  const items = list(name, item, shape);
  return optional(name, {
    read: (element, path) => readMember(items, element, path) as T[],
    write: (values, aside) => values.map((value) => element(item, shape.write(value, aside))).join(''),
  });
}

/** A complex type. Reading throws PROTOCOL_BAD_MESSAGE for a missing required member or a value outside its type. */
export function record<M extends Members>(members: M): Shape<RecordValue<M>> {
  const entries = Object.entries(members);
  const byName = new Map(entries.map(([key, member]) => [member.name, { key, member }]));
  // The prose of MS-WUSP writes other letter cases than its WSDL (Win32Hresult, clientID, Parameters).
  const inAnyCase = new Map([...byName].map(([name, known]) => [name.toLowerCase(), known]));
  const all = [...byName.values()];
  const lists = all.filter(({ member }) => member.kind === 'list');
  const needed = all.filter(({ member }) => member.kind === 'required');
  return {
    read: (element, path) => {
      const value: Record<string, unknown> = {};
      for (const { key } of lists) value[key] = [];
      for (const child of element.children) {
        if (child.kind !== 'element') continue;
        const known = byName.get(child.local) ?? inAnyCase.get(child.local.toLowerCase());
        if (!known || isNil(child)) continue;
        value[known.key] = readMember(known.member, child, joined(path, child.local));
      }
      for (const { key, member } of needed) {
        if (value[key] !== undefined) continue;
        if (member.fallback === undefined) throw badMessage(joined(path, member.name));
        value[key] = member.fallback;
      }
      return value as never;
    },
    write: (value, aside) => {
      let text = '';
      for (const [key, member] of entries) text += writeMember(member, (value as Record<string, unknown>)[key], aside);
      return text;
    },
  };
}

/** Writes `<name>content</name>`, or `<name/>` for empty content, as WSUS does. */
export function element(name: string, content: string, attributes = ''): string {
  return content === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${content}</${name}>`;
}

function readMember(member: Member<unknown, Kind>, child: XmlElement, path: string): unknown {
  if (member.kind !== 'list') return member.shape.read(child, path);
  const items: unknown[] = [];
  for (const item of child.children) {
    if (item.kind === 'element' && !isNil(item)) items.push(member.shape.read(item, path));
  }
  return items;
}

function writeMember(member: Member<unknown, Kind>, value: unknown, aside: Aside | undefined): string {
  if (value === undefined) return '';
  if (member.kind !== 'list') return element(member.name, member.shape.write(value, aside));
  let text = '';
  for (const item of value as unknown[]) text += element(member.item, member.shape.write(item, aside));
  return text === '' ? '' : element(member.name, text);
}

function isNil({ attributes }: XmlElement): boolean {
  if (attributes.length === 0) return false;
  return attributes.some(
    ({ local, uri, value }) =>
      local === 'nil' && uri.endsWith('XMLSchema-instance') && (value === 'true' || value === '1'),
  );
}

function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
