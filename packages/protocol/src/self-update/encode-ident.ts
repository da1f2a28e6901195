// Writing grammar 1. CRLF and pure ASCII, so that every reader since Windows 2000 can show it.
import { type DirectoryLine, type Ident, identGrammar, type PlatformLine } from './ident.ts';

const platformHeadings = ['OS', 'OS2', 'OS3'];
const structureKeyHeadings = ['StructureKeyEx', 'StructureKeyEx2', 'StructureKeyEx3'];

/** The text of an ident file. parseIdent reads it back to the same value, line numbers apart. */
export function encodeIdent(ident: Ident): string {
  const head = [
    `Grammar=${identGrammar}`,
    ...optional('Client', ident.client),
    ...optional('Product', ident.product),
    ...optional('Version', ident.version),
    ...structureKeyHeadings.flatMap((name, index) => optional(name, ident.structureKeys[index])),
  ];
  const blocks = [
    block('SelfClientUpdate', head),
    ...platformHeadings.map((name, index) => block(name, (ident.platforms[index] ?? []).map(platformText))),
    block('ARCH', ident.architectures.map(directoryText)),
    block('LANG', ident.languages.map(directoryText)),
  ];
  return blocks.join('\r\n');
}

function block(heading: string, lines: string[]): string {
  return [`[${heading}]`, ...lines, ''].join('\r\n');
}

function optional(key: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`${key}=${value}`];
}

function platformText({ platform, from, to, target }: PlatformLine): string {
  const versions = from === undefined && to === undefined ? '*' : from === to ? `${from}` : `${from ?? ''}-${to ?? ''}`;
  return `${platform},${versions}=${targetText(target)}`;
}

function targetText(target: PlatformLine['target']): string {
  if (target.kind === 'directory') return target.directory;
  if (target.kind === 'skip') return '/SKIP';
  return `/UNSUPPORTED ${target.because.replace(/[\s;]+/g, ' ')}`.trimEnd();
}

function directoryText({ name, directory }: DirectoryLine): string {
  return `${name}=${directory}`;
}
