// The program and the runtime of a bundle, when the agent is uninstalled. They run while they go: Linux allows that, and on
// Windows a program of Windows does it as soon as this process has ended.
import { spawn } from 'node:child_process';
import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { removeFileWhenFree, removeWhenFree, renameWhenFree } from '@moult/disk';
import { placeOf, windowsFolder } from '@moult/releases/bundle';
import type { InstalledBundle } from './installed-bundle.ts';

interface BundleRemoved {
  removed: { what: string; name: string }[];
  left: { what: string; name: string; why: string }[];
}

/** Removes the bundle from where its installer put it. One that a package manager installed, or that lies elsewhere, stays. */
export function removeBundle(bundle: InstalledBundle, { dryRun }: { dryRun: boolean }): BundleRemoved {
  const { brand, folder, format } = bundle;
  const why = stayReason(bundle);
  if (why !== undefined) return { removed: [], left: [{ what: 'program and runtime', name: folder, why }] };
  if (process.platform === 'win32') {
    if (!dryRun) removeWhenEnded(folder);
    return { removed: [{ what: 'program and runtime, a moment later', name: folder }], left: [] };
  }
  const link = join('/usr/local/bin', brand.id);
  const hasLink = isLinkTo(link, join(folder, 'bin', brand.id));
  const names = [...(hasLink ? [link] : []), folder];
  if (!dryRun) {
    if (hasLink) removeFileWhenFree(link);
    // At one stroke: whoever is killed here leaves no half of a program in its place.
    removeWhenFree(`${folder}.old`);
    renameWhenFree(folder, `${folder}.old`);
    for (const ending of ['old', 'new']) removeWhenFree(`${folder}.${ending}`);
  }
  return { removed: names.map((name) => ({ what: `program and runtime (${format})`, name })), left: [] };
}

function stayReason({ brand, folder, format }: InstalledBundle): string | undefined {
  if (format === 'deb') return `it is the Debian package ${brand.id}. Run "dpkg -P ${brand.id}"`;
  if (format === 'msi') return `Windows Installer put it there. Remove ${brand.name} in the list of programs`;
  const place =
    process.platform === 'win32'
      ? join(process.env.ProgramFiles ?? 'C:\\Program Files', windowsFolder(brand))
      : placeOf(brand);
  return folder.toLowerCase() === place.toLowerCase() ? undefined : `the installed one would be in ${place}`;
}

function isLinkTo(link: string, target: string): boolean {
  return lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() === true && readlinkSync(link) === target;
}

/** Windows keeps a program that runs: Node goes when this process has ended. cmd.exe tries ten times in 20 seconds. */
function removeWhenEnded(folder: string): void {
  const windows = process.env.windir ?? 'C:\\Windows';
  const [runtime, program] = [join(folder, 'runtime'), join(folder, 'moult-agent.mjs')];
  const node = join(runtime, 'node.exe');
  const below = [folder, runtime].flatMap((one) => readdirSync(one).map((name) => join(one, name)));
  for (const path of below) if (![runtime, program, node].includes(path)) removeWhenFree(path);
  removeFileWhenFree(program);
  const folders = [runtime, folder, dirname(folder)].map((one) => `rmdir "${one}" 2>nul`).join(' & ');
  // Each step is inside the condition of the one before: what somebody installs here a moment later stays.
  const step = `if exist "${node}" del /f /q "${node}" 2>nul & ${folders} & ping -n 3 127.0.0.1 >nul`;
  const line = Array.from({ length: 10 }, () => step).join(' & ');
  spawn(join(windows, 'System32', 'cmd.exe'), ['/d', '/s', '/c', `"${line}"`], {
    ...{ cwd: windows, detached: true, stdio: 'ignore', windowsHide: true, windowsVerbatimArguments: true },
  }).unref();
}
