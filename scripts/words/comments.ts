// Comments and texts of the sources, for the rules of our style. A comment is read as prose: lines that are set in by
// two spaces or more are layouts, and stay as they are.

export interface SourceText {
  kind: 'comment' | 'string';
  /** Of its first line, from 1. */
  line: number;
  text: string;
}

/** Comments and string literals, the one kind hides the other. Regular expressions hide both. */
const tokens =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*(?=[\s,;.)\]])/g;

/**
 * The comments and string literals of a source file, in their order. Line comments below each other are one comment.
 */
export function readSourceTexts(source: string): SourceText[] {
  const found: SourceText[] = [];
  let openUntil = -1;
  for (const { 0: token, index } of source.matchAll(tokens)) {
    const line = lineOf(source, index);
    if (/^['"`]/.test(token)) found.push({ kind: 'string', line, text: token.slice(1, -1) });
    if (!token.startsWith('//') && !token.startsWith('/*')) continue;
    if (/^\/\/ biome-ignore|^\/\/[/#]/.test(token)) continue;
    const last = found.at(-1);
    const isNext = source.slice(openUntil, index).trim() === '' && line === lineOf(source, openUntil) + 1;
    if (token.startsWith('//') && openUntil >= 0 && last?.kind === 'comment' && isNext)
      last.text += `\n${token.slice(2)}`;
    else found.push({ kind: 'comment', line, text: token.startsWith('//') ? token.slice(2) : bodyOf(token) });
    openUntil = token.startsWith('//') ? index + token.length : -1;
  }
  return found;
}

/** The prose of a comment: its lines joined, without layouts. */
export function proseOf(comment: string): string {
  return comment
    .split('\n')
    .map((line) => (/^ {2,}\S/.test(line) ? '.' : line.trim()))
    .join(' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function bodyOf(token: string): string {
  return token
    .slice(token.startsWith('/**') ? 3 : 2, -2)
    .split('\n')
    .map((line, at) => (at === 0 ? line : line.replace(/^\s*\*/, '')))
    .join('\n');
}

function lineOf(source: string, index: number): number {
  let line = 1;
  for (let at = source.indexOf('\n'); at >= 0 && at < index; at = source.indexOf('\n', at + 1)) line += 1;
  return line;
}
