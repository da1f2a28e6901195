// moult agent, and what an administrator of a server makes for machines that have no agent yet: installers, and the line that
// fetches one. The program of a bundle has commands/agent.ts alone.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { keepFilesPrivate } from '@moult/administration';
import { jsonText } from '@moult/formats/text';
import {
  type BundleContents,
  type BundleFormat,
  bundleFormats,
  bundleVersion,
  installLine,
  installLineForWindows,
  type Platform,
  platformFacts,
  platforms,
  requireFormat,
  rootFingerprint,
  writeBundle,
} from '@moult/releases/bundle';
import { ReleaseError } from '@moult/releases/errors';
import { makeKeptBundles } from '@moult/server';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { findRuntimes, readContents, runtimeOf } from '../bundle/contents.ts';
import { writeMsi } from '../bundle/msi.ts';
import { type AdministrationFlags, requireServer, withServerOptions } from '../server-options.ts';
import { asServerUrl, register as registerAgent } from './agent.ts';

interface CommonFlags extends AdministrationFlags {
  group?: string;
  runtime: string[];
  level: number;
}

interface BundleFlags extends CommonFlags {
  platform: Platform;
  format?: BundleFormat;
  server?: string;
  out: string;
}

export function register(program: Command): void {
  registerAgent(program);
  const agent = program.commands.find((one) => one.name() === 'agent');
  if (!agent) return;
  withCommon(agent.command('bundle'))
    .description('make an installer of the agent that holds its runtime, and the certificate and root that it trusts')
    .addOption(new Option('--platform <name>', 'system of the computers').choices(platforms).makeOptionMandatory())
    .addOption(new Option('--format <format>', 'Default: tar.gz for Linux, zip for Windows').choices(bundleFormats))
    .option('--out <dir>', 'folder for the file', '.')
    .option('--server <url>', 'update server to write into the bundle, as http://host:8530', asServerUrl)
    .action(makeBundle);
  withCommon(agent.command('install-line'))
    .description('make the installers that this server hands out, and print the line that installs the agent')
    .requiredOption('--server <url>', 'this server as its clients call it, as http://host:8530', asServerUrl)
    .action(makeInstallLine);
}

function withCommon(command: Command): Command {
  return withServerOptions(command)
    .option('--group <name>', 'target group of the computers')
    .option('--runtime <file>', 'npm package with Node, from "npm pack". May be repeated', collect, [])
    .option('--level <n>', 'compression, from 0 (none) to 9 (smallest)', asLevel, 6);
}

async function makeBundle(flags: BundleFlags): Promise<void> {
  const { platform, server, group, level, out } = flags;
  const format = flags.format ?? platformFacts[platform].formats[0] ?? 'tar.gz';
  requireFormat({ platform, format });
  const { dataDir } = requireServer({ ...flags });
  const contents = await readContents(dataDir, {
    ...(server === undefined ? {} : { server }),
    ...(group === undefined ? {} : { group }),
  });
  const runtime = await runtimeOf(platform, flags.runtime);
  mkdirSync(out, { recursive: true });
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

async function makeInstallLine(flags: CommonFlags & { server: string }): Promise<void> {
  const { dataDir } = requireServer({ dataDir: flags.dataDir, config: flags.config } as AdministrationFlags);
  keepFilesPrivate(dataDir);
  const contents = await readContents(dataDir);
  const { runtimes, missing } = await findRuntimes(flags.runtime);
  if (runtimes.size === 0) throw new ReleaseError('RELEASE_RUNTIME_MISSING', missing.join(' '));
  const { bundles, scripts } = await makeKeptBundles(dataDir, { contents, runtimes, level: flags.level });
  const parts = {
    ...{ server: flags.server, group: flags.group },
    ...{ script: scripts['install.sh'].sha256, windowsScript: scripts['install.ps1'].sha256 },
  };
  const lines = { linux: installLine(parts), ...(bundles['win-x64'] && { windows: installLineForWindows(parts) }) };
  const trustRoot = rootFingerprint(contents);
  if (flags.json) return void console.log(jsonText({ ...lines, trustRoot, bundles, scripts, missing }));
  console.log(`The agent that these lines install trusts the root with SHA-256 ${trustRoot}.`);
  if (bundles['linux-x64'] ?? bundles['linux-arm64']) console.log(`\nLinux, in a shell:\n\n${lines.linux}`);
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

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

function asLevel(written: string): number {
  if (!/^\d$/.test(written)) throw new InvalidArgumentError('It is a whole number from 0 to 9.');
  return Number(written);
}
