// The packages of others whose code is inside what Moult ships: esbuild finds them. So the list
// has each package that is inside, and no other.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { bundledThreads } from '../build-command.ts';
import { requireHttp } from '../require-http.ts';

export interface BundledPackage {
  name: string;
  version: string;
  /** As its package.json says: an SPDX expression. */
  license: string;
  /** The texts of its licence and notice files. */
  licenseText: string;
  /** `sha512-…` of package-lock.json. */
  integrity: string;
}

/** The programs in a bundle for a client. */
export const agentPrograms = [
  ...['sus', 'wsus', 'host'].map((name) => `packages/agent/src/${name}/main.ts`),
  'packages/cli/src/agent-main.ts',
];
const nodePrograms = [...agentPrograms, 'packages/cli/src/main.ts', ...bundledThreads];
const browserPrograms = ['packages/console/src/main.tsx', 'packages/console/src/console/main.tsx'];
/** Its runtime is compiled into the two WebAssembly loops (ADR 0016). */
const compiledIn = ['node_modules/assemblyscript'];

/**
 * Sorted by name. Throws when one says no licence. `root`: of the checkout, with its packages installed. `programs`: of Node, in
 * place of all that there are.
 */
export async function bundledPackages(root: string, programs?: readonly string[]): Promise<BundledPackage[]> {
  const inputs = [
    ...(await inputsOf(root, programs ?? nodePrograms, 'node')),
    ...(programs ? [] : await inputsOf(root, browserPrograms, 'browser')),
  ];
  const folders = new Set([...inputs.flatMap((path) => folderOfPackage(path) ?? []), ...compiledIn]);
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const found = [...folders].map((folder) => describe(join(root, folder), lock[folder]?.integrity ?? ''));
  // The same version may lie in several folders.
  return [...new Map(found.map((one) => [`${one.name}@${one.version}`, one])).values()].sort((a, b) =>
    `${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1,
  );
}

/** The text that goes with every copy: who wrote what is inside, and under which terms. */
export function noticesOf(packages: readonly BundledPackage[]): string {
  const parts = packages.map(
    ({ name, version, license, licenseText }) => `${name} ${version}\nLicence: ${license}\n\n${licenseText.trim()}\n`,
  );
  const head = 'Moult is licensed under Apache-2.0 (see LICENSE). These packages of others are inside its programs:\n';
  return [head, ...parts].join(`\n${'-'.repeat(80)}\n\n`);
}

async function inputsOf(root: string, entries: readonly string[], platform: 'node' | 'browser'): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: entries.map((path) => join(root, path)),
    ...{ absWorkingDir: root, outdir: join(root, 'not-written'), bundle: true, splitting: true, format: 'esm' },
    ...{ platform, write: false, metafile: true, logLevel: 'warning' },
    ...(platform === 'node' ? { plugins: [requireHttp], external: ['pg-native'] } : { jsx: 'automatic' }),
  });
  // Only what has bytes in a result: an input that was only read is not inside.
  return Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  );
}

function folderOfPackage(path: string): string | undefined {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
}

function describe(folder: string, integrity: string): BundledPackage {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (typeof license !== 'string') throw new Error(`${name} says no licence in its package.json.`);
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  const licenseText = files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
  const writer = typeof author === 'string' ? author : author?.name;
  return {
    name,
    version,
    license,
    licenseText: licenseText || `Copyright: ${writer ?? `the authors of ${name}`}`,
    integrity,
  };
}
