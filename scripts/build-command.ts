// Bundles the moult command to packages/cli/dist, so that it starts in half the time: a few files to load in place of
// more than a thousand. bin/moult.js takes the bundle only as long as the sources are those it was made of.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';

/** What bin/moult.js reads: which bundle there is, and what it was made of. */
export interface CommandBundle {
  /** Its first file, from the folder that holds this document. */
  entry: string;
  /** Size in bytes and time of change of each source, by its path from the root of the checkout. */
  sources: Record<string, [sizeBytes: number, modifiedMs: number]>;
  /** The sources that a command needs, by their places in `sources`: what others need may have changed. */
  commands: Record<string, number[]>;
}

/**
 * Bundles `packages/cli/src/main.ts` of the checkout at `root` to `packages/cli/dist/<name>/`, where the name says what
 * is in it, and then `packages/cli/dist/command.json`. The bundle before is left: a running moult may still load from it.
 */
export async function buildCommand(root: string): Promise<void> {
  const dist = join(root, 'packages/cli/dist');
  // One folder deep, whatever it will be called: addresses of files in the repository are told from here.
  const outdir = join(dist, 'command');
  const { outputFiles, metafile } = await bundle(root, outdir);
  const files = outputFiles.map(({ path, contents }) => ({ name: relative(outdir, path), contents }));
  const folder = `command-${digestOf(files)}`;
  await writeFolder(join(dist, folder), files);
  const sources = await statesOf(root, Object.keys(metafile.inputs));
  const document: CommandBundle = {
    entry: `${folder}/main.js`,
    sources,
    commands: sourcesByCommand(metafile, Object.keys(sources)),
  };
  const before = await currentFolder(dist);
  const fresh = join(dist, `command.json.${process.pid}`);
  await writeFile(fresh, JSON.stringify(document));
  await rename(fresh, join(dist, 'command.json'));
  for (const old of await readdir(dist)) {
    if (/^command-[0-9a-f]{16}$/.test(old) && old !== folder && old !== before)
      await rm(join(dist, old), { recursive: true });
  }
}

function bundle(root: string, outdir: string) {
  return build({
    entryPoints: [join(root, 'packages/cli/src/main.ts')],
    absWorkingDir: root,
    outdir,
    bundle: true,
    splitting: true,
    minifyWhitespace: true,
    minifySyntax: true,
    write: false,
    metafile: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
    // pg asks for it, and does without.
    external: ['pg-native'],
    plugins: [ownSources(outdir), ownCommander()],
    // CommonJS libraries inside the bundle ask for Node's own modules through require.
    banner: {
      js: "import{createRequire as moultRequire}from'node:module';const require=moultRequire(import.meta.url);",
    },
  });
}

/** What is changed in our sources, so that they do the same from another place, and start faster. */
function ownSources(outdir: string): Plugin {
  return {
    name: 'own-sources',
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        const place = relative(outdir, path).replaceAll(sep, '/');
        return { contents: withBuiltinsByName(withOwnAddress(text, place)), loader: 'ts' };
      });
    },
  };
}

/** Sources find the files that belong to them by their own address: it stays what it was, wherever their code went. */
function withOwnAddress(text: string, place: string): string {
  return text.replaceAll('import.meta.url', `new URL(${JSON.stringify(place)}, import.meta.url).href`);
}

/**
 * Node's own modules are asked for by name in place of being imported: an import reads every property of the module, and
 * the getters of node:fs alone load thirty more.
 */
function withBuiltinsByName(text: string): string {
  const imports = /^import (?:(?<whole>\w+)|\* as (?<all>\w+)|\{(?<named>[^}]*)\}) from '(?<module>node:[\w/]+)';$/gm;
  return text.replaceAll(imports, (...match) => {
    const { whole, all, named = '', module } = match.at(-1) as Record<string, string | undefined>;
    const values = named
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '' && !one.startsWith('type '));
    const names = whole ?? all ?? `{ ${values.map((one) => one.replace(/ as /, ': ')).join(', ')} }`;
    return `const ${names} = globalThis.process.getBuiltinModule('${module}');`;
  });
}

/**
 * commander, which every command loads, is spared the same. It can start programs for commands that are programs; ours are
 * none, and node:child_process is large.
 */
function ownCommander(): Plugin {
  return {
    name: 'own-commander',
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]node_modules[\\/]commander[\\/].*\.js$/ }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        const contents = text.replace(/^import (\w+) from 'node:child_process';$/m, 'const $1 = {};');
        return { contents: withBuiltinsByName(contents), loader: 'js' };
      });
    },
  };
}

interface BundledFile {
  name: string;
  contents: Uint8Array;
}

function digestOf(files: readonly BundledFile[]): string {
  const hash = createHash('sha256');
  for (const { name, contents } of files) hash.update(`${name}\0${contents.length}\0`).update(contents);
  return hash.digest('hex').slice(0, 16);
}

/** Whole or not at all; a folder that is there already has the same in it. */
async function writeFolder(folder: string, files: readonly BundledFile[]): Promise<void> {
  if (existsSync(folder)) return;
  const fresh = `${folder}.new-${process.pid}`;
  await mkdir(fresh, { recursive: true });
  for (const { name, contents } of files) await writeFile(join(fresh, name), contents);
  await rename(fresh, folder);
}

/** Of our own sources, and of what says which libraries there are and where packages have their parts. */
async function statesOf(root: string, inputs: readonly string[]): Promise<CommandBundle['sources']> {
  const ours = inputs.filter((path) => path.startsWith('packages/') && !path.includes('node_modules/'));
  const packages = new Set(ours.map((path) => path.replace(/^(packages\/[^/]+)\/.*/, '$1/package.json')));
  const sources: CommandBundle['sources'] = {};
  for (const path of ['package-lock.json', ...packages, ...ours]) {
    const { size, mtimeMs } = await stat(join(root, path));
    sources[path] = [size, mtimeMs];
  }
  return sources;
}

/** Of each file in `commands/`: what it brings in, at once or when it runs, and what brought it in. */
function sourcesByCommand({ outputs }: Metafile, sources: readonly string[]): CommandBundle['commands'] {
  const commands: CommandBundle['commands'] = {};
  for (const [file, { entryPoint = '' }] of Object.entries(outputs)) {
    const name = /^packages\/cli\/src\/commands\/([^/]+)\.ts$/.exec(entryPoint)?.[1];
    if (name === undefined) continue;
    const main = Object.keys(outputs).find((one) => outputs[one]?.entryPoint === 'packages/cli/src/main.ts') ?? '';
    const inputs = new Set([...inputsOf(outputs, main, false), ...inputsOf(outputs, file, true)]);
    commands[name] = sources.flatMap((path, place) => (inputs.has(path) || !path.endsWith('.ts') ? [place] : []));
  }
  return commands;
}

/** Of a bundled file and those that it imports, with `later` also those that it may import when it runs. */
function inputsOf(outputs: Metafile['outputs'], start: string, later: boolean): Set<string> {
  const inputs = new Set<string>();
  const seen = new Set([start]);
  for (const file of seen) {
    for (const input of Object.keys(outputs[file]?.inputs ?? {})) inputs.add(input);
    for (const { path, kind } of outputs[file]?.imports ?? []) {
      if (path in outputs && (later || kind !== 'dynamic-import')) seen.add(path);
    }
  }
  return inputs;
}

async function currentFolder(dist: string): Promise<string | undefined> {
  const text = await readFile(join(dist, 'command.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as CommandBundle).entry.split('/')[0];
}
