// The sample update of a fresh server: a company, a product, a classification and one update that writes one file.
// It shows the whole way from approval to report on any system, without a byte from elsewhere.
import { escapeText } from '@moult/formats/xml';
import { parseUpdateId } from '../ids.ts';
import { namespaces } from '../namespaces.ts';

const publisher = 'b3c1a1de-5a0f-4d3c-9c0e-6d6f756c7401';

export const sampleIds = {
  company: parseUpdateId('b3c1a1de-5a0f-4d3c-9c0e-6d6f756c7402'),
  product: parseUpdateId('b3c1a1de-5a0f-4d3c-9c0e-6d6f756c7403'),
  classification: parseUpdateId('b3c1a1de-5a0f-4d3c-9c0e-6d6f756c7404'),
  update: parseUpdateId('b3c1a1de-5a0f-4d3c-9c0e-6d6f756c7405'),
} as const;

/** The one file of the sample update, named as WSUS local publishing names it. */
export const sampleCabinetName = `${sampleIds.update}_1.cab`;

/**
 * The content of the cabinet. Moult's agent runs `.mjs` programs with its own runtime. MOULT_PROGRAM_FILES is given.
 */
export const sampleProgram = {
  name: 'sample.mjs',
  text: `// The sample update of Moult: leaves one file, by which its applicability rule knows it again.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(process.env.MOULT_PROGRAM_FILES, 'Moult Sample');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'installed.txt'), 'The sample update is installed.\\n');
`,
} as const;

/** Digests and size of the built and signed cabinet. */
interface SampleCabinet {
  /** Base64. */
  sha1: string;
  /** Base64. */
  sha256: string;
  sizeBytes: number;
  modified: Date;
}

/** The four documents, prerequisites first. */
export function sampleDocuments(cabinet: SampleCabinet): string[] {
  return [
    categoryDocument(sampleIds.company, 'Moult', 'Company', undefined, 'The makers of Moult.'),
    categoryDocument(
      sampleIds.product,
      'Moult Samples',
      'Product',
      sampleIds.company,
      'Updates that show how Moult works.',
    ),
    categoryDocument(
      sampleIds.classification,
      'Samples',
      'UpdateClassification',
      undefined,
      'Updates without a purpose of their own.',
    ),
    updateDocument(cabinet),
  ];
}

function categoryDocument(
  id: string,
  title: string,
  type: string,
  parent: string | undefined,
  description: string,
): string {
  const relationships = parent
    ? `<upd:Relationships><upd:Prerequisites>${categoryClause(parent)}</upd:Prerequisites></upd:Relationships>`
    : '';
  return (
    `<upd:Update xmlns:upd="${namespaces.update}" xmlns:lar="${namespaces.logicalRules}" xmlns:cat="${namespaces.category}">` +
    identity(id) +
    `<upd:Properties UpdateType="Category" DefaultPropertiesLanguage="en" Handler="${namespaces.category}" ${published} />` +
    localized(title, description) +
    relationships +
    '<upd:ApplicabilityRules><upd:IsInstalled><lar:True /></upd:IsInstalled></upd:ApplicabilityRules>' +
    `<upd:HandlerSpecificData xsi:type="cat:Category" xmlns:xsi="${namespaces.schemaInstance}">` +
    `<cat:CategoryInformation CategoryType="${type}" ProhibitsSubcategories="false" ProhibitsUpdates="${type === 'Company'}" />` +
    '</upd:HandlerSpecificData></upd:Update>'
  );
}

function updateDocument({ sha1, sha256, sizeBytes, modified }: SampleCabinet): string {
  return (
    `<upd:Update xmlns:upd="${namespaces.update}" xmlns:bar="${namespaces.baseRules}" xmlns:lar="${namespaces.logicalRules}" xmlns:cmd="${namespaces.commandLine}">` +
    identity(sampleIds.update) +
    `<upd:Properties UpdateType="Software" ExplicitlyDeployable="true" AutoSelectOnWebSites="true" DefaultPropertiesLanguage="en" Handler="${namespaces.commandLine}" MaxDownloadSize="${sizeBytes}" MinDownloadSize="0" IsLocallyPublished="true" ${published}>` +
    '<upd:InstallationBehavior RebootBehavior="NeverReboots" /></upd:Properties>' +
    localized('Moult sample update', 'Writes one file, to show an update from approval to report.') +
    `<upd:Relationships><upd:Prerequisites>${categoryClause(sampleIds.product)}${categoryClause(sampleIds.classification)}</upd:Prerequisites></upd:Relationships>` +
    '<upd:ApplicabilityRules><upd:IsInstalled><bar:FileExists Path="Moult Sample\\installed.txt" Csidl="38" /></upd:IsInstalled>' +
    '<upd:IsInstallable><lar:True /></upd:IsInstallable></upd:ApplicabilityRules>' +
    `<upd:Files><upd:File Digest="${sha1}" DigestAlgorithm="SHA1" FileName="${sampleCabinetName}" Size="${sizeBytes}" Modified="${modified.toISOString()}">` +
    `<upd:AdditionalDigest Algorithm="SHA256">${sha256}</upd:AdditionalDigest></upd:File></upd:Files>` +
    `<upd:HandlerSpecificData xsi:type="cmd:CommandLineInstallation" xmlns:xsi="${namespaces.schemaInstance}">` +
    `<cmd:InstallCommand Program="${sampleProgram.name}" Arguments="" RebootByDefault="false" DefaultResult="Failed">` +
    '<cmd:ReturnCode Code="0" Result="Succeeded" Reboot="false" /></cmd:InstallCommand></upd:HandlerSpecificData></upd:Update>'
  );
}

const published = `PublicationState="Published" CreationDate="2026-11-01T00:00:00.000Z" PublisherID="${publisher}"`;

function identity(id: string): string {
  return `<upd:UpdateIdentity UpdateID="${id}" RevisionNumber="1" />`;
}

function categoryClause(id: string): string {
  return `<upd:AtLeastOne IsCategory="true"><upd:UpdateIdentity UpdateID="${id}" /></upd:AtLeastOne>`;
}

function localized(title: string, description: string): string {
  return (
    '<upd:LocalizedPropertiesCollection><upd:LocalizedProperties><upd:Language>en</upd:Language>' +
    `<upd:Title>${escapeText(title)}</upd:Title><upd:Description>${escapeText(description)}</upd:Description>` +
    '</upd:LocalizedProperties></upd:LocalizedPropertiesCollection>'
  );
}
