// The files of a bundle: a folder with everything that installs an agent. It contains nothing of a server that the
// agent must trust on first use.
import { createHash, X509Certificate } from 'node:crypto';
import type { ArchivedFile } from '@moult/formats/archives';
import { type Brand, encodeRelease, parseBrand, type Release, releaseFileName } from '@moult/protocol/self-update';
import { installScript, installScriptForWindows, startCommand, startCommandForWindows } from './installed-scripts.ts';
import { type BundleFormat, isWindows, nodeVersion, type Platform, platformFacts } from './platforms.ts';
import type { Runtime } from './runtime.ts';

interface BundledRelease {
  /** The generation of an agent, or `host`. */
  kind: string;
  release: Release;
  /** By the names in `release.files`. */
  files: ReadonlyMap<string, Uint8Array>;
}

/** The contents that bundles of all platforms share. */
export interface BundleContents {
  brand: Brand;
  /** The program `moult-agent` (scripts/build.ts). */
  program: Uint8Array;
  releases: readonly BundledRelease[];
  /** PEM. */
  operatorCertificate: string;
  trustRoot: Uint8Array;
  license: Uint8Array;
  /** The licences of the packages of others that are inside the programs. */
  notices: Uint8Array;
  /** The program that answers the Service Control Manager. Without it, Windows has a scheduled task. */
  serviceHost?: Uint8Array | undefined;
  /** Without it, whoever installs says which server. */
  server?: string;
  group?: string;
}

interface BundleKind {
  platform: Platform;
  format: BundleFormat;
}

/**
 * The files, sorted by name, each below a folder that is called as the brand's id. Throws PROTOCOL_RELEASE_MALFORMED for names that are
 * not safe in the scripts and packages, which root runs: whoever made `contents`, nothing is written then.
 */
export function bundleFiles(contents: BundleContents, kind: BundleKind, runtime: Runtime): ArchivedFile[] {
  const { platform } = kind;
  const { program, releases, operatorCertificate, trustRoot, license, notices, serviceHost } = contents;
  const brand = parseBrand(contents.brand);
  const files = [
    plain('LICENSE', license),
    plain('THIRD-PARTY-NOTICES.txt', notices),
    plain('bundle.json', description(contents, kind)),
    plain('moult-agent.mjs', program),
    plain('operator-ca.cer', operatorCertificate),
    plain('trust-root.json', trustRoot),
    plain('runtime/LICENSE', runtime.license),
    ...releases.flatMap(filesOf),
    {
      ...{ kind: 'file' as const, name: `runtime/${isWindows(platform) ? 'node.exe' : 'node'}`, isExecutable: true },
      ...{ sizeBytes: runtime.sizeBytes, read: () => runtime.read() },
    },
    ...(isWindows(platform) && serviceHost ? [plain('runtime/agent-service.exe', serviceHost)] : []),
    ...(isWindows(platform)
      ? [plain(`${brand.id}.cmd`, startCommandForWindows()), plain('install.ps1', installScriptForWindows(brand))]
      : [program755(`bin/${brand.id}`, startCommand()), program755('install.sh', installScript(brand))]),
  ];
  return files
    .map((file) => ({ ...file, name: `${brand.id}/${file.name}` }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The version that a package of these contents has: that of the agent that it installs. */
export function bundleVersion({ releases }: Pick<BundleContents, 'releases'>): string {
  return releases.find(({ kind }) => kind === 'wsus')?.release.version ?? '0.0.0.0';
}

/** SHA-256 of the pinned root, lower-case hexadecimal. */
export function rootFingerprint({ trustRoot }: Pick<BundleContents, 'trustRoot'>): string {
  return createHash('sha256').update(trustRoot).digest('hex');
}

function description(contents: BundleContents, { platform, format }: BundleKind): string {
  const { brand, releases, operatorCertificate, server, group } = contents;
  const text = {
    ...{ brand, platform, format, node: nodeVersion, package: platformFacts[platform].nodePackage },
    releases: releases.map(({ kind, release }) => `${kind} ${release.version}`),
    operator: new X509Certificate(operatorCertificate).fingerprint256,
    trustRoot: rootFingerprint(contents),
    ...(server === undefined ? {} : { server }),
    ...(group === undefined ? {} : { group }),
  };
  return `${JSON.stringify(text, undefined, 2)}\n`;
}

function filesOf({ kind, release, files }: BundledRelease): ArchivedFile[] {
  const folder = `releases/${kind}/${release.version}`;
  return [
    plain(`${folder}/${releaseFileName}`, encodeRelease(release)),
    ...release.files.map(({ name }) => plain(`${folder}/${name}`, files.get(name) ?? Buffer.of())),
  ];
}

function plain(name: string, content: Uint8Array | string): ArchivedFile {
  const bytes = Buffer.from(content);
  return { kind: 'file', name, sizeBytes: bytes.length, isExecutable: false, read: () => [bytes] };
}

function program755(name: string, content: string): ArchivedFile {
  return { ...plain(name, content), isExecutable: true };
}
