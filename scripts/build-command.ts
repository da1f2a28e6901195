// Bundles the moult command to packages/cli/dist/moult.cjs, so that an installation loads one file in place of more than a
// thousand. bin/moult.js runs the bundle, or in a checkout the sources (ADR 0026).
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

/** Bundles `packages/cli/src/main.ts` of the checkout at `root`. The bundle is there as a whole, or the one before it is. */
export async function buildCommand(root: string): Promise<void> {
  const target = join(root, 'packages/cli/dist/moult.cjs');
  const { outputFiles } = await build({
    entryPoints: [join(root, 'packages/cli/src/main.ts')],
    absWorkingDir: root,
    outfile: target,
    bundle: true,
    minifyWhitespace: true,
    minifySyntax: true,
    write: false,
    platform: 'node',
    target: 'node24',
    // CommonJS: a command runs only those modules of the bundle that it needs, and of Node's own it loads only what it
    // uses. An ES module reads each property of what it imports, and the getters of node:fs alone load thirty more.
    format: 'cjs',
    legalComments: 'none',
    logLevel: 'warning',
    // pg asks for it, and does without.
    external: ['pg-native'],
    banner: { js: 'const bundleUrl=require("node:url").pathToFileURL(__filename).href;' },
    define: { 'import.meta.url': 'bundleUrl' },
  });
  const fresh = `${target}.${process.pid}`;
  await mkdir(dirname(target), { recursive: true });
  await writeFile(fresh, outputFiles[0]?.contents ?? '');
  await rename(fresh, target);
}
