// The ident file of a server: which agents are led to its newest release, for every platform there is a folder for.
import { type Generation, type Ident, identGrammar, type PlatformLine } from './ident.ts';
import { architectures, type SelfUpdateOs } from './paths.ts';

interface IdentTarget {
  product: string;
  /** The release that agents are led to. Undefined: the server has none, and every agent may stay as it is. */
  version: string | undefined;
}

const structureKey = 'AU/%ARCH%/%OS%/%LANG%/wuaucomp.cab';

const platformsBySection: readonly (readonly SelfUpdateOs[])[] = [
  ['NetServer', 'W2K', 'XP'],
  ['Windows'],
  ['Linux', 'Darwin'],
];

// The folders that public references name. Every other language is led to EN.
const languages = 'ar cs da de el en es fi fr he hu it ja ko nl no pl pt pt-br ru sv tr zh-cn zh-tw'.split(' ');

/** The ident file for `client`: agents older than `target.version` are led to it, others may stay. */
export function composeIdent(client: Generation, target: IdentTarget): Ident {
  return {
    grammar: identGrammar,
    client,
    product: target.product,
    version: target.version,
    structureKeys: platformsBySection.map(() => structureKey),
    platforms: platformsBySection.map((section) => section.flatMap((os) => platformLines(os, target.version))),
    architectures: architectures.map((name) => ({ name, directory: name, line: 0 })),
    languages: [...languages, '*'].map((name) => ({ name, directory: folderOf(name), line: 0 })),
  };
}

// The first line that matches counts: the newer ones are passed over first, then all others are led on.
function platformLines(platform: SelfUpdateOs, version: string | undefined): PlatformLine[] {
  const skip: PlatformLine = { platform, from: version, to: undefined, target: { kind: 'skip' }, line: 0 };
  if (version === undefined) return [skip];
  const lead: PlatformLine['target'] = { kind: 'directory', directory: platform };
  return [skip, { platform, from: undefined, to: undefined, target: lead, line: 0 }];
}

// 2 to 4 letters, as on the page: pt-br is PTBR.
function folderOf(language: string): string {
  return language === '*' ? 'EN' : language.replace('-', '').toUpperCase();
}
