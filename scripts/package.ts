// npm run package: what an administrator installs, made from this checkout into packed/: the npm package, a Debian package for
// each Node at hand, the bill of materials, and the digests of all. The same sources make the same bytes.
//   npm run package [-- --out FOLDER] [--runtime FILE]   FILE: a package node-linux-… as "npm pack" fetches it
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findRuntime, nodeVersion, type Platform, platformFacts } from '@moult/releases/bundle';
import { isReleaseError } from '@moult/releases/errors';
import { commandTree } from '../packages/cli/src/completion/command-tree.ts';
import { completionScript } from '../packages/cli/src/completion/scripts.ts';
import { createProgram } from '../packages/cli/src/run.ts';
import { serverVersion } from '../packages/store/src/version.ts';
import { moultProgram, writeServerPackage } from './package/debian-package.ts';
import { manPage } from './package/man-page.ts';
import { preparePackage } from './package/prepare-package.ts';
import { serverUnit } from './package/server-unit.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const linux = ['linux-x64', 'linux-arm64'] as const satisfies readonly Platform[];

interface PackageOrder {
  /** Packages `node-linux-…` as `npm pack` fetches them. */
  runtimes?: readonly string[];
  /** The folders `dist` hold the build of these sources. */
  isBuilt?: boolean;
  /** Of the Debian package: 1 is fast, 9 (the default) is small. */
  level?: number;
  /** Is told each file as it is there. */
  say(line: string): void;
}

/** Answers the files, each whole. */
export async function makePackages(
  out: string,
  { runtimes = [], isBuilt = false, level = 9, say }: PackageOrder,
): Promise<string[]> {
  mkdirSync(out, { recursive: true });
  await preparePackage(root, { isBuilt });
  const files = [npmPackage(out)];
  say(`${files[0]}: for "npm install --global"`);
  const scratch = mkdtempSync(join(tmpdir(), 'moult-package-'));
  try {
    run('tar', ['-xzf', files[0] ?? '', '-C', scratch]);
    for (const platform of linux) {
      const made = await debianPackage(out, join(scratch, 'package'), platform, { runtimes, level });
      if (made.file) files.push(made.file);
      say(made.file ? `${made.file}: for "apt install"` : `no Debian package for ${platform}: ${made.why}`);
    }
    const bom = join(out, `moult-${serverVersion}.cdx.json`);
    cpSync(join(scratch, 'package/sbom.cdx.json'), bom);
    files.push(bom);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const sums = files.map(
    (file) => `${createHash('sha256').update(readFileSync(file)).digest('hex')}  ${basename(file)}\n`,
  );
  files.push(join(out, 'SHA256SUMS'));
  writeFileSync(join(out, 'SHA256SUMS'), sums.join(''));
  say(`${join(out, 'SHA256SUMS')}: check with "sha256sum --check SHA256SUMS"`);
  return files;
}

function npmPackage(out: string): string {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', out];
  const [{ filename }] = JSON.parse(run('npm', args));
  return join(out, filename);
}

async function debianPackage(
  out: string,
  folder: string,
  platform: (typeof linux)[number],
  { runtimes: packages, level }: { runtimes: readonly string[]; level: number },
): Promise<{ file?: string; why?: string }> {
  try {
    const runtime = await findRuntime(platform, { modules: [join(root, 'node_modules')], packages });
    const { debian: architecture = platform, nodePackage } = platformFacts[platform];
    const file = join(out, `moult_${serverVersion}_${architecture}.deb`);
    const tree = commandTree(await createProgram());
    await writeServerPackage(file, {
      ...{ folder, version: serverVersion, architecture, runtime, level },
      ...{ nodePackage, nodeVersion },
      ...{ unit: serverUnit(root, moultProgram), manPage: manPage(tree, serverVersion) },
      completions: {
        bash: completionScript('bash', tree),
        zsh: completionScript('zsh', tree),
        fish: completionScript('fish', tree),
      },
    });
    return { file };
  } catch (error) {
    if (isReleaseError(error, 'RELEASE_RUNTIME_MISSING')) return { why: error.message };
    throw error;
  }
}

function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args[0]} failed: ${error?.message ?? stderr}`);
  return stdout;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { out: { type: 'string', default: 'packed' }, runtime: { type: 'string', multiple: true, default: [] } },
  });
  await makePackages(resolve(values.out), {
    runtimes: values.runtime,
    say: (line) => console.log(`package: ${line}`),
  });
}
