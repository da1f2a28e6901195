// A Windows Installer package of a bundle, made by wixl (Debian package wixl). wixl writes the time of day and a random
// package code. Moult replaces both, so that the same contents give the same package.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, readFileSync, utimesSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { makeFolders } from '@moult/disk';
import {
  type BundleContents,
  bundleFiles,
  type Platform,
  type Runtime,
  replaceWhole,
  requireSize,
  type WrittenBundle,
} from '@moult/releases/bundle';
import { ReleaseError } from '@moult/releases/errors';
import { guidOf } from './guid.ts';
import { settleSummary } from './msi-summary.ts';
import { installerSource } from './wxs.ts';

const fileTime = new Date('2020-01-01T00:00:00Z');

/**
 * Writes the package to `target`, as replaceWhole does. Throws RELEASE_BUNDLE_UNMADE when wixl is not there or refuses, and beyond
 * bundle.max-bytes, and RELEASE_REPOSITORY_UNWRITABLE.
 */
export function writeMsi(
  target: string,
  contents: BundleContents,
  order: { platform: Platform; runtime: Runtime },
): Promise<WrittenBundle> {
  return replaceWhole(target, async (draft) => {
    const bytes = await makeMsi(`${draft}-data`, contents, order);
    requireSize(bytes.length);
    await writeFile(draft, bytes, { flush: true });
    return { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length };
  });
}

/** `scratch`: a folder that is made, and stays. */
async function makeMsi(
  scratch: string,
  contents: BundleContents,
  { platform, runtime }: { platform: Platform; runtime: Runtime },
): Promise<Uint8Array> {
  const digest = createHash('sha256');
  const names: string[] = [];
  for (const { name, read } of bundleFiles(contents, { platform, format: 'msi' }, runtime)) {
    const file = join(scratch, name);
    makeFolders(dirname(file));
    digest.update(`${name}\0`);
    await pipeline(async function* () {
      for await (const piece of read()) {
        digest.update(piece);
        yield piece;
      }
    }, createWriteStream(file));
    utimesSync(file, fileTime, fileTime);
    names.push(name);
  }
  const identity = digest.digest('hex');
  await writeFile(join(scratch, 'agent.wxs'), installerSource(contents, names, identity));
  runWixl(scratch);
  return settleSummary(readFileSync(join(scratch, 'agent.msi')), guidOf(`package ${identity}`));
}

function runWixl(folder: string): void {
  const { status, error, stderr } = spawnSync('wixl', ['--arch', 'x64', '--output', 'agent.msi', 'agent.wxs'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' },
  });
  if (status === 0) return;
  const isMissing = (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
  const why = isMissing
    ? 'The program wixl is not installed. On Debian: apt-get install wixl. Or use --format zip.'
    : `wixl ended with ${status ?? error?.message}: ${stderr.trim().split('\n').at(-1)}`;
  throw new ReleaseError('RELEASE_BUNDLE_UNMADE', why);
}
