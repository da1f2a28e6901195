// Markdown to sentences: what a person reads of a page, with its place. Code blocks and comments are left out, and a piece
// of code in a line counts as one word.

export type PieceKind = 'paragraph' | 'cell' | 'header' | 'heading';

export interface Piece {
  kind: PieceKind;
  /** Of its first line, from 1. */
  line: number;
  text: string;
}

/** The paragraphs, list items, headings and table cells of a page, in their order. */
export function readPieces(markdown: string): Piece[] {
  const pieces: Piece[] = [];
  let open: Piece | undefined;
  const close = () => {
    if (open) pieces.push(open);
    open = undefined;
  };
  const lines = withoutCode(markdown).split('\n');
  for (const [at, raw] of lines.entries()) {
    const text = raw.trim();
    if (text.startsWith('|')) {
      close();
      if (!isRule(text)) pieces.push(...cellsOf(text, at + 1, isRule(lines[at + 1]?.trim() ?? '')));
      continue;
    }
    const [, mark, rest = text] = /^(#+|[-*>]|\d+\.) +(.*)$/.exec(text) ?? [];
    if (text === '' || text === '>' || mark !== undefined) close();
    if (rest === '' || text === '>') continue;
    if (mark?.startsWith('#')) pieces.push({ kind: 'heading', line: at + 1, text: rest });
    else if (open) open.text += ` ${rest}`;
    else open = { kind: 'paragraph', line: at + 1, text: rest };
  }
  close();
  return pieces;
}

/** The sentences of a text. A colon ends a sentence too: what follows is a list, a command or an example. */
export function readSentences(text: string): string[] {
  return text
    .split('<br>')
    .flatMap((part) => plainText(part).split(/(?<=[.!?:]["”’)*_]*)\s+/))
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== '');
}

/** Without addresses of links, without emphasis, and with one word for each piece of code. */
export function plainText(text: string): string {
  return (
    text
      // The name of a test is as it is in its file.
      .replaceAll(/(\]\([^)]*\.test\.ts\)): ["“][^"”]*["”]/g, '$1')
      .replaceAll(/`[^`]*`/g, 'CODE')
      .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replaceAll(/<(?:https?:[^>]*|br)>/g, ' ')
      .replaceAll(/\*\*?([^*]+)\*\*?/g, '$1')
      .replaceAll(/&[a-z]+;/g, ' ')
  );
}

/** How many words a person counts. */
export function countWords(sentence: string): number {
  return sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

function cellsOf(row: string, line: number, isHeader: boolean): Piece[] {
  return row
    .replaceAll(/`[^`]*`/g, (code) => code.replaceAll('|', '/'))
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => ({ kind: isHeader ? ('header' as const) : ('cell' as const), line, text: cell.trim() }))
    .filter(({ text }) => text !== '');
}

function isRule(row: string): boolean {
  return /^\|[\s:|-]+\|$/.test(row);
}

/** Blocks of code and comments as empty lines, so that the numbers of lines stay. */
function withoutCode(markdown: string): string {
  const blank = (text: string) => text.replaceAll(/[^\n]/g, '');
  return markdown.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, blank).replaceAll(/<!--[\s\S]*?-->/g, blank);
}
