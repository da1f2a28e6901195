// Catalogs of realistic shape and any size. The proportions are those counted on real servers: about 4,275 categories and detectoids at full size, a few bundles over many hidden members, most
// prerequisites shared by thousands of updates, documents of 3 to 12 KB. The same seed gives the same catalog.
import { namespaces } from '@moult/catalog';

interface Family extends CatalogShape {
  family: number;
}

export interface CatalogShape {
  products: number;
  detectoids: number;
  classifications: number;
}

/** How many rule-only updates a catalog of `updates` updates has: it grows slower than the updates do. */
export function shapeOf(updates: number): CatalogShape {
  const scale = Math.min(1, Math.sqrt(updates / 100_000));
  return {
    products: Math.max(5, Math.round(1200 * scale)),
    detectoids: Math.max(10, Math.round(3000 * scale)),
    classifications: 10,
  };
}

/**
 * `updates` documents in all, prerequisites first. Catalogs of different families share no id; all that would be a
 * root in a family but the first requires `gateOf(family)`, so that clients outside it never get into it.
 */
export function* generateCatalog(updates: number, seed = 1, family = 0): Generator<string> {
  const shape = { ...shapeOf(updates), family };
  const random = randomFrom(seed + family);
  let left = updates;
  for (const xml of ruleOnly(shape, random)) {
    if (left-- <= 0) return;
    yield xml;
  }
  for (let number = 0; left > 0; number++) {
    const product = Math.floor(random() ** 2 * shape.products);
    const members = number % 20 === 0 ? 1 + Math.floor(random() * 23) : 0;
    const needed = Math.min(left, members + 1);
    for (let member = 0; member < needed - 1; member++)
      yield softwareDocument(number, member + 1, product, shape, random);
    yield softwareDocument(number, 0, product, shape, random, needed - 1);
    left -= needed;
  }
}

/** The id of the product with this number; 0 is the most common one. */
export function productId(number: number, family = 0): string {
  return guid(2, number, family);
}

export function detectoidId(number: number, family = 0): string {
  return guid(3, number, family);
}

export function classificationId(number: number, family = 0): string {
  return guid(4, number, family);
}

/** The category that opens a family: installed on the clients it is for. */
export function gateOf(family: number): string {
  return guid(7, 0, family);
}

/** A small, fast generator with one seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function* ruleOnly(shape: Family, random: () => number): Generator<string> {
  const { family } = shape;
  const gate = family === 0 ? [] : [[gateOf(family)]];
  if (family !== 0)
    yield categoryDocument(gateOf(family), `Family ${family}`, 'Company', family === 1 ? [] : [[gateOf(1)]]);
  yield categoryDocument(guid(1, 0, family), 'Company', 'Company', gate);
  for (let number = 0; number < shape.classifications; number++) {
    yield categoryDocument(classificationId(number, family), `Classification ${number}`, 'UpdateClassification', gate);
  }
  for (let number = 0; number < shape.products; number++) {
    yield categoryDocument(productId(number, family), `Product ${number}`, 'Product', [[guid(1, 0, family)]]);
  }
  for (let number = 0; number < shape.detectoids; number++) {
    const parent = number > 20 && random() < 0.5 ? [[detectoidId(Math.floor(random() * 20), family)]] : gate;
    yield document(
      detectoidId(number, family),
      'UpdateType="Detectoid"',
      `Detectoid ${number}`,
      relationships(parent),
      isInstalled(rules(1, random)),
    );
  }
}

function softwareDocument(
  number: number,
  member: number,
  product: number,
  shape: Family,
  random: () => number,
  members = 0,
): string {
  const detectoids = [...Array(1 + Math.floor(random() * 3)).keys()].map(() => [
    // Near the product's number: updates of one product ask the same few questions.
    detectoidId((product * 3 + Math.floor(random() * 4)) % shape.detectoids, shape.family),
  ]);
  if (random() < 0.2) detectoids[0]?.push(detectoidId(Math.floor(random() * shape.detectoids), shape.family));
  const isHidden = member > 0;
  const categories = isHidden
    ? []
    : [[productId(product, shape.family)], [classificationId(number % shape.classifications, shape.family)]];
  const bundled = members === 0 ? '' : bundledUpdates(shape.family, number, members);
  const properties = isHidden
    ? 'UpdateType="Software"'
    : 'UpdateType="Software" ExplicitlyDeployable="true" AutoSelectOnWebSites="true"';
  const payload = members === 0 ? applicability(random) + files(shape.family, number, member) : '';
  const title = `Update ${number} for product ${product}${isHidden ? `, part ${member}` : ''}`;
  const superseded =
    !isHidden && number > 40 && random() < 0.3
      ? `<upd:SupersededUpdates><upd:UpdateIdentity UpdateID="${guid(5, number - 40, shape.family)}" /></upd:SupersededUpdates>`
      : '';
  return document(
    softwareId(shape.family, number, member),
    properties,
    title,
    relationships(detectoids, categories, bundled + superseded),
    payload,
  );
}

function softwareId(family: number, number: number, member: number): string {
  return member === 0 ? guid(5, number, family) : guid(6, number * 32 + member, family);
}

function bundledUpdates(family: number, number: number, members: number): string {
  const parts = [...Array(members).keys()].map(
    (at) => `<upd:UpdateIdentity UpdateID="${softwareId(family, number, at + 1)}" RevisionNumber="200" />`,
  );
  return `<upd:BundledUpdates><upd:AtLeastOne>${parts.join('')}</upd:AtLeastOne></upd:BundledUpdates>`;
}

function categoryDocument(id: string, title: string, type: string, prerequisites: string[][]): string {
  return document(
    id,
    `UpdateType="Category" Handler="${namespaces.category}"`,
    title,
    relationships([], prerequisites),
    `${isInstalled('<lar:True />')}<upd:HandlerSpecificData xsi:type="cat:Category" xmlns:xsi="${namespaces.schemaInstance}"><cat:CategoryInformation CategoryType="${type}" ProhibitsSubcategories="false" ProhibitsUpdates="false" xmlns:cat="${namespaces.category}" /></upd:HandlerSpecificData>`,
  );
}

function document(id: string, properties: string, title: string, related: string, rest: string): string {
  const languages = ['ar', 'cs', 'da', 'de', 'el', 'en', 'es', 'fi', 'fr', 'it', 'ja', 'zh-tw'];
  const localized = languages.map(
    (language) =>
      `<upd:LocalizedProperties><upd:Language>${language}</upd:Language><upd:Title>${title}</upd:Title><upd:Description>${title}</upd:Description></upd:LocalizedProperties>`,
  );
  return (
    `<upd:Update xmlns:bar="${namespaces.baseRules}" xmlns:lar="${namespaces.logicalRules}" xmlns:upd="${namespaces.update}">` +
    `<upd:UpdateIdentity UpdateID="${id}" RevisionNumber="200" /><upd:Properties ${properties} DefaultPropertiesLanguage="en" PublicationState="Published" CreationDate="2024-01-01T00:00:00.000Z" PublisherID="${guid(0, 1, 0)}" />` +
    `<upd:LocalizedPropertiesCollection>${localized.join('')}</upd:LocalizedPropertiesCollection>${related}${rest}</upd:Update>`
  );
}

function relationships(clauses: string[][], categories: string[][] = [], rest = ''): string {
  const identity = (id: string) => `<upd:UpdateIdentity UpdateID="${id}" />`;
  const atLeastOne = (attribute: string) => (clause: string[]) =>
    `<upd:AtLeastOne${attribute}>${clause.map(identity).join('')}</upd:AtLeastOne>`;
  const all = [...clauses.map(atLeastOne('')), ...categories.map(atLeastOne(' IsCategory="true"'))].join('');
  const prerequisites = all === '' ? '' : `<upd:Prerequisites>${all}</upd:Prerequisites>`;
  return prerequisites + rest === '' ? '' : `<upd:Relationships>${prerequisites}${rest}</upd:Relationships>`;
}

function isInstalled(content: string): string {
  return `<upd:ApplicabilityRules><upd:IsInstalled>${content}</upd:IsInstalled></upd:ApplicabilityRules>`;
}

function applicability(random: () => number): string {
  return (
    `<upd:ApplicabilityRules><upd:IsInstalled>${rules(6, random)}</upd:IsInstalled>` +
    `<upd:IsInstallable>${rules(8, random)}</upd:IsInstallable></upd:ApplicabilityRules>`
  );
}

function rules(count: number, random: () => number): string {
  const one = () =>
    random() < 0.5
      ? `<bar:FileVersionPrependRegSz Path="engine.dll" Comparison="GreaterThanOrEqualTo" Version="1.1.${Math.floor(random() * 9999)}.${Math.floor(random() * 9)}" Key="HKEY_LOCAL_MACHINE" Subkey="SOFTWARE\\Vendor\\Product ${Math.floor(random() * 500)}" Value="InstallLocation" xmlns:bar="${namespaces.baseRules}" />`
      : `<bar:RegDword Key="HKEY_LOCAL_MACHINE" Subkey="SOFTWARE\\Vendor\\Configuration" Value="State" Comparison="GreaterThanOrEqualTo" Data="${Math.floor(random() * 99)}" xmlns:bar="${namespaces.baseRules}" />`;
  return `<lar:And>${[...Array(count)].map(one).join('')}</lar:And>`;
}

function files(family: number, number: number, member: number): string {
  const digest = (bytes: number) =>
    Buffer.from(softwareId(family, number, member).replaceAll('-', '').repeat(2), 'hex')
      .subarray(0, bytes)
      .toString('base64');
  return `<upd:Files><upd:File Digest="${digest(20)}" DigestAlgorithm="SHA1" FileName="update-${number}.exe" Size="6662560" Modified="2024-01-01T00:00:00Z"><upd:AdditionalDigest Algorithm="SHA256">${digest(32)}</upd:AdditionalDigest></upd:File></upd:Files>`;
}

/** Spread over the whole range, as real ids are. */
function guid(kind: number, number: number, family: number): string {
  const mixed = (Math.imul(number + 1, 0x9e3779b1) ^ Math.imul(kind + 1 + family * 31, 0x85ebca6b)) >>> 0;
  const tail = (kind * 2 ** 32 + number).toString(16).padStart(12, '0');
  return `${mixed.toString(16).padStart(8, '0')}-${family.toString(16).padStart(4, '0')}-4000-8000-${tail}`;
}
