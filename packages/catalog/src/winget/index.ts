// From a winget manifest to a publication. Its detection agrees with Windows' list of programs.
import { FormatError } from '@moult/formats';
import { toPathSegments } from '@moult/formats/paths';
import type { Publication } from '../publication/publication.ts';
import type { RuleTree } from '../publication/rule-tree.ts';
import { detectPrograms, isOrderedVersion, type ListedProgram } from './detection.ts';
import { installerTypeOf, installOf } from './installation.ts';
import { badManifest, type Fields, fieldsIn, listIn, optionalTextIn, readWingetManifest, textIn } from './manifest.ts';

export interface WingetOptions {
  /** x64, x86, arm64 or neutral. Undefined: the first of these that the manifest has. */
  architecture?: string | undefined;
  /** Also for computers that have no version of the program. */
  newInstallations?: boolean | undefined;
}

interface WingetUpdate {
  publication: Publication;
  installer: { address: string; fileName: string /** Lower-case hex. */; sha256: string };
  /** Advice for the administrator on how it is detected, in sentences. */
  notes: string[];
}

/** Makes the update of the texts of one version. Throws CATALOG_BAD_MANIFEST, naming the key. */
export function wingetUpdate(yamls: readonly string[], options: WingetOptions = {}): WingetUpdate {
  const { packageIdentifier, version, texts, installers } = readWingetManifest(yamls);
  const installer = choose(installers, options.architecture);
  const type = installerTypeOf(installer);
  const architecture = architectureOf(installer);
  const [publisher, product] = [textIn(texts, 'Publisher'), textIn(texts, 'PackageName')];
  const address = addressOf(textIn(installer, 'InstallerUrl'));
  const fileName = fileNameOf(address, type, `${packageIdentifier}-${version}`);
  const programs = programsOf(installer, { publisher, product, version });
  const { installed, present } = detectPrograms(programs);
  const conditions = [...systemRules(installer, architecture), ...(options.newInstallations ? [] : [present])];
  const title = `${product} ${version}${architecture === 'neutral' ? '' : ` (${architecture})`}`;
  const publication: Publication = {
    ...{ id: undefined, revision: 1, publisher, product, classification: 'Updates', title, translations: [] },
    description: optionalTextIn(texts, 'ShortDescription'),
    ...{ severity: undefined, kbArticle: undefined },
    supportUrl: webAddress(optionalTextIn(texts, 'PublisherSupportUrl')),
    moreInfoUrl: webAddress(optionalTextIn(texts, 'ReleaseNotesUrl') ?? optionalTextIn(texts, 'PackageUrl')),
    ...{ files: [fileName], install: installOf(installer, type, fileName), installed },
    packaging: 'cabinet',
    installable: conditions.length === 0 ? undefined : { kind: 'all', rules: conditions },
    ...{ prerequisites: [], supersedes: [] },
  };
  const sha256 = /^[\da-f]{64}$/i.exec(textIn(installer, 'InstallerSha256'))?.[0].toLowerCase();
  if (!sha256) throw badManifest('InstallerSha256 is not 64 hexadecimal digits.');
  return { publication, installer: { address, fileName, sha256 }, notes: notesOn(installer, programs) };
}

const preferred = ['x64', 'x86', 'arm64', 'neutral', 'arm'];

/** For the whole computer before for one user. */
function choose(installers: readonly Fields[], wanted: string | undefined): Fields {
  const order = wanted === undefined ? preferred : [wanted.toLowerCase()];
  const isForUser = (one: Fields) => optionalTextIn(one, 'Scope')?.toLowerCase() === 'user';
  for (const architecture of order) {
    const fitting = installers.filter((one) => architectureOf(one) === architecture);
    const found = fitting.find((one) => !isForUser(one) && isPossible(one)) ?? fitting[0];
    if (found) return found;
  }
  const there = [...new Set(installers.map(architectureOf))].join(', ') || 'none';
  throw badManifest(`There is no installer for ${wanted ?? 'a known architecture'}. There are: ${there}.`);
}

function isPossible(installer: Fields): boolean {
  try {
    installerTypeOf(installer);
    return true;
  } catch {
    return false;
  }
}

function architectureOf(installer: Fields): string {
  return textIn(installer, 'Architecture').toLowerCase();
}

function programsOf(
  installer: Fields,
  { publisher, product, version }: { publisher: string; product: string; version: string },
): ListedProgram[] {
  const key = optionalTextIn(installer, 'ProductCode');
  const entries = listIn(installer, 'AppsAndFeaturesEntries').map((entry) => fieldsIn(entry, 'AppsAndFeaturesEntries'));
  return (entries.length === 0 ? [{}] : entries).map((entry: Fields) => ({
    key: keyName(optionalTextIn(entry, 'ProductCode') ?? key),
    displayName: optionalTextIn(entry, 'DisplayName') ?? product,
    publisher: optionalTextIn(entry, 'Publisher') ?? publisher,
    version: optionalTextIn(entry, 'DisplayVersion') ?? version,
  }));
}

function keyName(key: string | undefined): string | undefined {
  if (key !== undefined && /[\\/]/.test(key))
    throw badManifest(`ProductCode "${key.slice(0, 80)}" is not the name of a key.`);
  return key;
}

/** By numbers of Win32_Processor: programs of 32 bits run on x64 too. */
const processors: Readonly<Record<string, readonly number[]>> = {
  x64: [9],
  x86: [0, 9],
  arm64: [12],
  arm: [5],
  neutral: [],
};

function systemRules(installer: Fields, architecture: string): RuleTree[] {
  const numbers = Object.hasOwn(processors, architecture) ? processors[architecture] : undefined;
  if (!numbers) throw badManifest(`Architecture "${architecture}" is not known.`);
  const processor = numbers.map((number) => base('Processor', [['Architecture', String(number)]]));
  const minimum = optionalTextIn(installer, 'MinimumOSVersion');
  const parts = /^(\d{1,5})\.(\d{1,5})(?:\.(\d{1,6}))?(?:\.\d+)?$/.exec(minimum ?? '10.0.0.0');
  if (!parts) throw badManifest(`MinimumOSVersion "${minimum}" is not a version of Windows.`);
  const [, major = '', minor = '', build = '0'] = parts;
  const system: [string, string][] = [
    ['Comparison', 'GreaterThanOrEqualTo'],
    ['MajorVersion', major],
    ['MinorVersion', minor],
  ];
  if (build !== '0') system.push(['BuildNumber', build]);
  const windows = minimum === undefined ? [] : [base('WindowsVersion', system)];
  const [only] = processor;
  return [...windows, ...(processor.length > 1 ? [{ kind: 'any' as const, rules: processor }] : only ? [only] : [])];
}

function base(name: string, attributes: [string, string][]): RuleTree {
  return { kind: 'rule', prefix: 'bar', name, attributes, items: [] };
}

function addressOf(text: string): string {
  const url = URL.parse(text);
  if (url && (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '') return url.href;
  throw badManifest(`InstallerUrl "${text.slice(0, 200)}" is not an http or https address.`);
}

/** The name at the end of the address, where it is one and has the right kind. Else one of our own. */
function fileNameOf(address: string, type: string, otherwise: string): string {
  const extension = type === 'msi' || type === 'wix' ? '.msi' : '.exe';
  const [name = ''] = (URL.parse(address)?.pathname ?? '').split('/').slice(-1);
  const plain = /^[\w.+-]{1,100}$/.test(name) && name.toLowerCase().endsWith(extension) ? name : undefined;
  const chosen = plain ?? `${otherwise.replace(/[^\w.+-]/g, '_').slice(0, 100)}${extension}`;
  try {
    toPathSegments(chosen);
    return chosen;
  } catch (error) {
    if (error instanceof FormatError) return `setup${extension}`;
    throw error;
  }
}

function webAddress(text: string | undefined): string | undefined {
  return text !== undefined && /^https?:\/\/[^\s]+$/i.test(text) ? text : undefined;
}

function notesOn(installer: Fields, programs: readonly ListedProgram[]): string[] {
  const notes: string[] = [];
  if (listIn(installer, 'AppsAndFeaturesEntries').length === 0)
    notes.push(
      'The manifest has no AppsAndFeaturesEntries: computers look for the name of the package in the list of programs.',
    );
  for (const { version } of programs.filter((one) => !isOrderedVersion(one.version)))
    notes.push(
      `Version "${version}" is not one to four numbers: computers with another version count as not up to date.`,
    );
  return notes;
}
