// A vendor's update as a small YAML text. Reading it is strict: an unknown key is a mistake, not a wish.
import { parseDocument } from 'yaml';
import { CatalogError } from '../errors.ts';
import { toUpdateId, type UpdateId } from '../ids.ts';
import { type InstallInstruction, parseInstall, refuseWhatNobodyRuns } from './install.ts';
import { parseRuleTree, type RuleTree } from './rule-tree.ts';
import { bad, list, mapping, oneOf, optionalText, required, text } from './yaml-values.ts';

export interface Publication {
  /** Absent: made from publisher, product and title. */
  id: UpdateId | undefined;
  revision: number;
  publisher: string;
  product: string;
  /** A name, or the id of a classification that is in the catalog. */
  classification: string;
  title: string;
  description: string | undefined;
  translations: { language: string; title: string; description: string | undefined }[];
  severity: string | undefined;
  kbArticle: string | undefined;
  supportUrl: string | undefined;
  moreInfoUrl: string | undefined;
  /** Paths as written. They are relative to the YAML file. */
  files: string[];
  /** `cabinet`: all files in one cabinet, signed by the operator. `as-is`: each file as it is. */
  packaging: 'cabinet' | 'as-is';
  install: InstallInstruction | undefined;
  /** Absent only of a Windows Installer package: its product code says it. */
  installed: RuleTree | undefined;
  installable: RuleTree | undefined;
  /** AND of ORs. */
  prerequisites: UpdateId[][];
  supersedes: UpdateId[];
  /** Properties that a vendor's package has and a publication in YAML does not. */
  vendor?: VendorProperties | undefined;
}

export interface VendorProperties {
  updateType: 'Software' | 'Detectoid';
  isExpired: boolean;
  /** Of title and description. */
  language: string;
  createdAt: Date | undefined;
  securityBulletin: string | undefined;
  /** Language tags of the program. */
  languages: string[];
  impact: string | undefined;
  canRequestUserInput: boolean;
  requiresNetworkConnectivity: boolean;
  canUninstall: boolean;
  superseded: RuleTree | undefined;
  /** The Metadata section of the rules, as XML with its own declarations. */
  ruleMetadata: string | undefined;
  /** Bytes of the file that is not here yet: clients are told how much they will fetch. */
  sizeBytes: number;
}

const keys = new Set([
  ...['id', 'revision', 'publisher', 'product', 'classification', 'title', 'description', 'translations', 'severity'],
  ...['kb', 'support-url', 'more-info-url', 'files', 'packaging', 'install', 'installed-when', 'installable-when'],
  ...['prerequisites', 'supersedes'],
]);

/** Reads the text of a publication (docs/catalog.md). Throws CATALOG_BAD_PUBLICATION, naming the key. */
export function parsePublication(yaml: string): Publication {
  const values = readYaml(yaml);
  for (const key of Object.keys(values)) if (!keys.has(key)) throw bad(`There is no key "${key}".`);
  const files = list(values.files).map((file) => text(file, 'files'));
  const install = values.install === undefined ? undefined : parseInstall(values.install);
  const packaging = oneOf(values.packaging, ['cabinet', 'as-is'], 'packaging') ?? 'cabinet';
  refuseWhatNobodyRuns(install, files, packaging);
  return {
    id: values.id === undefined ? undefined : id(values.id, 'id'),
    revision: whole(values.revision ?? 1, 'revision'),
    publisher: text(values.publisher, 'publisher'),
    product: text(values.product, 'product'),
    classification: text(values.classification ?? 'Updates', 'classification'),
    title: text(values.title, 'title'),
    description: optionalText(values.description, 'description'),
    translations: parseTranslations(values.translations),
    severity: oneOf(values.severity, ['Critical', 'Important', 'Moderate', 'Low'], 'severity'),
    kbArticle: optionalText(values.kb, 'kb'),
    supportUrl: optionalText(values['support-url'], 'support-url'),
    moreInfoUrl: optionalText(values['more-info-url'], 'more-info-url'),
    files,
    packaging,
    install,
    installed:
      install?.kind === 'msi' ? optionalRules(values, 'installed-when') : requiredRules(values, 'installed-when'),
    installable: optionalRules(values, 'installable-when'),
    prerequisites: list(values.prerequisites).map((clause) => list(clause).map((one) => id(one, 'prerequisites'))),
    supersedes: list(values.supersedes).map((one) => id(one, 'supersedes')),
  };
}

function requiredRules(values: Record<string, unknown>, key: string): RuleTree {
  return parseRuleTree(required(values[key], key), key);
}

function optionalRules(values: Record<string, unknown>, key: string): RuleTree | undefined {
  return values[key] === undefined ? undefined : parseRuleTree(values[key], key);
}

function readYaml(yaml: string): Record<string, unknown> {
  const document = parseDocument(yaml, { schema: 'core', uniqueKeys: true, prettyErrors: true });
  const [error] = document.errors;
  if (error) throw bad(`The file is not valid YAML: ${error.message.split('\n')[0]}`);
  try {
    return mapping(document.toJS({ maxAliasCount: 100 }), 'The file');
  } catch (cause) {
    throw cause instanceof CatalogError ? cause : bad(`The file is not acceptable: ${String(cause)}`);
  }
}

function parseTranslations(value: unknown): Publication['translations'] {
  return Object.entries(mapping(value ?? {}, 'translations')).map(([language, entry]) => {
    const { title, description } = mapping(entry, `translations.${language}`);
    return {
      language,
      title: text(title, `translations.${language}.title`),
      description: optionalText(description, `translations.${language}.description`),
    };
  });
}

function id(value: unknown, key: string): UpdateId {
  const found = toUpdateId(text(value, key));
  if (!found) throw bad(`${key}: "${String(value)}" is not a GUID.`);
  return found;
}

function whole(value: unknown, key: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 0x7fffffff) return value;
  throw bad(`${key} must be a whole number from 1.`);
}
