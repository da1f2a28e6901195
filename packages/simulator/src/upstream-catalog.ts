// A made-up catalog of an upstream: classifications, products, detectoids and updates with revisions, the same for the same
// numbers. Documents have the form of real ones (fixtures/captures/wsus-m0-wsusss/docs).
import { createHash } from 'node:crypto';
import { escapeText } from '@moult/formats/xml';

export interface SimulatedUpdate {
  updateId: string;
  revisionNumber: number;
  xml: string;
  /** Of the configuration: a category, a classification, a detectoid. */
  isConfig: boolean;
  /** Products and classifications that it belongs to. */
  categories: string[];
  /** When the upstream got it. */
  changedAt: Date;
  /** SHA-1 in base64, where the publisher has the file, and its bytes if this upstream has them. */
  files: SimulatedFile[];
}

interface SimulatedFile {
  sha1: string;
  url: string;
  bytes?: () => Buffer;
  /** Of an encrypted file. Undefined: it is not encrypted, or its key is lost. */
  key?: Buffer;
}

export interface CatalogNumbers {
  products: number;
  updates: number;
  /** From here on each update came a second after the one before. */
  from: Date;
  /** Characters of rules in one document, the last one. 0: no such document. Real ones reach 47 MB. */
  hugeCharacters?: number;
  /** So many updates, the first ones, have an encrypted file. */
  encrypted?: number;
  /** The keys of so many of these are lost. */
  missingKeys?: number;
}

/** As Microsoft names them. */
export const simulatedClassifications = {
  security: '0fa1201d-4330-4fa8-8ae9-b877473b6441',
  critical: 'e6cf1350-c01b-414d-a61f-263d14d133b4',
} as const;

/** The id of the product with this number, from 0. */
export function simulatedProduct(number: number): string {
  return guid(`product ${number}`);
}

export function simulatedCatalog({
  products,
  updates,
  from,
  hugeCharacters = 0,
  ...keys
}: CatalogNumbers): SimulatedUpdate[] {
  let second = 0;
  const next = () => new Date(from.getTime() + 1000 * second++);
  const family = guid('family');
  const made = [
    category({ updateId: family, type: 'ProductFamily', title: 'Simulated Windows', parents: [] }, next()),
    ...Object.entries(simulatedClassifications).map(([name, updateId]) =>
      category({ updateId, type: 'UpdateClassification', title: `${name} updates`, parents: [] }, next()),
    ),
    detectoid(next()),
  ];
  for (let number = 0; number < products; number++) made.push(simulatedProductDocument(number, next()));
  for (let number = 0; number < updates; number++) {
    const encryption = number >= (keys.encrypted ?? 0) ? 'none' : number < (keys.missingKeys ?? 0) ? 'no-key' : 'key';
    const extraCharacters = ruleCharacters(number);
    made.push(simulatedUpdate(number, { products, changedAt: next(), extraCharacters, encryption }));
  }
  if (hugeCharacters > 0) {
    made.push(simulatedUpdate(updates, { products, changedAt: next(), extraCharacters: hugeCharacters }));
  }
  return made;
}

/** The category of a product that came later, or of one of the first. */
export function simulatedProductDocument(number: number, changedAt: Date): SimulatedUpdate {
  const title = `Simulated Windows ${number + 1}`;
  const updateId = simulatedProduct(number);
  return category({ updateId, type: 'Product', title, parents: [guid('family')] }, changedAt);
}

interface UpdateParts {
  products: number;
  changedAt: Date;
  revision?: number;
  isExpired?: boolean;
  extraCharacters?: number;
  /** Of its file. `no-key`: encrypted, and its key is lost. */
  encryption?: 'none' | 'key' | 'no-key';
}

/** The update with this number. Of another revision, or expired, when that is said. */
export function simulatedUpdate(
  number: number,
  { products, changedAt, revision = 1, isExpired = false, extraCharacters = 0, encryption = 'none' }: UpdateParts,
): SimulatedUpdate {
  const updateId = guid(`update ${number}`);
  const product = simulatedProduct(number % products);
  const classification = number % 3 === 0 ? simulatedClassifications.critical : simulatedClassifications.security;
  const fileName = `windows-kb${5_000_000 + number}-x64.cab`;
  const bytes = () => Buffer.alloc(1000 + (number % 1000), `${updateId}.${revision} `);
  const content = bytes();
  const sha1 = createHash('sha1').update(content).digest();
  const sha256 = createHash('sha256').update(content).digest('base64');
  const xml = document({
    ...{ updateId, revision, type: 'Software' },
    attributes: `ExplicitlyDeployable="true" PublicationState="${isExpired ? 'Expired' : 'Published'}" MsrcSeverity="Important"`,
    properties: `<upd:KBArticleID>${5_000_000 + number}</upd:KBArticleID>${encryption === 'none' ? '' : securedFragment}`,
    title: `Security Update ${number} for Simulated Windows (KB${5_000_000 + number})`,
    prerequisites: [[guid('detectoid')], [product], [classification]],
    rest:
      `<upd:ApplicabilityRules><upd:IsInstalled><bar:False />${rules(extraCharacters)}</upd:IsInstalled></upd:ApplicabilityRules>` +
      `<upd:Files><upd:File Digest="${sha1.toString('base64')}" DigestAlgorithm="SHA1" FileName="${fileName}" Size="${content.length}" Modified="2026-10-01T00:00:00Z"${encryption === 'none' ? '' : ' IsEncrypted="true"'}><upd:AdditionalDigest Algorithm="SHA256">${sha256}</upd:AdditionalDigest></upd:File></upd:Files>` +
      '<upd:HandlerSpecificData xsi:type="cbs:Cbs" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:cbs="http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/Cbs" />',
  });
  const folder = 'http://download.windowsupdate.com/d/msdownload/update/software/secu/2026/10/';
  const url = `${folder}${fileName.replace('.cab', '')}_${sha1.toString('hex')}.cab`;
  const key = createHash('sha256').update(`key of ${updateId}.${revision}`).digest();
  const files = [{ sha1: sha1.toString('base64'), url, bytes, ...(encryption === 'key' && { key }) }];
  return {
    updateId,
    revisionNumber: revision,
    xml,
    isConfig: false,
    categories: [product, classification],
    changedAt,
    files,
  };
}

/** As in documents of Microsoft whose files need a key. */
const securedFragment = '<upd:SecuredFragment>FileDecryption</upd:SecuredFragment>';

/** An update without files that bundles these revisions. `needs`: it needs one of these updates, in place of the detectoid. */
export function simulatedBundle(
  number: number,
  { parts, needs = [], changedAt }: { parts: readonly SimulatedUpdate[]; needs?: readonly string[]; changedAt: Date },
): SimulatedUpdate {
  const updateId = guid(`bundle ${number}`);
  const categories = [simulatedProduct(0), simulatedClassifications.security];
  const bundled = parts
    .map((one) => `<upd:UpdateIdentity UpdateID="${one.updateId}" RevisionNumber="${one.revisionNumber}" />`)
    .join('');
  const xml = document({
    ...{ updateId, revision: 1, type: 'Software', attributes: 'ExplicitlyDeployable="true"' },
    properties: `<upd:KBArticleID>${6_000_000 + number}</upd:KBArticleID>`,
    title: `Rollup ${number} for Simulated Windows`,
    prerequisites: [needs.length > 0 ? [...needs] : [guid('detectoid')], ...categories.map((id) => [id])],
    rest: '<upd:HandlerSpecificData xsi:type="cmd:CommandLineInstallation" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:cmd="http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/CommandLineInstallation" />',
  }).replace('</upd:Relationships>', `<upd:BundledUpdates>${bundled}</upd:BundledUpdates></upd:Relationships>`);
  return { updateId, revisionNumber: 1, xml, isConfig: false, categories, changedAt, files: [] };
}

/** Some documents are large enough for a cabinet, most are not. */
function ruleCharacters(number: number): number {
  return number % 7 === 0 ? 4000 : 0;
}

function rules(characters: number): string {
  const one = '<bar:RegKeyExists Key="HKEY_LOCAL_MACHINE" Subkey="SOFTWARE\\Simulated\\0000000" />';
  let text = '';
  for (let number = 0; text.length < characters; number++)
    text += one.replace('0000000', String(number).padStart(7, '0'));
  return text;
}

function category(
  { updateId, type, title, parents }: { updateId: string; type: string; title: string; parents: string[] },
  changedAt: Date,
): SimulatedUpdate {
  const xml = document({
    ...{ updateId, revision: 100, type: 'Category', attributes: 'ExplicitlyDeployable="false"', properties: '', title },
    prerequisites: parents.map((parent) => [parent]),
    rest:
      '<upd:ApplicabilityRules><upd:IsInstalled><bar:True /></upd:IsInstalled></upd:ApplicabilityRules>' +
      `<upd:HandlerSpecificData xsi:type="cat:Category" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:cat="http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/Category"><cat:CategoryInformation CategoryType="${type}" ProhibitsSubcategories="false" ProhibitsUpdates="false" DisplayOrder="1000" ExcludedByDefault="false" /></upd:HandlerSpecificData>`,
  });
  return { updateId, revisionNumber: 100, xml, isConfig: true, categories: [], changedAt, files: [] };
}

function detectoid(changedAt: Date): SimulatedUpdate {
  const updateId = guid('detectoid');
  const xml = document({
    ...{ updateId, revision: 100, type: 'Detectoid', attributes: 'ExplicitlyDeployable="false"', properties: '' },
    ...{ title: 'x64-based systems', prerequisites: [] },
    rest: '<upd:ApplicabilityRules><upd:IsInstalled><bar:Processor Architecture="9" /></upd:IsInstalled></upd:ApplicabilityRules>',
  });
  return { updateId, revisionNumber: 100, xml, isConfig: true, categories: [], changedAt, files: [] };
}

interface DocumentParts {
  updateId: string;
  revision: number;
  type: string;
  attributes: string;
  properties: string;
  title: string;
  prerequisites: readonly string[][];
  rest: string;
}

function document({
  updateId,
  revision,
  type,
  attributes,
  properties,
  title,
  prerequisites,
  rest,
}: DocumentParts): string {
  const clauses = prerequisites.map(
    (ids, at) =>
      `<upd:AtLeastOne${at > 0 || type === 'Category' ? ' IsCategory="true"' : ''}>${ids.map((id) => `<upd:UpdateIdentity UpdateID="${id}" />`).join('')}</upd:AtLeastOne>`,
  );
  const relationships =
    clauses.length === 0
      ? ''
      : `<upd:Relationships><upd:Prerequisites>${clauses.join('')}</upd:Prerequisites></upd:Relationships>`;
  return (
    '<upd:Update xmlns:pub="http://schemas.microsoft.com/msus/2002/12/Publishing" xmlns:bar="http://schemas.microsoft.com/msus/2002/12/BaseApplicabilityRules" xmlns:upd="http://schemas.microsoft.com/msus/2002/12/Update">' +
    `<upd:UpdateIdentity UpdateID="${updateId}" RevisionNumber="${revision}" />` +
    `<upd:Properties DefaultPropertiesLanguage="en" UpdateType="${type}" ${attributes} CreationDate="2026-10-01T00:00:00Z">${properties}</upd:Properties>` +
    `<upd:LocalizedPropertiesCollection><upd:LocalizedProperties><upd:Language>en</upd:Language><upd:Title>${escapeText(title)}</upd:Title></upd:LocalizedProperties></upd:LocalizedPropertiesCollection>` +
    `${relationships}${rest}</upd:Update>`
  );
}

function guid(name: string): string {
  const hex = createHash('sha1').update(`moult simulated ${name}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
