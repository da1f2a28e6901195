// Does what the recipes of docs/contributing say, on a copy of the repository: makes the files, inserts the lines, compiles
// everything, and runs the tests that the recipes bring along.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const recipes = readdirSync(join(root, 'docs/contributing')).filter((name) => name !== 'index.md');

it('what the recipes say compiles, passes the checks, and passes its tests', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'moult-recipes-'));
  copyRepository(folder.path);
  const files = recipes.flatMap((name) =>
    followRecipe(readFileSync(join(root, 'docs/contributing', name), 'utf8'), folder.path),
  );
  const tests = files.filter((file) => file.endsWith('.test.ts'));
  assert.equal(tests.length, recipes.length, 'each recipe brings a test along');
  run(folder.path, 'node_modules/typescript/bin/tsc');
  run(folder.path, 'scripts/check-structure.ts');
  for (const check of ['citations', 'words', 'exports']) run(folder.path, `scripts/check-${check}.ts`);
  const more = ['packages/store/src/contract/contract.test.ts', 'packages/store/src/tables.test.ts'];
  run(folder.path, '--test', ...tests, ...more, 'packages/doctor/src/words/pages.test.ts');
});

const copied = ['packages', 'scripts', 'conformance', 'bench', 'docs', 'examples', 'package.json', 'tsconfig.json'];

function copyRepository(target: string): void {
  const pages = readdirSync(root).filter((name) => name.endsWith('.md'));
  for (const name of [...copied, ...pages]) {
    cpSync(join(root, name), join(target, name), {
      recursive: true,
      filter: (path) => !/[\\/](?:node_modules|dist)$/.test(path),
    });
  }
  symlinkSync(join(root, 'fixtures'), join(target, 'fixtures'));
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name === '@moult' || name === '.cache') continue;
    mkdirSync(join(target, 'node_modules'), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(target, 'node_modules', name));
  }
  // Our own packages are those of the copy.
  mkdirSync(join(target, 'node_modules/@moult'));
  for (const name of readdirSync(join(root, 'node_modules/@moult'))) {
    symlinkSync(readlinkSync(join(root, 'node_modules/@moult', name)), join(target, 'node_modules/@moult', name));
  }
}

const step =
  /(?:New file `(?<made>[^`]+)`|In `(?<changed>[^`]+)`, (?<where>after|before) `(?<line>[^\n]+)`):\n\n```\w+\n(?<text>[\s\S]*?)```\n/g;

/** Answers the files that the recipe makes. */
function followRecipe(recipe: string, target: string): string[] {
  const made: string[] = [];
  const steps = [...recipe.matchAll(step)];
  assert.equal(steps.length, recipe.match(/^```\w/gm)?.length, 'each piece of code has a place that is named');
  for (const { groups = {} } of steps) {
    const { changed, where, line = '', text = '' } = groups;
    const file = join(target, groups.made ?? changed ?? '');
    if (groups.made !== undefined) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text, { flag: 'wx' });
      made.push(groups.made);
      continue;
    }
    const lines = readFileSync(file, 'utf8').split('\n');
    const found = lines.flatMap((one, at) => (one.trimStart().startsWith(line.trim()) ? [at] : []));
    assert.equal(found.length, 1, `${changed} has ${found.length} lines that begin with: ${line}`);
    lines.splice((found[0] ?? 0) + (where === 'after' ? 1 : 0), 0, text.trimEnd());
    writeFileSync(file, lines.join('\n'));
  }
  for (const [, script = ''] of recipe.matchAll(/Then run `node (scripts\/[\w-]+\.ts)`/g)) run(target, script);
  return made;
}

function run(folder: string, ...args: string[]): void {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8' });
  assert.equal(status, 0, `node ${args.join(' ')}\n${stdout}\n${stderr}`);
}
