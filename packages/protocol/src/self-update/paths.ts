// The URLs of self-update. They are older than this program and never change (TechNet "Automatic Updates Must Be
// Updated", MS-WUSP 2.2.2.5). Letter case, doubled slashes and any query are of no account.
import { canonicalLanguage } from './language.ts';

export const selfUpdatePaths = {
  iuident: '/iuident.cab',
  wuident: '/selfupdate/wuident.cab',
  statusPing: '/wutrack.bin',
  tree: '/selfupdate',
  /** The operator's CA certificate (PEM), for agents that are installed without one: trust on first use. */
  operatorCertificate: '/selfupdate/operator-ca.cer',
  /** The newest host release. Newer than SUS and WSUS: one address for every processor, system and language. */
  host: '/selfupdate/host.cab',
  /** The newest root of the operator's trust metadata, in a cabinet that the operator signed. */
  trustRoot: '/tuf/trust-root.cab',
  /** Below here is the operator's trust metadata. */
  trustMetadata: '/tuf/metadata',
} as const;

/**
 * Sent by every Moult agent with every request: the ident grammar that it reads. A server that also carries Microsoft's
 * tree answers with its own files if this header is there. Without it, it answers with Microsoft's.
 */
export const moultAgentHeader = { name: 'Moult-Agent', value: '1' } as const;

export const architectures = ['x86', 'x64', 'arm64'] as const;
export type ProcessorArchitecture = (typeof architectures)[number];

export const operatingSystems = ['NetServer', 'W2K', 'XP', 'Windows', 'Linux', 'Darwin'] as const;
export type SelfUpdateOs = (typeof operatingSystems)[number];

export type SelfUpdateFile =
  | { kind: 'iuident' | 'wuident' | 'wutrack' | 'host' }
  | { kind: 'wuaucomp'; architecture: ProcessorArchitecture; os: SelfUpdateOs; language: string };

/** Which self-update file a decoded URL path names. Undefined for every other path. `language` is canonical. */
export function resolveSelfUpdatePath(path: string): SelfUpdateFile | undefined {
  const parts = path
    .replace(/[?#].*$/s, '')
    .toLowerCase()
    .split('/')
    .filter((part) => part !== '');
  if (parts.length === 1 && parts[0] === 'iuident.cab') return { kind: 'iuident' };
  if (parts.length === 1 && parts[0] === 'wutrack.bin') return { kind: 'wutrack' };
  if (parts.length === 2 && parts[0] === 'selfupdate' && parts[1] === 'wuident.cab') return { kind: 'wuident' };
  if (parts.length === 2 && parts[0] === 'selfupdate' && parts[1] === 'host.cab') return { kind: 'host' };
  return parts.length === 6 ? resolveRelease(parts) : undefined;
}

/** The path of a release, as agents ask for it. */
export function wuaucompPath(of: { architecture: ProcessorArchitecture; os: SelfUpdateOs; language: string }): string {
  return `${selfUpdatePaths.tree}/AU/${of.architecture}/${of.os}/${of.language}/wuaucomp.cab`;
}

export function isArchitecture(text: string): text is ProcessorArchitecture {
  return architectures.some((known) => known === text);
}

export function isOperatingSystem(text: string): text is SelfUpdateOs {
  return operatingSystems.some((known) => known === text);
}

function resolveRelease(parts: string[]): SelfUpdateFile | undefined {
  const [tree, au, architecture = '', osFolder, languageFolder = '', file] = parts;
  if (tree !== 'selfupdate' || au !== 'au' || file !== 'wuaucomp.cab' || !isArchitecture(architecture))
    return undefined;
  const os = operatingSystems.find((known) => known.toLowerCase() === osFolder);
  const language = isLanguageFolder(languageFolder) ? canonicalLanguage(languageFolder) : undefined;
  return os && language ? { kind: 'wuaucomp', architecture, os, language } : undefined;
}

// "2- to 4-letter abbreviations". With script and region also dashed, as pt-br, zh-TW, sr-latn-rs and es-419.
function isLanguageFolder(folder: string): boolean {
  return /^[a-z]{2,4}$|^[a-z]{2,3}([-_][a-z0-9]{2,8}){1,4}$/.test(folder);
}
