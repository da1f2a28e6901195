// The work of `moult agent bundle` and `moult agent install-line`. The other commands of the agent do not load this
// file, and so start without the server.

import { join, resolve } from 'node:path';
import { keepFilesPrivate } from '@moult/administration';
import { makeFolders } from '@moult/disk';
import { jsonText } from '@moult/formats/text';
import {
  type BundleContents,
  type BundleFormat,
  bundleVersion,
  type Platform,
  platformFacts,
  requireFormat,
  rootFingerprint,
  writeBundle,
} from '@moult/releases/bundle';
import { ReleaseError } from '@moult/releases/errors';
import { installLinesOf, makeKeptBundles } from '@moult/server';
import type { AdministrationFlags } from '../server-flags.ts';
import { requireServer } from '../server-options.ts';
import { findRuntimes, readContents, runtimeOf } from './contents.ts';
import { writeMsi } from './msi.ts';

interface CommonFlags extends AdministrationFlags {
  group?: string;
  runtime: string[];
  level: number;
}

export interface BundleFlags extends CommonFlags {
  platform: Platform;
  format?: BundleFormat;
  server?: string;
  out: string;
}

export interface InstallLineFlags extends CommonFlags {
  server: string;
}

/** Writes the installer and tells its digests. Throws ReleaseError and ServerError. */
export async function makeBundle(flags: BundleFlags): Promise<void> {
  const { platform, server, group, level, out } = flags;
  const format = flags.format ?? platformFacts[platform].formats[0] ?? 'tar.gz';
  requireFormat({ platform, format });
  const { dataDir } = requireServer({ ...flags });
  const contents = await readContents(dataDir, {
    ...(server === undefined ? {} : { server }),
    ...(group === undefined ? {} : { group }),
  });
  const runtime = await runtimeOf(platform, flags.runtime);
  makeFolders(out);
  const file = join(resolve(out), fileName(contents, platform, format));
  const written =
    format === 'msi'
      ? await writeMsi(file, contents, { platform, runtime })
      : await writeBundle(file, contents, { platform, format, runtime, level });
  const known = { file, platform, format, ...written, trustRoot: rootFingerprint(contents) };
  if (flags.json) return void console.log(jsonText(known));
  console.log(`${file} (${written.sizeBytes} bytes)`);
  console.log(`  SHA-256    ${written.sha256}`);
  console.log(`  trusts     root, SHA-256 ${known.trustRoot}`);
  if (server === undefined) console.error('note: it holds no server. Whoever installs it names one.');
}

/** Makes the installers that the server hands out and prints the lines. Throws ReleaseError and ServerError. */
export async function makeInstallLine(flags: InstallLineFlags): Promise<void> {
  const { dataDir } = requireServer({ dataDir: flags.dataDir, config: flags.config } as AdministrationFlags);
  keepFilesPrivate(dataDir);
  const contents = await readContents(dataDir);
  const { runtimes, missing } = await findRuntimes(flags.runtime);
  if (runtimes.size === 0) throw new ReleaseError('RELEASE_RUNTIME_MISSING', missing.join(' '));
  const kept = await makeKeptBundles(dataDir, { contents, runtimes, level: flags.level });
  const { bundles, scripts, trustRoot } = kept;
  const lines = installLinesOf(kept, flags);
  if (flags.json) return void console.log(jsonText({ ...lines, trustRoot, bundles, scripts, missing }));
  console.log(`The agent that these lines install trusts the root with SHA-256 ${trustRoot}.`);
  if (lines.linux) console.log(`\nLinux, in a shell:\n\n${lines.linux}`);
  if (lines.windows) console.log(`\nWindows, in PowerShell as an administrator:\n\n${lines.windows}`);
  for (const sentence of missing) console.error(`note: ${sentence}`);
}

/** As dpkg and other tools expect it. */
function fileName(contents: BundleContents, platform: Platform, format: BundleFormat): string {
  const version = bundleVersion(contents);
  const { id } = contents.brand;
  if (format === 'deb') return `${id}_${version}_${platformFacts[platform].debian}.deb`;
  return `${id}-${version}-${platform}.${format}`;
}
