// An XML document as a tree, and the few questions that are asked of it.

export interface XmlLimits {
  maxCharacters: number;
  maxDepth: number;
  maxElements: number;
  /** Of attributes, and likewise of namespace declarations. */
  maxAttributesPerElement: number;
  /** Of one text, one value of an attribute, one comment. Only the readers that take pieces look at it. Default: none. */
  maxTextCharacters?: number;
}

export interface XmlAttribute {
  /** Namespace URI. '' for none. */
  uri: string;
  local: string;
  prefix: string;
  value: string;
}

export interface XmlElement {
  kind: 'element';
  uri: string;
  local: string;
  prefix: string;
  /** In document order. Namespace declarations are not attributes: they are in `declarations`. */
  attributes: XmlAttribute[];
  /** Prefix → URI declared on this very element ('' is the default namespace). */
  declarations: ReadonlyMap<string, string>;
  /** How many attributes are before the declaration of the default namespace. 0 without such a declaration. */
  defaultAt: number;
  children: XmlNode[];
}

export type XmlNode = XmlElement | { kind: 'text'; text: string };

export function childElements(element: XmlElement): XmlElement[] {
  return element.children.filter((child): child is XmlElement => child.kind === 'element');
}

/** First child element with this local name, in any namespace unless `uri` is given. */
export function childNamed(element: XmlElement, local: string, uri?: string): XmlElement | undefined {
  for (const child of element.children) {
    if (child.kind === 'element' && child.local === local && (uri === undefined || child.uri === uri)) return child;
  }
  return undefined;
}

export function childrenNamed(element: XmlElement, local: string): XmlElement[] {
  return childElements(element).filter((child) => child.local === local);
}

/** Value of the attribute with this local name, whatever its namespace. */
export function attributeOf(element: XmlElement, local: string): string | undefined {
  return element.attributes.find((attribute) => attribute.local === local)?.value;
}

/** All text directly inside the element, concatenated. */
export function textOf(element: XmlElement): string {
  const { children } = element;
  const only = children[0];
  if (children.length === 1 && only?.kind === 'text') return only.text;
  let text = '';
  for (const child of children) if (child.kind === 'text') text += child.text;
  return text;
}
