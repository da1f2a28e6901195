// Which computer a log belongs to, by its name and its folder.
import { basename, dirname } from 'node:path';

/** The client that a log belongs to: where it has the name Windows gives it, its folder without Windows' own folders. */
export function clientNameOf(path: string): string {
  if (!/^(windows ?update|reportingevents|urllog)/i.test(basename(path))) return basename(path);
  const own = /[\\/](Windows|SoftwareDistribution|WINNT|System32|Logs?|LogFiles|Program Files|WindowsUpdate|V4)$/i;
  let folder = dirname(path);
  while (own.test(folder)) folder = dirname(folder);
  const name = basename(folder);
  return name === '' || name === '.' ? basename(path) : name;
}
