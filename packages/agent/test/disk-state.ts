// The disk of a machine as two machines can be compared by it, and moved from one server to another.
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { MachineRoot } from '../src/machine/machine-root.ts';

/**
 * Every file with what is in it, without what differs from run to run (process ids, times, addresses, log lines) and
 * without what no start ever reads: files beside the one that they were to become, and a dead host's lock.
 */
export function diskState({ folder }: MachineRoot): string[] {
  const states = globSync('**', { cwd: folder })
    .filter((name) => !/\.\d+\.tmp$|\.lock\.\d+$|(host|launcher)\.lock$/.test(name))
    .map((name) => {
      const file = join(folder, name);
      const known = name.replace(/(staging|room)-\d+.*/, '$1').replace(/gone-[0-9a-f]+.*/, 'gone');
      return `${known.replace(/(EventCache.)[^.]+/, '$1ID')} ${statSync(file).isDirectory() || known !== name ? '' : digest(file)}`;
    });
  return [...new Set(states)].sort();
}

function digest(file: string): string {
  const name = basename(file);
  if (/\.log$|\.lock$/.test(name)) return statSync(file).size === 0 ? 'empty' : 'written';
  const text = readFileSync(file)
    .toString(/\.reg(\.|$)/.test(name) ? 'utf16le' : 'latin1')
    .replace(/127\.0\.0\.1:\d+/g, 'SERVER')
    .replace(/[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}/gi, 'ID')
    .replace(/X=\d+/g, 'X')
    .replace(/\d{4}[.-]\d\d[.-]\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?/g, 'TIME');
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** As if the machine had always known its server by another address: nothing else is written, no lock is taken. */
export function pointDiskAt(root: MachineRoot, from: string, to: string): void {
  const files = ['registry.reg*', 'Program Files/WindowsUpdate/V4/urllog.dat*'];
  for (const name of globSync(files, { cwd: root.folder })) {
    const file = join(root.folder, name);
    if (!existsSync(file) || /\.lock/.test(name)) continue;
    const encoding = name.startsWith('registry') ? 'utf16le' : 'latin1';
    const { atime, mtime } = statSync(file);
    writeFileSync(file, readFileSync(file).toString(encoding).replaceAll(from, to), encoding);
    utimesSync(file, atime, mtime);
  }
}
