// Markdown of docs/ to pages under /docs/. Links between documents lose their .md. Links that leave docs/ become text,
// because the server serves nothing else of the repository.
import { glob, readFile } from 'node:fs/promises';
import { join, posix, sep } from 'node:path';
import { Marked, type Tokens } from 'marked';

/** The text of a page as people read it. Pages of findings have {placeholders}, which a report fills in. */
export type Reading = (path: string, markdown: string) => string;

/**
 * Every page as [path under docs/, html], made from the template with its `%TITLE%` and `%CONTENT%`. Also `all.html`,
 * which holds the pages of the first level one after the other, for a browser's own search. `read` gets each path under
 * docs/.
 */
export async function renderDocumentation(
  folder: string,
  template: string,
  read: Reading,
): Promise<[string, string][]> {
  const pages: [string, string][] = [];
  const contents: string[] = [];
  for await (const file of glob('**/*.md', { cwd: folder })) {
    const path = file.split(sep).join('/');
    const markdown = read(path, await readFile(join(folder, file), 'utf8'));
    const heading = /^#\s+(.+)$/m.exec(markdown)?.[1];
    const title = heading ?? titleOf(path);
    const content = await render(heading ? markdown : `# ${title}\n\n${markdown}`, path);
    pages.push([path.replace(/\.md$/, '.html'), fill(template, title, content)]);
    if (!path.includes('/')) contents.push(asPart(content, path));
  }
  return [...pages, ['all.html', fill(template, 'All pages', `<h1>All pages</h1>\n${contents.sort().join('\n')}`)]];
}

function fill(template: string, title: string, content: string): string {
  return template.replace('%TITLE%', () => escapeText(title)).replace('%CONTENT%', () => content);
}

/** A page among others: its headings are one level lower, and its anchors do not meet those of others. */
function asPart(content: string, path: string): string {
  const prefix = path.replace(/\.md$/, '');
  const lowered = content
    .replaceAll(/<(\/?)h([1-5])/g, (_, slash: string, level: string) => `<${slash}h${Number(level) + 1}`)
    .replaceAll(/ id="([^"]*)"/g, ` id="${prefix}-$1"`)
    .replaceAll(/ href="#([^"]*)"/g, ` href="#${prefix}-$1"`);
  return `<section id="${prefix}">\n${lowered}</section>`;
}

async function render(markdown: string, path: string): Promise<string> {
  const headings = new Map<string, number>();
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }: Tokens.Heading): string {
        return `<h${depth} id="${anchorOf(text, headings)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }: Tokens.Link): string {
        const target = linkTarget(href, path);
        const text = this.parser.parseInline(tokens);
        return target === undefined ? text : `<a href="${escapeText(target)}">${text}</a>`;
      },
      image({ href, text }: Tokens.Image): string {
        const target = linkTarget(href, path);
        return target === undefined ? escapeText(text) : `<img src="${escapeText(target)}" alt="${escapeText(text)}">`;
      },
    },
  });
  const html = await marked.parse(markdown);
  // Wide tables and code scroll, and what scrolls must be reachable by keyboard. An empty corner heads nothing.
  return html
    .replaceAll('<pre>', '<pre tabindex="0">')
    .replaceAll('<table>', '<div class="scroll" role="group" aria-label="Table" tabindex="0"><table>')
    .replaceAll('</table>', '</table></div>')
    .replaceAll(/<th([^>]*)><\/th>/g, '<td$1></td>');
}

/** For a page without a heading of its own: `errors/server-keys.md` → `Errors: server keys`. */
function titleOf(path: string): string {
  const [first = '', ...rest] = path.replace(/\.md$/, '').replaceAll('-', ' ').split('/');
  return [first.charAt(0).toUpperCase() + first.slice(1), ...rest].join(': ');
}

/** The anchor that repository pages give the heading too, so that one link works in both places. */
function anchorOf(text: string, seen: Map<string, number>): string {
  const base = text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
  const count = seen.get(base) ?? 0;
  seen.set(base, count + 1);
  return count === 0 ? base : `${base}-${count}`;
}

/** The target of a link of `path` on the server. Undefined if it leads out of the documentation. */
function linkTarget(href: string, path: string): string | undefined {
  if (/^(https?:|mailto:|#|\/)/.test(href)) return href;
  const resolved = posix.join('/docs', posix.dirname(path), href);
  if (!resolved.startsWith('/docs/')) return undefined;
  return resolved.replace(/(^|\/)index\.md(?=#|$)/, '$1').replace(/\.md(?=#|$)/, '');
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
