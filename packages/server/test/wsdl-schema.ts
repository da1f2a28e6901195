// Holds a message against the schema of its WSDL (fixtures/wsdl, the specification's own text): element order and
// number, namespaces, attributes, simple types. Knows as much XML Schema as those files use, and throws on the rest.
import { readFileSync } from 'node:fs';
import { attributeOf, childElements, childNamed, readXml, textOf, type XmlElement } from '@moult/formats/xml';

const schemaNamespace = 'http://www.w3.org/2001/XMLSchema';
const instanceNamespace = 'http://www.w3.org/2001/XMLSchema-instance';

export interface WsdlSchema {
  /** Every way in which the element breaks the schema; none for a valid one. */
  problemsOf(element: XmlElement): string[];
}

export function loadWsdlSchema(name: 'client' | 'simpleauth' | 'reporting' | 'serversync' | 'dssauth'): WsdlSchema {
  const file = new URL(`../../../fixtures/wsdl/${name}.wsdl`, import.meta.url);
  return createSchema(readXml(readFileSync(file, 'utf8')));
}

interface Definition {
  node: XmlElement;
  targetNamespace: string;
  /** Prefix → URI where the definition stands. */
  scope: ReadonlyMap<string, string>;
}

function createSchema(wsdl: XmlElement): WsdlSchema {
  const elements = new Map<string, Definition>();
  const types = new Map<string, Definition>();
  const typesElement = childNamed(wsdl, 'types');
  for (const schema of typesElement ? childElements(typesElement) : []) {
    const targetNamespace = attributeOf(schema, 'targetNamespace') ?? '';
    const scope = new Map([...wsdl.declarations, ...schema.declarations]);
    for (const node of childElements(schema)) {
      const place = node.local === 'element' ? elements : types;
      const name = attributeOf(node, 'name');
      if (name) place.set(`{${targetNamespace}}${name}`, { node, targetNamespace, scope: withOwn(scope, node) });
    }
  }
  const checker = new Checker(types);
  return {
    problemsOf(element) {
      const definition = elements.get(`{${element.uri}}${element.local}`);
      if (!definition) return [`no element {${element.uri}}${element.local} in the schema`];
      checker.problems = [];
      checker.checkElement(element, definition, element.local);
      return checker.problems;
    },
  };
}

class Checker {
  problems: string[] = [];
  readonly #types: ReadonlyMap<string, Definition>;

  constructor(types: ReadonlyMap<string, Definition>) {
    this.#types = types;
  }

  checkElement(element: XmlElement, declaration: Definition, path: string): void {
    if (this.#isNil(element, declaration, path)) return;
    const inline = childNamed(declaration.node, 'complexType', schemaNamespace);
    if (inline) {
      this.#checkComplex(element, { ...declaration, node: inline, scope: withOwn(declaration.scope, inline) }, path);
      return;
    }
    const typeName = qualified(attributeOf(declaration.node, 'type') ?? '', declaration.scope);
    if (typeName.startsWith(`{${schemaNamespace}}`)) {
      this.#checkSimple(element, typeName.slice(schemaNamespace.length + 2), path);
      return;
    }
    const type = this.#types.get(typeName);
    if (!type) throw new Error(`${path}: type ${typeName} is not in the schema`);
    if (type.node.local === 'complexType') this.#checkComplex(element, type, path);
    else this.#checkRestriction(element, type, path);
  }

  #isNil(element: XmlElement, { node }: Definition, path: string): boolean {
    const nil = element.attributes.find(({ local, uri }) => local === 'nil' && uri === instanceNamespace);
    if (nil?.value !== 'true') return false;
    if (attributeOf(node, 'nillable') !== 'true') this.problems.push(`${path}: nil, and not nillable`);
    return true;
  }

  #checkComplex(element: XmlElement, type: Definition, path: string): void {
    this.#checkAttributes(element, type, path);
    if (textOf(element).trim() !== '') this.problems.push(`${path}: text where there are only elements`);
    const sequence = childNamed(type.node, 'sequence', schemaNamespace);
    const children = childElements(element);
    let at = 0;
    for (const particle of sequence ? childElements(sequence) : []) {
      if (particle.local !== 'element') throw new Error(`${path}: <${particle.local}> in a sequence`);
      const declaration = { ...type, node: particle, scope: withOwn(type.scope, particle) };
      const name = (attributeOf(particle, 'name') ?? '').trim();
      let count = 0;
      for (; children[at]?.local === name && children[at]?.uri === type.targetNamespace; at++, count++) {
        this.checkElement(children[at] as XmlElement, declaration, `${path}/${name}`);
      }
      const least = Number(attributeOf(particle, 'minOccurs') ?? 1);
      const most = attributeOf(particle, 'maxOccurs') ?? '1';
      if (count < least) this.problems.push(`${path}: ${count} of <${name}>, at least ${least} needed`);
      if (most !== 'unbounded' && count > Number(most))
        this.problems.push(`${path}: ${count} of <${name}>, at most ${most}`);
    }
    const rest = children[at];
    if (rest) this.problems.push(`${path}: <${rest.local}> of {${rest.uri}} is not expected there`);
  }

  #checkAttributes(element: XmlElement, { node }: Definition, path: string): void {
    const declared = childElements(node).filter(({ local }) => local === 'attribute');
    for (const attribute of declared) {
      const name = attributeOf(attribute, 'name') ?? '';
      if (attributeOf(attribute, 'use') === 'required' && attributeOf(element, name) === undefined) {
        this.problems.push(`${path}: attribute ${name} is missing`);
      }
    }
    const known = new Set(declared.map((attribute) => attributeOf(attribute, 'name')));
    for (const { local, uri } of element.attributes) {
      if (uri !== instanceNamespace && !known.has(local))
        this.problems.push(`${path}: attribute ${local} is not expected`);
    }
  }

  #checkRestriction(element: XmlElement, { node, scope }: Definition, path: string): void {
    const restriction = childNamed(node, 'restriction', schemaNamespace);
    if (!restriction) throw new Error(`${path}: a simple type that is no restriction`);
    const base = qualified(attributeOf(restriction, 'base') ?? '', scope);
    this.#checkSimple(element, base.slice(schemaNamespace.length + 2), path);
    const value = textOf(element);
    const facets = childElements(restriction);
    const allowed = facets.filter(({ local }) => local === 'enumeration').map((facet) => attributeOf(facet, 'value'));
    if (allowed.length > 0 && !allowed.includes(value))
      this.problems.push(`${path}: ${value} is none of ${allowed.join()}`);
    for (const facet of facets.filter(({ local }) => local === 'pattern')) {
      const pattern = new RegExp(`^(?:${attributeOf(facet, 'value')})$`);
      if (!pattern.test(value)) this.problems.push(`${path}: ${value} does not match ${pattern}`);
    }
  }

  #checkSimple(element: XmlElement, type: string, path: string): void {
    if (childElements(element).length > 0) this.problems.push(`${path}: elements inside a ${type}`);
    const check = simpleTypes[type];
    if (!check) throw new Error(`${path}: simple type ${type}`);
    const text = textOf(element);
    if (!check(type === 'string' ? text : text.trim()))
      this.problems.push(`${path}: "${text.slice(0, 60)}" is no ${type}`);
  }
}

const within = (least: bigint, most: bigint) => (text: string) =>
  /^[+-]?\d+$/.test(text) && BigInt(text) >= least && BigInt(text) <= most;

const simpleTypes: Readonly<Record<string, (text: string) => boolean>> = {
  string: () => true,
  boolean: (text) => ['true', 'false', '1', '0'].includes(text),
  int: within(-(2n ** 31n), 2n ** 31n - 1n),
  short: within(-32768n, 32767n),
  long: within(-(2n ** 63n), 2n ** 63n - 1n),
  unsignedByte: within(0n, 255n),
  unsignedInt: within(0n, 2n ** 32n - 1n),
  dateTime: (text) =>
    /^-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$/.test(text) && !Number.isNaN(Date.parse(text)),
  base64Binary: (text) => /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/.test(text.replace(/\s/g, '')),
};

function withOwn(scope: ReadonlyMap<string, string>, node: XmlElement): ReadonlyMap<string, string> {
  return node.declarations.size === 0 ? scope : new Map([...scope, ...node.declarations]);
}

function qualified(name: string, scope: ReadonlyMap<string, string>): string {
  const [prefix, local] = name.includes(':') ? (name.split(':') as [string, string]) : ['', name];
  return `{${scope.get(prefix) ?? ''}}${local}`;
}
