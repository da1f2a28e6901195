// The files of one version in the form of winget: one, or several that belong together by their names.
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readNamedFile } from './named-file.ts';

/** The texts of the manifest at `path`: of a folder every YAML file, of a file also those of the same version beside it. */
export function readWingetFiles(path: string): string[] {
  return filesOf(path).map((file) => readNamedFile(file).toString('utf8'));
}

const most = 200;

function filesOf(path: string): string[] {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const folder = isFolder ? path : dirname(path);
  const base = basename(path).replace(/(\.installer|\.locale\.[\w-]+)?\.ya?ml$/i, '');
  const belongs = (name: string) =>
    isFolder
      ? /\.ya?ml$/i.test(name)
      : new RegExp(
          `^${base.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(\\.installer|\\.locale\\.[\\w-]+)?\\.ya?ml$`,
          'i',
        ).test(name);
  const found = statSync(folder, { throwIfNoEntry: false })?.isDirectory()
    ? readdirSync(folder).filter(belongs).sort()
    : [];
  return found.length === 0 || found.length > most ? [path] : found.map((name) => join(folder, name));
}
