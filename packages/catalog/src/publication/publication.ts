// A vendor's update as a small YAML text. Reading it is strict: an unknown key is a mistake, not a wish.
import { parseDocument } from 'yaml';
import { CatalogError } from '../errors.ts';
import { toUpdateId, type UpdateId } from '../ids.ts';
import { parseRuleTree, type RuleTree } from './rule-tree.ts';
import { bad, mapping } from './yaml-values.ts';

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
  /** Paths as written; they are relative to the YAML file. */
  files: string[];
  /** `cabinet`: all files in one cabinet, signed by the operator. `as-is`: each file as it is. */
  packaging: 'cabinet' | 'as-is';
  install: InstallInstruction | undefined;
  installed: RuleTree;
  installable: RuleTree | undefined;
  /** AND of ORs. */
  prerequisites: UpdateId[][];
  supersedes: UpdateId[];
}

export interface InstallInstruction {
  program: string;
  arguments: string;
  reboot: 'never' | 'can' | 'always';
  returnCodes: { code: number; result: 'Succeeded' | 'Failed' | 'Cancelled'; reboot: boolean }[];
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
  if (install && files.length === 0) throw bad('install needs files.');
  if (install && packaging === 'cabinet' && !files.some((file) => nameOf(file) === nameOf(install.program))) {
    throw bad(`install.program "${install.program}" is none of the files; agents run nothing else.`);
  }
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
    installed: parseRuleTree(required(values['installed-when'], 'installed-when'), 'installed-when'),
    installable:
      values['installable-when'] === undefined
        ? undefined
        : parseRuleTree(values['installable-when'], 'installable-when'),
    prerequisites: list(values.prerequisites).map((clause) => list(clause).map((one) => id(one, 'prerequisites'))),
    supersedes: list(values.supersedes).map((one) => id(one, 'supersedes')),
  };
}

/** The name a file has in the cabinet, and beside the program that is run. */
function nameOf(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1).toLowerCase();
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

function parseInstall(value: unknown): InstallInstruction {
  const install = mapping(value, 'install');
  for (const key of Object.keys(install)) {
    if (!['program', 'arguments', 'reboot', 'return-codes'].includes(key)) throw bad(`install has no key "${key}".`);
  }
  const codes = mapping(install['return-codes'] ?? { 0: 'succeeded' }, 'install.return-codes');
  return {
    program: text(install.program, 'install.program'),
    arguments: optionalText(install.arguments, 'install.arguments') ?? '',
    reboot: oneOf(install.reboot, ['never', 'can', 'always'], 'install.reboot') ?? 'never',
    returnCodes: Object.entries(codes).map(([code, result]) => parseReturnCode(code, result)),
  };
}

function parseReturnCode(code: string, result: unknown): InstallInstruction['returnCodes'][number] {
  const words = text(result, `install.return-codes.${code}`).toLowerCase();
  const found = /^(succeeded|failed|cancelled)(?:,? *(reboot))?$/.exec(words);
  if (!found || !/^-?\d{1,10}$/.test(code)) {
    throw bad(
      `install.return-codes.${code} has to be a number with succeeded, failed, cancelled or "succeeded, reboot".`,
    );
  }
  const results = { succeeded: 'Succeeded', failed: 'Failed', cancelled: 'Cancelled' } as const;
  return { code: Number(code), result: results[found[1] as keyof typeof results], reboot: found[2] !== undefined };
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

function required(value: unknown, key: string): unknown {
  if (value === undefined || value === null) throw bad(`${key} is missing.`);
  return value;
}

function text(value: unknown, key: string): string {
  const given = required(value, key);
  if ((typeof given === 'string' && given.trim() !== '') || typeof given === 'number') return String(given);
  throw bad(`${key} has to be a text.`);
}

function optionalText(value: unknown, key: string): string | undefined {
  return value === undefined ? undefined : text(value, key);
}

/** A list; a single value is a list of one, nothing an empty one. */
function list(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function id(value: unknown, key: string): UpdateId {
  const found = toUpdateId(text(value, key));
  if (!found) throw bad(`${key}: "${String(value)}" is no GUID.`);
  return found;
}

function whole(value: unknown, key: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 0x7fffffff) return value;
  throw bad(`${key} has to be a whole number from 1.`);
}

function oneOf<Choice extends string>(value: unknown, choices: readonly Choice[], key: string): Choice | undefined {
  if (value === undefined) return undefined;
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw bad(`${key} has to be one of ${choices.join(', ')}.`);
  return found;
}
