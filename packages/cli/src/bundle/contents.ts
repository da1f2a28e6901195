// Reads the contents of a bundle from the data directory of a server: its certificates, its trust metadata, and the
// releases that it offers.
import { join } from 'node:path';
import { isThere } from '@moult/administration';
import { repositoryFile } from '@moult/disk';
import { moultBrand } from '@moult/protocol/self-update';
import { type BundleContents, findRuntime, type Platform, platforms, type Runtime } from '@moult/releases/bundle';
import { isReleaseError, ReleaseError } from '@moult/releases/errors';
import { readNewestRoot } from '@moult/releases/repository';
import { readCurrentReleases } from '@moult/server/tree';
import { readNamedFile } from '../files/named-file.ts';
import { operatorFiles } from '../signing/certificate-files.ts';
import { serviceHostFile } from './installed-bundle.ts';

/** Throws RELEASE_BUNDLE_UNMADE when the server of `dataDir` never started, or this installation was not built. */
export async function readContents(
  dataDir: string,
  pointing: { server?: string; group?: string } = {},
): Promise<BundleContents> {
  const { ca } = operatorFiles(dataDir);
  const trustRoot = readNewestRoot(join(dataDir, 'trust'));
  const releases = await readCurrentReleases(dataDir);
  const has = (kind: string) => releases.some((one) => one.kind === kind);
  if (!isThere(ca) || !trustRoot || !has('wsus') || !has('host')) throw bundleError(neverStarted(dataDir));
  const [program, notices] = ['moult-agent.mjs', 'THIRD-PARTY-NOTICES.txt'].map((name) =>
    built(`packages/agent/dist/command/${name}`),
  ) as [Uint8Array, Uint8Array];
  const serviceHost = repositoryFile(serviceHostFile);
  return {
    brand: releases[0]?.release.brand ?? moultBrand,
    ...{ program, notices, serviceHost: isThere(serviceHost) ? readNamedFile(serviceHost) : undefined },
    releases,
    operatorCertificate: readNamedFile(ca).toString('utf8'),
    trustRoot,
    license: readNamedFile(repositoryFile('LICENSE')),
    ...pointing,
  };
}

/** The runtimes of this installation, and of the given npm packages. A sentence for each platform that has none. */
export async function findRuntimes(
  packages: readonly string[],
): Promise<{ runtimes: Map<Platform, Runtime>; missing: string[] }> {
  const runtimes = new Map<Platform, Runtime>();
  const missing: string[] = [];
  for (const platform of platforms) {
    try {
      runtimes.set(platform, await runtimeOf(platform, packages));
    } catch (error) {
      if (!isReleaseError(error, 'RELEASE_RUNTIME_MISSING')) throw error;
      missing.push(error.message);
    }
  }
  return { runtimes, missing };
}

/** Throws RELEASE_RUNTIME_MISSING and RELEASE_RUNTIME_ALTERED. */
export function runtimeOf(platform: Platform, packages: readonly string[]): Promise<Runtime> {
  // A package that "npm install --global" put beside this one counts too.
  const modules = ['node_modules', '..'].map((folder) => repositoryFile(folder));
  return findRuntime(platform, { modules, packages });
}

function built(name: string): Uint8Array {
  const file = repositoryFile(name);
  if (!isThere(file)) throw bundleError(`${file} is not there. Run "npm run build".`);
  return readNamedFile(file);
}

function neverStarted(dataDir: string): string {
  return `The server of ${dataDir} has no certificate, no trust metadata or no release yet. Start it once with "moult serve".`;
}

function bundleError(text: string): ReleaseError {
  return new ReleaseError('RELEASE_BUNDLE_UNMADE', text);
}
