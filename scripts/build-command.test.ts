// The bundle of the moult command, on a copy of the repository with one command that says where it runs from.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildCommand, bundledThreads } from './build-command.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));
const main = `
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { repositoryFile, threadProgram } from './repository-file.ts';
const isBundle = new Error('').stack?.includes('/dist/') ?? false;
const beside: string = readFileSync(repositoryFile('packages/cli/src/beside.txt'), 'utf8');
const heard = new Promise((resolve) => new Worker(threadProgram('${bundledThreads[0]}')).once('message', resolve));
export const ended = import('./later.ts').then(async ({ word }) => console.log(isBundle ? 'bundle' : 'sources', beside, word, await heard));
`;

describe('the bundle of the moult command', () => {
  const root = mkdtempSync(join(tmpdir(), 'moult-build-command-'));
  const sources = join(root, 'packages/cli/src');
  after(() => rmSync(root, { recursive: true }));

  beforeEach(async () => {
    rmSync(root, { recursive: true });
    mkdirSync(sources, { recursive: true });
    mkdirSync(join(root, 'packages/cli/bin'));
    cpSync(join(repository, 'packages/cli/bin/moult.js'), join(root, 'packages/cli/bin/moult.js'));
    cpSync(join(repository, 'packages/disk/src/repository-file.ts'), join(sources, 'repository-file.ts'));
    writeFileSync(join(root, 'packages/cli/package.json'), '{"type":"module"}');
    writeFileSync(join(sources, 'main.ts'), main);
    writeFileSync(join(sources, 'later.ts'), `export const word = 'first';\n`);
    writeFileSync(join(sources, 'beside.txt'), 'beside');
    for (const path of bundledThreads) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(
        join(root, path),
        `import { parentPort } from 'node:worker_threads'; parentPort?.postMessage('of a thread' satisfies string);`,
      );
    }
    await buildCommand(root);
  });

  it('is what an installation runs; it loads the rest of itself when asked, and finds the files of the repository', () => {
    // An installation has no TypeScript that Node would run.
    rmSync(join(root, bundledThreads[0] ?? ''));
    assert.equal(moult(), 'bundle beside first of a thread');
  });

  it('stays the same in an installation until it is built again', async () => {
    writeFileSync(join(sources, 'later.ts'), `export const word = 'other';\n`);
    assert.equal(moult(), 'bundle beside first of a thread');
    await buildCommand(root);
    assert.equal(moult(), 'bundle beside other of a thread');
  });

  it('is not what a checkout runs, unless MOULT_BUNDLE asks for it', () => {
    mkdirSync(join(root, '.git'));
    assert.equal(moult(), 'sources beside first of a thread');
    assert.equal(moult({ MOULT_BUNDLE: '1' }), 'bundle beside first of a thread');
    rmSync(join(root, '.git'), { recursive: true });
    // As git worktree makes it.
    writeFileSync(join(root, '.git'), 'gitdir: /elsewhere');
    assert.equal(moult(), 'sources beside first of a thread');
  });

  it('is not needed: without it the sources run', () => {
    rmSync(join(root, 'packages/cli/dist'), { recursive: true });
    assert.equal(moult(), 'sources beside first of a thread');
  });

  it('leaves the one before it for programs that still run, and none that is older', async () => {
    for (const word of ['second', 'third', 'fourth']) {
      writeFileSync(join(sources, 'later.ts'), `export const word = '${word}';\n`);
      await buildCommand(root);
    }
    assert.equal(readdirSync(join(root, 'packages/cli/dist')).filter((name) => name !== 'moult.js').length, 2);
    assert.equal(moult(), 'bundle beside fourth of a thread');
  });

  it('is the same when the sources are the same', async () => {
    const names = () => readdirSync(join(root, 'packages/cli/dist'));
    const before = names();
    await buildCommand(root);
    assert.deepEqual(names(), before);
  });

  function moult(more: Record<string, string> = {}): string {
    const { MOULT_BUNDLE: _, ...environment } = process.env;
    const { stdout, stderr } = spawnSync(process.execPath, [join(root, 'packages/cli/bin/moult.js')], {
      encoding: 'utf8',
      env: { ...environment, ...more },
    });
    assert.equal(stderr, '');
    return stdout.trim();
  }
});
