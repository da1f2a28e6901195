// Grammar 1 of iuident.txt and wuident.txt: the sections and keys that Microsoft published (MS-WUSP, product note 49),
// lines of our own (theirs are not public). docs/self-update.md has it for people. Never changed, only added to:
// unknown sections, keys and directives are passed over.

import { defaultIdentLimits } from '../bounds.ts';
import { ProtocolError } from '../errors.ts';
import { decodeIdentText } from './ident-text.ts';
import { isVersion } from './version.ts';

export type Generation = 'sus' | 'wsus';

/** A line of [OS], [OS2] or [OS3]. Both ends of `versions` are inclusive. An absent end is open. */
export interface PlatformLine {
  platform: string;
  from: string | undefined;
  to: string | undefined;
  target: { kind: 'skip' } | { kind: 'unsupported'; because: string } | { kind: 'directory'; directory: string };
  line: number;
}

/** A line of [ARCH] or [LANG]: `name` may be `*`. */
export interface DirectoryLine {
  name: string;
  directory: string;
  line: number;
}

export interface Ident {
  grammar: number;
  /** Whose file this is: iuident.txt says sus, wuident.txt wsus. */
  client: Generation | undefined;
  product: string | undefined;
  /** The version of the release that this file leads to. Agents never go back behind their own. */
  version: string | undefined;
  /** StructureKeyEx, StructureKeyEx2, StructureKeyEx3: index 0 belongs to [OS], 1 to [OS2], 2 to [OS3]. */
  structureKeys: (string | undefined)[];
  /** [OS], [OS2], [OS3]. */
  platforms: PlatformLine[][];
  architectures: DirectoryLine[];
  languages: DirectoryLine[];
}

interface IdentLimits {
  maxBytes: number;
  maxLines: number;
  maxLineLength: number;
}

/** The only grammar there is. A file that needs more than its reader knows raises this number. */
export const identGrammar = 1;

const platformSections = ['os', 'os2', 'os3'] as const;
const structureKeyNames = ['structurekeyex', 'structurekeyex2', 'structurekeyex3'] as const;

interface Entry {
  key: string;
  value: string;
  line: number;
}

/**
 * Reads an ident file: text, or bytes in UTF-8, UTF-16 or ANSI. Throws ProtocolError with the line:
 * PROTOCOL_IDENT_MALFORMED, PROTOCOL_IDENT_GRAMMAR (newer than this reader), PROTOCOL_IDENT_OVER_LIMIT.
 */
export function parseIdent(source: string | Uint8Array, limits: IdentLimits = defaultIdentLimits): Ident {
  if (source.length > limits.maxBytes) {
    throw overLimit(`The ident file is ${source.length} bytes; at most ${limits.maxBytes} are read.`);
  }
  const sections = readSections(decodeIdentText(source), limits);
  const head = sections.get('selfclientupdate');
  if (!head) throw malformed('There is no [SelfClientUpdate] section; this is not an ident file of grammar 1.');
  return {
    grammar: readGrammar(head),
    client: readClient(head),
    product: entryOf(head, 'product')?.value,
    version: readVersionKey(head),
    structureKeys: structureKeyNames.map((name) => readStructureKey(entryOf(head, name))),
    platforms: platformSections.map((name) => (sections.get(name) ?? []).flatMap(readPlatformLine)),
    architectures: (sections.get('arch') ?? []).map(readDirectoryLine),
    languages: (sections.get('lang') ?? []).map(readDirectoryLine),
  };
}

/** Whether `text` may stand as one folder or file name in a path that an ident file makes. */
function isSafeDirectory(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text) && !text.endsWith('.') && !text.includes('..');
}

function readSections(text: string, limits: IdentLimits): Map<string, Entry[]> {
  const lines = text.split(/\r\n|\r|\n/);
  if (lines.length > limits.maxLines) throw overLimit(`The ident file has more than ${limits.maxLines} lines.`);
  const sections = new Map<string, Entry[]>();
  let current: Entry[] | undefined;
  for (const [index, raw] of lines.entries()) {
    const line = index + 1;
    if (raw.length > limits.maxLineLength) throw overLimit(`Longer than ${limits.maxLineLength} characters.`, line);
    const content = withoutComment(raw);
    if (content === '') continue;
    const name = /^\[([^[\]]*)\]$/.exec(content)?.[1]?.trim().toLowerCase();
    if (name !== undefined) {
      current = sections.get(name) ?? [];
      sections.set(name, current);
    } else current = addEntry(current, content, line);
  }
  return sections;
}

function addEntry(section: Entry[] | undefined, content: string, line: number): Entry[] {
  if (content.startsWith('[')) throw malformed('A section heading must be one name in brackets, as [OS].', line);
  if (!section) throw malformed('Text before the first [section].', line);
  const equals = content.indexOf('=');
  const key = equals < 0 ? content : content.slice(0, equals).trim();
  section.push({ key, value: equals < 0 ? '' : content.slice(equals + 1).trim(), line });
  return section;
}

// A comment starts with . Or # at the start of a line, or with . After a blank.
function withoutComment(raw: string): string {
  const line = raw.trim();
  if (/^[;#]/.test(line)) return '';
  return line.replace(/\s;.*$/, '').trimEnd();
}

function entryOf(section: Entry[], key: string): Entry | undefined {
  return section.find((entry) => entry.key.toLowerCase() === key);
}

function readGrammar(head: Entry[]): number {
  const entry = entryOf(head, 'grammar');
  if (!entry) throw malformed('[SelfClientUpdate] has no Grammar= line.');
  if (!/^\d{1,4}$/.test(entry.value)) throw malformed('Grammar= must be a number.', entry.line);
  const grammar = Number(entry.value);
  if (grammar > identGrammar || grammar < 1) {
    const text = `The ident file is written in grammar ${grammar}; this agent reads grammar ${identGrammar}.`;
    throw new ProtocolError('PROTOCOL_IDENT_GRAMMAR', text, { line: entry.line });
  }
  return grammar;
}

function readClient(head: Entry[]): Generation | undefined {
  const value = entryOf(head, 'client')?.value.toLowerCase();
  return value === 'sus' || value === 'wsus' ? value : undefined;
}

function readVersionKey(head: Entry[]): string | undefined {
  const entry = entryOf(head, 'version');
  if (entry && !isVersion(entry.value)) throw malformed('Version= must have four parts, as 7.9.0.1.', entry.line);
  return entry?.value;
}

function readStructureKey(entry: Entry | undefined): string | undefined {
  if (!entry) return undefined;
  const pattern = entry.value.replaceAll('\\', '/');
  const segments = pattern.split('/');
  const isSafe = segments.every((segment) => /^%(OS|ARCH|LANG)%$/i.test(segment) || isSafeDirectory(segment));
  if (!isSafe)
    throw malformed(`${entry.key} must be a relative path of plain names, %ARCH%, %OS%, %LANG%.`, entry.line);
  return pattern;
}

function readPlatformLine(entry: Entry): PlatformLine[] {
  const comma = entry.key.indexOf(',');
  const platform = (comma < 0 ? entry.key : entry.key.slice(0, comma)).trim();
  const versions = comma < 0 ? '*' : entry.key.slice(comma + 1).trim();
  if (!isSafeDirectory(platform)) throw malformed('A platform line starts with the name of a platform.', entry.line);
  const range = readVersions(versions, entry.line);
  const target = readTarget(entry);
  return target ? [{ platform, ...range, target, line: entry.line }] : [];
}

function readVersions(text: string, line: number): { from: string | undefined; to: string | undefined } {
  if (text === '*') return { from: undefined, to: undefined };
  const ends = text.split('-').map((end) => end.trim());
  const [from = '', to = ends.length === 1 ? from : ''] = ends;
  const isRange = ends.length <= 2 && (from !== '' || to !== '');
  if (!isRange || ![from, to].every((end) => end === '' || isVersion(end))) {
    throw malformed(`"${text.slice(0, 60)}" is not a version, a range A-B, A- or -B, or *.`, line);
  }
  return { from: from || undefined, to: to || undefined };
}

// A directive of a later time is not for this reader: the whole line is passed over.
function readTarget(entry: Entry): PlatformLine['target'] | undefined {
  const [first = '', ...rest] = entry.value.split(/\s+/);
  const directive = first.toUpperCase();
  if (directive === '/SKIP') return { kind: 'skip' };
  if (directive === '/UNSUPPORTED') return { kind: 'unsupported', because: rest.join(' ') };
  if (/^\/[A-Z]+/.test(directive)) return undefined;
  if (!isSafeDirectory(first)) {
    throw malformed('A platform line ends in a directory name, /SKIP or /UNSUPPORTED.', entry.line);
  }
  return { kind: 'directory', directory: first };
}

function readDirectoryLine(entry: Entry): DirectoryLine {
  const [directory = ''] = entry.value.split(/\s+/);
  const isName = entry.key === '*' || isSafeDirectory(entry.key);
  if (!isName || !isSafeDirectory(directory)) {
    throw malformed('A line of [ARCH] or [LANG] is name=directory.', entry.line);
  }
  return { name: entry.key, directory, line: entry.line };
}

function malformed(message: string, line?: number): ProtocolError {
  const text = line === undefined ? message : `Line ${line}: ${message}`;
  return new ProtocolError('PROTOCOL_IDENT_MALFORMED', text, line === undefined ? {} : { line });
}

function overLimit(message: string, line?: number): ProtocolError {
  const text = line === undefined ? message : `Line ${line}: ${message}`;
  return new ProtocolError('PROTOCOL_IDENT_OVER_LIMIT', text, line === undefined ? {} : { line });
}
