// MS-WUSP product note 49, as a decision: version and platform find a line in [OS], [OS2] or [OS3]. The processor finds
// one in [ARCH], the language in [LANG]. The section's structure key puts the three names together.
import type { DirectoryLine, Ident, PlatformLine } from './ident.ts';
import { canonicalLanguage, languageFallback } from './language.ts';
import { type ProcessorArchitecture, type SelfUpdateOs, selfUpdatePaths } from './paths.ts';
import { compareVersions } from './version.ts';

export interface SelfUpdateClient {
  version: string;
  os: SelfUpdateOs;
  architecture: ProcessorArchitecture;
  /** Any spelling: EN, pt-br, zhtw, en_US. */
  language: string;
}

type SelfUpdateDecision =
  | { kind: 'up-to-date' }
  | { kind: 'unsupported'; because: string }
  /** `path` is relative to the site root, without a leading slash. `version` is what the file promises, if it does. */
  | { kind: 'update'; path: string; version: string | undefined };

/** Whether and from where this client must update itself. Throws PROTOCOL_BAD_VERSION for a bad `client.version`. */
export function decideSelfUpdate(ident: Ident, client: SelfUpdateClient): SelfUpdateDecision {
  const match = findPlatformLine(ident, client);
  if (!match) return unsupported(`The ident file has no line for ${client.os} with agent version ${client.version}.`);
  const { target } = match.line;
  if (target.kind === 'skip') return { kind: 'up-to-date' };
  if (target.kind === 'unsupported') {
    const reason = target.because || 'The server says that it cannot update itself.';
    return unsupported(`${client.os}, agent version ${client.version}: /UNSUPPORTED. ${reason}`);
  }
  // An agent never goes back: a line that leads to what it already is, or was, turns in a circle.
  if (ident.version !== undefined && compareVersions(ident.version, client.version) <= 0) return { kind: 'up-to-date' };
  const arch = findDirectory(ident.architectures, [client.architecture]);
  if (!arch) return unsupported(`[ARCH] has no line for ${client.architecture}.`);
  const lang = findLanguage(ident.languages, client.language);
  if (!lang) return unsupported(`[LANG] has no line for ${client.language}, nor for English.`);
  const pattern = ident.structureKeys[match.section] ?? ident.structureKeys[0];
  if (pattern === undefined) return unsupported('[SelfClientUpdate] has no StructureKeyEx for this platform.');
  const path = fill(pattern, { OS: target.directory, ARCH: arch, LANG: lang });
  return { kind: 'update', path: `${selfUpdatePaths.tree.slice(1)}/${path}`, version: ident.version };
}

function findPlatformLine(ident: Ident, client: SelfUpdateClient): { section: number; line: PlatformLine } | undefined {
  for (const [section, lines] of ident.platforms.entries()) {
    const line = lines.find((candidate) => matches(candidate, client));
    if (line) return { section, line };
  }
  return undefined;
}

function matches(line: PlatformLine, { os, version }: SelfUpdateClient): boolean {
  return (
    line.platform.toLowerCase() === os.toLowerCase() &&
    (line.from === undefined || compareVersions(version, line.from) >= 0) &&
    (line.to === undefined || compareVersions(version, line.to) <= 0)
  );
}

function findDirectory(lines: DirectoryLine[], names: string[]): string | undefined {
  for (const name of [...names, '*']) {
    const found = lines.find((line) => line.name.toLowerCase() === name);
    if (found) return found.directory;
  }
  return undefined;
}

function findLanguage(lines: DirectoryLine[], language: string): string | undefined {
  const canonical = lines.map((line) => ({ ...line, name: canonicalLanguage(line.name) ?? line.name }));
  return findDirectory(canonical, languageFallback(language));
}

function fill(pattern: string, names: Record<'OS' | 'ARCH' | 'LANG', string>): string {
  return pattern
    .replace(/%OS%/gi, () => names.OS)
    .replace(/%ARCH%/gi, () => names.ARCH)
    .replace(/%LANG%/gi, () => names.LANG);
}

function unsupported(because: string): SelfUpdateDecision {
  return { kind: 'unsupported', because };
}
