// The Node that goes into a bundle: from the npm package that is installed, or as `npm pack` fetches it. A fetched package
// counts only if package-lock.json pins it.
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { readOutside } from '@moult/disk';
import { tarMember } from '@moult/formats/archives';
import { bundleBounds } from '../bounds.ts';
import { ReleaseError } from '../errors.ts';
import { nodeVersion, type Platform, platformFacts, platforms } from './platforms.ts';

export interface Runtime {
  sizeBytes: number;
  read(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  license: Uint8Array;
}

interface RuntimePlaces {
  /** Folders node_modules of this installation: the first one that has it counts. */
  modules: readonly string[];
  /** Packages as `npm pack` fetches them, for any platform. */
  packages: readonly string[];
}

/** Throws RELEASE_RUNTIME_MISSING, which says how to fetch it, and RELEASE_RUNTIME_ALTERED for a package that is another. */
export async function findRuntime(platform: Platform, { modules, packages }: RuntimePlaces): Promise<Runtime> {
  const given = packages.map((file) => ({ file, ...readPackage(file) })).find((one) => one.platform === platform);
  if (given) return await unpack(given.file, given.bytes, platform);
  for (const folder of modules) {
    const installed = installedRuntime(join(folder, platformFacts[platform].nodePackage), platform);
    if (installed) return installed;
  }
  const what = `${platformFacts[platform].nodePackage}@${nodeVersion}`;
  const file = `${platformFacts[platform].nodePackage}-${nodeVersion}.tgz`;
  const text = `The npm package ${what} is not installed here, and a bundle for ${platform} needs its Node. Run "npm pack ${what}", then add --runtime ${file}.`;
  throw new ReleaseError('RELEASE_RUNTIME_MISSING', text);
}

function installedRuntime(folder: string, platform: Platform): Runtime | undefined {
  const program = join(folder, platformFacts[platform].program);
  const stats = statSync(program, { throwIfNoEntry: false });
  if (!stats?.isFile() || versionOf(folder) !== nodeVersion) return undefined;
  return {
    sizeBytes: stats.size,
    read: () => createReadStream(program),
    license: readOutside(join(folder, 'LICENSE')),
  };
}

function versionOf(folder: string): unknown {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
  } catch {
    return undefined;
  }
}

function readPackage(file: string): { platform: Platform; bytes: Uint8Array } {
  const bytes = readOutside(file, { maxBytes: bundleBounds.maxRuntimeBytes });
  const digest = createHash('sha512').update(bytes).digest('base64');
  const platform = platforms.find((one) => platformFacts[one].integrity === digest);
  if (platform) return { platform, bytes };
  const names = platforms.map((one) => platformFacts[one].nodePackage).join(', ');
  const text = `${file} is not one of the packages that this release pins: ${names}, each of version ${nodeVersion}. Fetch it again with "npm pack".`;
  throw new ReleaseError('RELEASE_RUNTIME_ALTERED', text);
}

const inflate = promisify(gunzip);

async function unpack(file: string, bytes: Uint8Array, platform: Platform): Promise<Runtime> {
  const archive = await inflate(bytes, { maxOutputLength: bundleBounds.maxRuntimeBytes * 4 });
  const member = (name: string) => {
    const found = tarMember(archive, `package/${name}`);
    if (found) return found;
    throw new ReleaseError('RELEASE_RUNTIME_ALTERED', `${file} has no ${name} in it.`);
  };
  const program = member(platformFacts[platform].program);
  return { sizeBytes: program.length, read: () => [program], license: member('LICENSE') };
}
