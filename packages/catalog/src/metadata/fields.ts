// Reading attributes and children strictly: a field that is there but makes no sense refuses the document.
import { attributeOf, childElements, childNamed, textOf, type XmlElement } from '@moult/formats/xml';
import { CatalogError } from '../errors.ts';

export function requiredAttribute(element: XmlElement, name: string): string {
  const value = attributeOf(element, name);
  if (value === undefined) {
    throw new CatalogError('CATALOG_MISSING_FIELD', `<${element.local}> has no ${name} attribute.`);
  }
  return value;
}

/** xs:boolean: true, false, 1, 0. */
export function booleanAttribute(element: XmlElement, name: string, whenAbsent: boolean): boolean {
  const value = attributeOf(element, name)?.trim().toLowerCase();
  if (value === undefined) return whenAbsent;
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw new CatalogError('CATALOG_BAD_FIELD', `${name} of <${element.local}> is neither true nor false: "${value}".`);
}

/** A whole number from 0 to 2^53 - 1, or undefined when the attribute is absent. */
export function countAttribute(element: XmlElement, name: string): number | undefined {
  const value = attributeOf(element, name)?.trim();
  if (value === undefined) return undefined;
  const number = Number(value);
  if (/^\d+$/.test(value) && Number.isSafeInteger(number)) return number;
  throw new CatalogError('CATALOG_BAD_FIELD', `${name} of <${element.local}> is not a whole number: "${value}".`);
}

/** xs:int, or undefined when the attribute is absent. */
export function integerAttribute(element: XmlElement, name: string): number | undefined {
  const value = attributeOf(element, name)?.trim();
  if (value === undefined) return undefined;
  const number = Number(value);
  if (/^[+-]?\d+$/.test(value) && number === (number | 0)) return number;
  throw new CatalogError('CATALOG_BAD_FIELD', `${name} of <${element.local}> is not a whole number: "${value}".`);
}

/** A digest in base64 that decodes to exactly `bytes` bytes. */
export function digestText(text: string, bytes: number, what: string): string {
  const bare = text.trim();
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(bare) && Buffer.from(bare, 'base64').length === bytes) return bare;
  throw new CatalogError('CATALOG_BAD_FIELD', `${what} is not ${bytes} bytes in base64: "${bare.slice(0, 80)}".`);
}

/** Trimmed texts of the child elements with this name, empty ones left out. */
export function childTexts(element: XmlElement, name: string): string[] {
  return childElements(element)
    .filter((child) => child.local === name)
    .map((child) => textOf(child).trim())
    .filter((text) => text !== '');
}

export function childText(element: XmlElement, name: string): string | undefined {
  const child = childNamed(element, name);
  return child ? textOf(child) : undefined;
}
