// DIR/agent-bundles: the installers that a server hands out. Each file is called by its SHA-256, and one index, switched by
// a rename, says which ones are current. Only an administrator's command makes them: no request does.
import { createHash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FolderTree, readOwnFile } from '@moult/disk';
import {
  type BundleContents,
  isWindows,
  type Platform,
  platforms,
  type Runtime,
  rootFingerprint,
  type ServedBundle,
  servedScript,
  servedScriptForWindows,
  writeBundle,
} from '@moult/releases/bundle';
import { ReleaseError } from '@moult/releases/errors';
import { withDiskTrouble } from '@moult/store';
import { makePrivateFolder, withGuard } from '@moult/store/data-dir';
import { bundleSiteBounds } from '../../bounds.ts';

export interface KeptFile {
  /** Its name in the folder. */
  file: string;
  sha256: string;
  sizeBytes: number;
}

const scriptNames = ['install.sh', 'install.ps1'] as const;
export type ScriptName = (typeof scriptNames)[number];

/** The bundles and scripts that the site hands out. */
export interface KeptBundles {
  /** SHA-256 of the root that the agent of the bundles trusts. An index of a version before this one does not have it. */
  trustRoot: string | undefined;
  bundles: Partial<Record<Platform, KeptFile>>;
  scripts: Record<ScriptName, KeptFile>;
}

interface BundleOrder {
  contents: BundleContents;
  /** Those of the platforms that can be bundled. */
  runtimes: ReadonlyMap<Platform, Runtime>;
  /** 0 stores, 9 is the smallest. */
  level: number;
}

/**
 * Makes the bundles and the scripts, and hands them out from then on. The same contents give the same files. One process makes
 * them at a time. Throws RELEASE_BUNDLE_UNMADE when another one is at it for too long, or when they are too large together, and
 * SERVER_DISK_FULL.
 */
export async function makeKeptBundles(dataDir: string, order: BundleOrder): Promise<KeptBundles> {
  const guard = join(dataDir, 'agent-bundles.guard');
  const done = await withGuard(guard, bundleSiteBounds.patienceMs, () =>
    withDiskTrouble('The installers of the agent cannot be written', () => makeAll(dataDir, order)),
  );
  if (done) return done.result;
  throw new ReleaseError(
    'RELEASE_BUNDLE_UNMADE',
    'Another command makes the installers of this server now. Try again later.',
  );
}

/** Undefined while none were made. A damaged index counts as none. */
export function readKeptBundles(dataDir: string): KeptBundles | undefined {
  try {
    const bytes = readOwnFile(indexFile(dataDir), { maxBytes: 65_536, followLink: false });
    return bytes && parseIndex(JSON.parse(bytes.toString('utf8')));
  } catch {
    return undefined;
  }
}

export function bundlesFolder(dataDir: string): string {
  return join(dataDir, 'agent-bundles');
}

export function indexFile(dataDir: string): string {
  return join(bundlesFolder(dataDir), indexName);
}

const indexName = 'index.json';
const draftName = 'draft';

async function makeAll(dataDir: string, { contents, runtimes, level }: BundleOrder): Promise<KeptBundles> {
  const folder = bundlesFolder(dataDir);
  makePrivateFolder(folder);
  // Root writes here for the server's user, who may have put a link in the place of the folder.
  if (!lstatSync(folder).isDirectory())
    throw new ReleaseError('RELEASE_BUNDLE_UNMADE', `${folder} is not a folder. Remove it.`);
  const made: ServedBundle[] = [];
  const kept: KeptBundles['bundles'] = {};
  for (const [platform, runtime] of runtimes) {
    const format = isWindows(platform) ? 'zip' : 'tar.gz';
    const draft = join(folder, draftName);
    const written = await writeBundle(draft, contents, { platform, format, runtime, level });
    made.push({ platform, ...written });
    const file = `${written.sha256}.${format}`;
    await rename(draft, join(folder, file));
    kept[platform] = { file, ...written };
    requireRoom(made);
  }
  const tree = new FolderTree(folder);
  try {
    const { brand } = contents;
    const scripts = {
      'install.sh': keepScript(tree, servedScript(brand, made), 'sh'),
      'install.ps1': keepScript(tree, servedScriptForWindows(brand, made), 'ps1'),
    };
    const index = { trustRoot: rootFingerprint(contents), bundles: kept, scripts };
    tree.write(indexName, Buffer.from(`${JSON.stringify(index, undefined, 2)}\n`), { durable: true, mode: 0o644 });
    await removeOthers(folder, index);
    return index;
  } finally {
    tree.close();
  }
}

function requireRoom(made: readonly ServedBundle[]): void {
  const total = made.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (total <= bundleSiteBounds.maxKeptBytes) return;
  const text = `The installers are larger than ${bundleSiteBounds.maxKeptBytes} bytes together (agent-bundles.max-kept-bytes). Raise this limit if that is meant.`;
  throw new ReleaseError('RELEASE_BUNDLE_UNMADE', text);
}

function keepScript(tree: FolderTree, text: string, ending: string): KeptFile {
  const bytes = Buffer.from(text);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const file = `${sha256}.${ending}`;
  tree.write(file, bytes, { durable: true, mode: 0o644 });
  return { file, sha256, sizeBytes: bytes.length };
}

/** Also what a killed run left. A client that fetches one of them now has it open, and ends well. */
async function removeOthers(folder: string, { bundles, scripts }: KeptBundles): Promise<void> {
  const current = new Set([
    indexName,
    ...[...Object.values(bundles), ...Object.values(scripts)].map(({ file }) => file),
  ]);
  for (const name of await readdir(folder)) if (!current.has(name)) await rm(join(folder, name), { recursive: true });
}

function parseIndex(value: {
  trustRoot?: unknown;
  bundles?: Record<string, unknown>;
  scripts?: Record<string, unknown>;
}): KeptBundles | undefined {
  const scripts = Object.fromEntries(scriptNames.map((name) => [name, parseFile(value.scripts?.[name])]));
  if (Object.values(scripts).includes(undefined)) return undefined;
  const bundles = platforms.flatMap((platform) => {
    const file = parseFile(value.bundles?.[platform]);
    return file ? [[platform, file]] : [];
  });
  const { trustRoot: said } = value;
  const trustRoot = typeof said === 'string' && /^[\da-f]{64}$/.test(said) ? said : undefined;
  return { trustRoot, bundles: Object.fromEntries(bundles), scripts: scripts as KeptBundles['scripts'] };
}

function parseFile(value: unknown): KeptFile | undefined {
  const { file, sha256, sizeBytes } = (value ?? {}) as Record<string, unknown>;
  if (typeof file !== 'string' || !/^[\da-f]{64}\.(?:tar\.gz|zip|sh|ps1)$/.test(file)) return undefined;
  return typeof sizeBytes === 'number' && sha256 === file.slice(0, 64) ? { file, sha256, sizeBytes } : undefined;
}
