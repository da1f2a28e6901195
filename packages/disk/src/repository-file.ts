// Files of Moult itself: documents, tables and built programs that code reads while it runs. Code may run from its
// sources or from a bundle in another folder. So it names such a file by its path from the root of the repository.
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let root: string | undefined;

/** The absolute path of a file or folder of Moult. `path` is its path from the root of the repository. */
export function repositoryFile(path: string): string {
  root ??= rootAbove(dirname(fileURLToPath(import.meta.url)));
  return join(root, path);
}

/**
 * The absolute path of the program of a thread. `path` is the path of its source from the root of the repository. Beside a
 * bundle lies a bundled program of the same name: Node runs no TypeScript below node_modules, where an installation is.
 */
export function threadProgram(path: string): string {
  const folder = dirname(fileURLToPath(import.meta.url));
  const bundled = join(folder, basename(path).replace(/\.ts$/, '.js'));
  return existsSync(bundled) ? bundled : repositoryFile(path);
}

function rootAbove(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'packages/cli/package.json'))) return folder;
    if (folder === dirname(folder)) throw new Error(`No folder above ${start} holds the packages of Moult.`);
  }
}
