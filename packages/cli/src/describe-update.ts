// One update for people and for programs: everything its document says that is understood.
import { formatIdentity, type UpdateDocument } from '@moult/catalog';
import { paint } from './terminal.ts';

/** The document as JSON values: the parsed fields without the XML tree. */
export function toJson(document: UpdateDocument): Record<string, unknown> {
  const { root: _, drivers, identity, ...fields } = document;
  return {
    ...identity,
    ...fields,
    drivers: drivers.map((driver) => ({
      ...driver,
      driverVerVersion: unpackVersion(driver.driverVerVersion),
      featureScores: Object.fromEntries(driver.featureScores),
    })),
  };
}

/** The document as lines for the terminal. */
export function toLines(document: UpdateDocument): string[] {
  const { identity, updateType, properties, localized, handler, category } = document;
  const language = properties.defaultPropertiesLanguage ?? 'en';
  const text = localized.find((entry) => entry.language === language) ?? localized[0];
  const rows: [string, string | undefined][] = [
    ['update', formatIdentity(identity)],
    ['type', category?.categoryType ? `${updateType} (${category.categoryType})` : updateType],
    ['state', properties.publicationState],
    ['created', properties.creationDate],
    ['severity', properties.msrcSeverity],
    ['KB', properties.kbArticleIds.join(', ')],
    ['bulletins', properties.securityBulletinIds.join(', ')],
    ['deployable', properties.explicitlyDeployable ? 'by itself' : 'only as part of another update'],
    ['licence', properties.eulaId],
    ['handler', handler && describeHandler(handler)],
    ['languages', localized.map((entry) => entry.language).join(', ')],
  ];
  return [
    paint('bold', text?.title ?? identity.updateId),
    ...(text?.description ? [text.description] : []),
    ...rows.flatMap(([name, value]) => (value ? [`  ${name.padEnd(11)}${value}`] : [])),
    ...section(
      'requires',
      document.prerequisiteClauses.map(
        ({ anyOf, isCategory }) => `${anyOf.join(' or ')}${isCategory ? '  (category)' : ''}`,
      ),
    ),
    ...section(
      'bundles',
      document.bundleClauses.map((clause) => clause.map(formatIdentity).join(' or ')),
    ),
    ...section('supersedes', document.supersedes),
    ...section(
      'files',
      document.files.map(
        ({ fileName, sizeBytes, sha1 }) =>
          `${fileName}  ${sizeBytes} bytes  SHA-1 ${Buffer.from(sha1, 'base64').toString('hex')}`,
      ),
    ),
    ...section(
      'drivers',
      document.drivers.map(({ hardwareId, driverVerDate, model }) => `${hardwareId}  ${driverVerDate}  ${model}`),
    ),
  ];
}

function section(name: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`  ${name}`, ...lines.map((line) => `    ${line}`)];
}

function describeHandler(handler: NonNullable<UpdateDocument['handler']>): string {
  switch (handler.kind) {
    case 'command-line':
    case 'windows-setup':
      return `${handler.kind}: ${handler.program} ${handler.arguments}`.trimEnd();
    case 'msi':
      return `Windows Installer: ${handler.msiFile}`;
    case 'msp':
      return `Windows Installer patch ${handler.patchCode ?? ''}`.trimEnd();
    case 'other':
      return handler.type;
    default:
      return handler.kind;
  }
}

function unpackVersion(packed: bigint): string {
  return [48n, 32n, 16n, 0n].map((shift) => (packed >> shift) & 0xffffn).join('.');
}
