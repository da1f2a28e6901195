// Bundles the moult command to packages/cli/dist. An installation then loads a few files in place of more than a
// thousand. bin/moult.js runs the bundle, or in a checkout the sources (ADR 0026).
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { build } from 'esbuild';
import { requireHttp } from './require-http.ts';

const folderName = /command-[0-9a-f]{16}/;

/**
 * Bundles `packages/cli/src/main.ts` of the checkout at `root` to `packages/cli/dist/command-<digest of its contents>/`, and
 * then writes `packages/cli/dist/moult.js`, which leads to it. The bundle before stays: a moult that runs may load from it.
 */
export async function buildCommand(root: string): Promise<void> {
  const dist = join(root, 'packages/cli/dist');
  const files = await bundle(root, join(dist, 'command'));
  const folder = `command-${digestOf(files)}`;
  await writeFolder(join(dist, folder), files);
  const entry = join(dist, 'moult.js');
  const before = folderName.exec(await readFile(entry, 'utf8').catch(() => ''))?.[0];
  const fresh = `${entry}.${process.pid}`;
  await writeFile(fresh, `export * from './${folder}/main.js';\n`);
  await rename(fresh, entry);
  for (const old of await readdir(dist)) {
    if (folderName.test(old) && old !== folder && old !== before) await rm(join(dist, old), { recursive: true });
  }
}

/** Programs of threads: the bundle starts them by their path (threadProgram). */
export const bundledThreads = [
  'packages/releases/src/repository/cover-thread.ts',
  'packages/store/src/backup/backup-thread.ts',
  'packages/store/src/sqlite/checkpoint-thread.ts',
];

interface BundledFile {
  name: string;
  contents: Uint8Array;
}

async function bundle(root: string, outdir: string): Promise<BundledFile[]> {
  const { outputFiles } = await build({
    entryPoints: ['packages/cli/src/main.ts', ...bundledThreads].map((path) => join(root, path)),
    entryNames: '[name]',
    absWorkingDir: root,
    outdir,
    bundle: true,
    // A command loads only the files that hold its own code.
    splitting: true,
    format: 'esm',
    minifyWhitespace: true,
    minifySyntax: true,
    write: false,
    platform: 'node',
    target: 'node24',
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [requireHttp],
    // pg asks for it, and does without.
    external: ['pg-native'],
    // CommonJS libraries inside the bundle ask for Node's own modules through require.
    banner: {
      js: "import{createRequire as moultRequire}from'node:module';const require=moultRequire(import.meta.url);",
    },
  });
  return outputFiles.map(({ path, contents }) => ({ name: relative(outdir, path), contents }));
}

function digestOf(files: readonly BundledFile[]): string {
  const hash = createHash('sha256');
  for (const { name, contents } of files) hash.update(`${name}\0${contents.length}\0`).update(contents);
  return hash.digest('hex').slice(0, 16);
}

/** Whole or not at all. A folder of this name has the same in it already. */
async function writeFolder(folder: string, files: readonly BundledFile[]): Promise<void> {
  if (existsSync(folder)) return;
  const fresh = `${folder}.new-${process.pid}`;
  await mkdir(fresh, { recursive: true });
  for (const { name, contents } of files) await writeFile(join(fresh, name), contents);
  await rename(fresh, folder);
}
