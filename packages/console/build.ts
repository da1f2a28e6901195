// Builds the console to static files: one page, one script, one style sheet, all named by their content. Builds the
// documentation as pages of its own. Both work on a network without internet. scripts/build.ts calls it.
import { createHash } from 'node:crypto';
import { glob, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { type Reading, renderDocumentation } from './build-documentation.ts';

const source = fileURLToPath(new URL('src', import.meta.url));
const documentation = fileURLToPath(new URL('../../docs', import.meta.url));
const distribution = fileURLToPath(new URL('dist', import.meta.url));

/**
 * Writes `packages/console/dist`: `index.html`, `docs/*.html` and `assets/<name>-<hash>.<ext>`, which may be cached for
 * ever. The folder is replaced as a whole. `read` makes the text of a documentation page from its source. Throws what
 * esbuild or the disk says.
 */
export async function buildConsole(read: Reading): Promise<void> {
  const scratch = `${distribution}.new`;
  await rm(scratch, { recursive: true, force: true });
  const names = {
    SCRIPT: await asset(scratch, 'home', 'js', await bundle()),
    STYLES: await asset(scratch, 'home', 'css', await styles()),
    ICON: await asset(scratch, 'icon', 'svg', await readFile(join(source, 'icon.svg'))),
  };
  await write(join(scratch, 'index.html'), fill(await readFile(join(source, 'index.html'), 'utf8'), names));
  await buildAdminPages(join(scratch, 'console'), names.ICON);
  const template = fill(await readFile(join(source, 'document.html'), 'utf8'), names);
  for (const [path, html] of await renderDocumentation(documentation, template, read)) {
    await write(join(scratch, 'docs', path), html);
  }
  for await (const picture of glob('**/*.{svg,png}', { cwd: documentation })) {
    await write(join(scratch, 'docs', picture), await readFile(join(documentation, picture)));
  }
  await rm(distribution, { recursive: true, force: true });
  await rename(scratch, distribution);
}

/**
 * The console at /console/: `index.html`, and `assets/<name>-<hash>.js`. Most of these come with the view that needs
 * them.
 */
async function buildAdminPages(folder: string, icon: string): Promise<void> {
  const { outputFiles, metafile } = await build({
    ...browserBuild,
    entryPoints: { console: join(source, 'console/main.tsx'), style: join(source, 'console/styles/index.css') },
    splitting: true,
    metafile: true,
    outdir: join(folder, 'assets'),
    entryNames: '[name]-[hash]',
    chunkNames: 'part-[hash]',
    absWorkingDir: source,
  });
  for (const { path, contents } of outputFiles) await write(path, contents);
  const named = (begin: string) => {
    const found = Object.keys(metafile.outputs).find((path) => path.split('/').at(-1)?.startsWith(begin));
    if (!found) throw new Error(`esbuild made no ${begin}`);
    return `/console/assets/${found.split('/').at(-1)}`;
  };
  const template = await readFile(join(source, 'console.html'), 'utf8');
  const names = { SCRIPT: named('console-'), STYLES: named('style-'), ICON: `/console${icon}` };
  await write(join(folder, icon), await readFile(join(source, 'icon.svg')));
  await write(join(folder, 'index.html'), fill(template, names));
}

const browserBuild = {
  ...{ bundle: true, write: false, minify: true, format: 'esm', jsx: 'automatic' },
  target: ['chrome111', 'firefox113', 'safari16.4'],
  define: { 'process.env.NODE_ENV': '"production"' },
  legalComments: 'inline',
  logLevel: 'warning',
} as const satisfies BuildOptions;

async function bundle(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    ...browserBuild,
    entryPoints: [join(source, 'main.tsx')],
  });
  return firstOf(outputFiles);
}

async function styles(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [join(source, 'styles/index.css')],
    bundle: true,
    write: false,
    minify: true,
    logLevel: 'warning',
  });
  return firstOf(outputFiles);
}

function firstOf(files: { contents: Uint8Array }[]): Uint8Array {
  const [file] = files;
  if (!file) throw new Error('esbuild made no file');
  return file.contents;
}

async function asset(folder: string, name: string, extension: string, bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  const path = `/assets/${name}-${hash}.${extension}`;
  await write(join(folder, path), bytes);
  return path;
}

function fill(template: string, values: Record<string, string>): string {
  return Object.entries(values).reduce((text, [name, value]) => text.replaceAll(`%${name}%`, value), template);
}

async function write(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}
