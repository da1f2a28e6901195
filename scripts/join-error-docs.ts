// Keeps docs/errors.md current: the list of all codes, each with the first sentence of its paragraph in docs/errors/.
//   node scripts/join-error-docs.ts          writes it
//   node scripts/join-error-docs.ts --check  exits 1 when it is not current
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface ErrorParagraph {
  code: string;
  /** File name in docs/errors. */
  file: string;
  text: string;
}

/** Every `## CODE` paragraph in docs/errors of the checkout at `root`, by file and place. */
export function readErrorParagraphs(root: string): ErrorParagraph[] {
  const folder = join(root, 'docs/errors');
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.md'))
    .sort();
  return files.flatMap((file) =>
    readFileSync(join(folder, file), 'utf8')
      .split(/^## /m)
      .slice(1)
      .map((section) => {
        const [heading = '', ...lines] = section.split('\n');
        return { code: heading.trim(), file, text: lines.join('\n').trim() };
      }),
  );
}

/** The text of docs/errors.md for these paragraphs. */
export function joinErrorDocs(paragraphs: readonly ErrorParagraph[]): string {
  const parts = ['# Error codes', introduction];
  for (const file of new Set(paragraphs.map((paragraph) => paragraph.file))) {
    const own = paragraphs.filter((paragraph) => paragraph.file === file);
    const lines = own.map(
      ({ code, text }) => `| [\`${code}\`](errors/${file}#${code.toLowerCase()}) | ${firstSentence(text, file)} |`,
    );
    parts.push(`## [${titleOf(file)}](errors/${file})`, ['| Code | Meaning |', '| --- | --- |', ...lines].join('\n'));
  }
  parts.push(
    'Next page: [Event ids and error codes of Windows](codes.md). Questions: the issue tracker of the project.',
  );
  return `${parts.join('\n\n')}\n`;
}

const introduction = `This page lists the codes of Moult's own errors, for administrators. Every error that \`moult\` prints begins with such a code.
With \`--json\` the code is \`error.code\`. The page behind the code says what to do. [Another page](codes.md) has the codes of Windows.

<!-- Written by scripts/join-error-docs.ts from docs/errors/*.md: change those. -->`;

function titleOf(file: string): string {
  const name = file.replace(/\.md$/, '').replaceAll('-', ' ');
  return name.charAt(0).toUpperCase() + name.slice(1);
}

// Links of a paragraph are relative to its own folder. Here they are only words.
function firstSentence(text: string, file: string): string {
  const plain = text.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/\s+/g, ' ');
  const sentence = /^.*?[.:](?= [A-Z`]|$)/.exec(plain)?.[0];
  if (sentence === undefined)
    throw new Error(`docs/errors/${file}: a paragraph has no sentence: ${plain.slice(0, 80)}`);
  return sentence.replace(/:$/, '.');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const target = join(root, 'docs/errors.md');
  const text = joinErrorDocs(readErrorParagraphs(root));
  if (!process.argv.includes('--check')) writeFileSync(target, text);
  else if (readFileSync(target, 'utf8') !== text) {
    console.error('docs/errors.md is not current: run node scripts/join-error-docs.ts');
    process.exitCode = 1;
  }
}
