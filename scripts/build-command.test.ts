// The bundle of the moult command, on a checkout of one command that says where it runs from.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildCommand } from './build-command.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));
const main = `
import { readFileSync } from 'node:fs';
const isBundle = new Error('').stack?.includes('/dist/') ?? false;
const beside: string = readFileSync(new URL('beside.txt', import.meta.url), 'utf8');
const commands: Record<string, () => Promise<{ said: string }>> = {
  one: () => import('./commands/one.ts'),
  two: () => import('./commands/two.ts'),
};
const command = await commands[process.argv[2] ?? '']?.();
console.log(isBundle ? 'bundle' : 'sources', beside, command?.said ?? (await import('./later.ts')).word);
`;

describe('the bundle of the moult command', () => {
  const root = mkdtempSync(join(tmpdir(), 'moult-build-command-'));
  const sources = join(root, 'packages/cli/src');
  after(() => rmSync(root, { recursive: true }));

  beforeEach(async () => {
    mkdirSync(join(sources, 'commands'), { recursive: true });
    mkdirSync(join(root, 'packages/cli/bin'), { recursive: true });
    cpSync(join(repository, 'packages/cli/bin/moult.js'), join(root, 'packages/cli/bin/moult.js'));
    writeFileSync(join(root, 'package-lock.json'), '{}');
    writeFileSync(join(root, 'packages/cli/package.json'), '{"type":"module"}');
    writeFileSync(join(sources, 'main.ts'), main);
    writeFileSync(join(sources, 'later.ts'), `export const word = 'first';\n`);
    writeFileSync(join(sources, 'beside.txt'), 'beside');
    writeFileSync(join(sources, 'shared.ts'), `export const shared = 'shared';\n`);
    writeFileSync(join(sources, 'commands/one.ts'), `export { shared as said } from '../shared.ts';\n`);
    writeFileSync(
      join(sources, 'commands/two.ts'),
      `import { shared } from '../shared.ts';\nexport const said = shared + (await import('../later.ts')).word;\n`,
    );
    await buildCommand(root);
  });

  it('is what runs, loads the rest of itself when asked, and finds the files beside its sources', () => {
    assert.equal(moult(), 'bundle beside first');
  });

  it('is passed over as soon as a source is another, and taken again when it was built anew', async () => {
    writeFileSync(join(sources, 'later.ts'), `export const word = 'other';\n`);
    assert.equal(moult(), 'sources beside other');
    await buildCommand(root);
    assert.equal(moult(), 'bundle beside other');
  });

  it('is passed over when a source has only its time changed, and when other libraries were installed', () => {
    utimesSync(join(sources, 'later.ts'), 1, 1);
    assert.equal(moult(), 'sources beside first');
    rmSync(join(root, 'package-lock.json'));
    assert.equal(moult(), 'sources beside first');
  });

  it('is passed over by the commands alone that need what has changed, at once or later', () => {
    utimesSync(join(sources, 'later.ts'), 1, 1);
    assert.equal(moult('one'), 'bundle beside shared');
    assert.equal(moult('two'), 'sources beside sharedfirst');
    utimesSync(join(sources, 'shared.ts'), 1, 1);
    assert.equal(moult('one'), 'sources beside shared');
  });

  it('is passed over by every command when what all begin with has changed', () => {
    assert.equal(moult('one'), 'bundle beside shared');
    utimesSync(join(sources, 'main.ts'), 1, 1);
    assert.equal(moult('one'), 'sources beside shared');
  });

  it('is not needed', () => {
    rmSync(join(root, 'packages/cli/dist'), { recursive: true });
    assert.equal(moult(), 'sources beside first');
  });

  it('leaves the one before it for programs that still run, and none that is older', async () => {
    for (const word of ['second', 'third', 'fourth']) {
      writeFileSync(join(sources, 'later.ts'), `export const word = '${word}';\n`);
      await buildCommand(root);
    }
    assert.equal(readdirSync(join(root, 'packages/cli/dist')).filter((name) => name !== 'command.json').length, 2);
    assert.equal(moult(), 'bundle beside fourth');
  });

  function moult(...args: string[]): string {
    const { stdout, stderr } = spawnSync(process.execPath, [join(root, 'packages/cli/bin/moult.js'), ...args], {
      encoding: 'utf8',
    });
    assert.equal(stderr, '');
    return stdout.trim();
  }
});
