// Finds what a test opens and leaves open when it fails: a store, a server, a process, a browser, an agent. With one of
// these open, a test file does not end. A test ends them by `await using`, in a hook or in `finally`. Prints each breach
// as file:line.
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { API, type Project } from 'typescript/unstable/sync';
import type { Breach } from './check-structure.ts';
import { Endings } from './cleanup/endings.ts';
import { findOpened } from './cleanup/opened.ts';

/** Each value that the tests of the project at `root` open and do not end. `root` holds a tsconfig.json. */
export function findLeftOpen(root: string): Breach[] {
  const compiler = new API({ cwd: root });
  try {
    const [project] = compiler.updateSnapshot({ openProjects: [join(root, 'tsconfig.json')] }).getProjects();
    if (project === undefined) throw new Error(`no project in ${root}`);
    return testsOf(project).flatMap((file) => leftOpenIn(root, project, file));
  } finally {
    compiler.close();
  }
}

/** Tests, and what several tests share. */
function testsOf({ program }: Project): string[] {
  return program
    .getSourceFileNames()
    .filter((file) => !file.includes('/node_modules/') && /\.test\.ts$|\/test\/.*\.ts$/.test(file))
    .sort();
}

function leftOpenIn(root: string, { program, checker }: Project, file: string): Breach[] {
  const source = program.getSourceFile(file);
  if (source === undefined) return [];
  const opened = findOpened(source, checker);
  const endings = new Endings(source, opened);
  return [...opened.values]
    .filter((call) => !endings.holds(call))
    .map((call) => ({
      file: relative(root, file).replaceAll('\\', '/'),
      line: source.text.slice(0, call.getStart(source)).split('\n').length,
      why: `nobody ends this when the test fails: ${opened.typeOf(call)}. Open it with "await using", or end it in a hook`,
    }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const breaches = findLeftOpen(fileURLToPath(new URL('..', import.meta.url)));
  for (const { file, line, why } of breaches) console.error(`${file}:${line}: ${why}`);
  if (breaches.length === 0) console.log('cleanup: what a test opens ends with it');
  process.exitCode = breaches.length === 0 ? 0 : 1;
}
