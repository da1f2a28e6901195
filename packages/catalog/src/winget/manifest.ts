// A winget manifest: one YAML text, or the texts of a version (installer, default locale). All scalars are read as text: an
// unquoted 1.10 is a version, not a number.
import { parseDocument } from 'yaml';
import { vendorBounds } from '../bounds.ts';
import { CatalogError } from '../errors.ts';

export type Fields = Readonly<Record<string, unknown>>;

interface WingetManifest {
  packageIdentifier: string;
  version: string;
  /** Of the default locale. */
  texts: Fields;
  /** Each with what it inherits. */
  installers: Fields[];
}

/** Puts the texts of one version together. Throws CATALOG_BAD_MANIFEST. */
export function readWingetManifest(yamls: readonly string[]): WingetManifest {
  const parts = yamls.map(readYaml);
  const [first] = parts;
  if (!first) throw badManifest('There is no manifest.');
  const packageIdentifier = textIn(first, 'PackageIdentifier');
  const version = textIn(first, 'PackageVersion');
  const isOther = (part: Fields) => part.PackageIdentifier !== packageIdentifier || part.PackageVersion !== version;
  if (parts.some(isOther)) throw badManifest(`Not all files are of ${packageIdentifier} ${version}.`);
  const withInstallers = parts.find(({ Installers }) => Array.isArray(Installers));
  if (!withInstallers)
    throw badManifest('It names no installer. Give the .installer.yaml file, or the folder of the version.');
  const texts = parts.find(({ PackageName, ManifestType }) => PackageName !== undefined && ManifestType !== 'locale');
  if (!texts) throw badManifest('It has no PackageName. Give the folder of the version, with the .locale file.');
  const installers = (withInstallers.Installers as unknown[]).map((one) => ({
    ...withInstallers,
    ...fieldsIn(one, 'Installers'),
  }));
  return { packageIdentifier, version, texts, installers };
}

/** A text that must be there. */
export function textIn(fields: Fields, key: string): string {
  const value = optionalTextIn(fields, key);
  if (value === undefined) throw badManifest(`${key} is missing.`);
  return value;
}

export function optionalTextIn(fields: Fields, key: string): string | undefined {
  const value = fields[key];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw badManifest(`${key} must be a text.`);
  if (/\p{Cc}/u.test(value.trim())) throw badManifest(`${key} holds a control character.`);
  return value.trim();
}

/** A mapping. Nothing is an empty one. */
export function fieldsIn(value: unknown, key: string): Fields {
  if (value === undefined || value === null || value === '') return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Fields;
  throw badManifest(`${key} must be a mapping.`);
}

export function listIn(fields: Fields, key: string): unknown[] {
  const value = fields[key];
  if (value === undefined || value === null || value === '') return [];
  if (Array.isArray(value)) return value;
  throw badManifest(`${key} must be a list.`);
}

export function badManifest(message: string, cause?: unknown): CatalogError {
  return new CatalogError('CATALOG_BAD_MANIFEST', message, { cause });
}

function readYaml(yaml: string): Fields {
  if (yaml.length > vendorBounds.maxCharacters)
    throw badManifest(`It has more than ${vendorBounds.maxCharacters} characters.`);
  const document = parseDocument(yaml, { schema: 'failsafe', uniqueKeys: true });
  const [error] = document.errors;
  if (error) throw badManifest(`It is not valid YAML: ${error.message.split('\n')[0]}`);
  try {
    return fieldsIn(document.toJS({ maxAliasCount: 100 }), 'The manifest');
  } catch (cause) {
    throw cause instanceof CatalogError ? cause : badManifest(`It is not acceptable: ${String(cause)}`, cause);
  }
}
