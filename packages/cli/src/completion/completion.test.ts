// The completion scripts in the shells themselves, where this machine has them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { createProgram } from '../run.ts';
import { commandTree } from './command-tree.ts';
import { completionScript, shells } from './scripts.ts';

const tree = commandTree(await createProgram());

function completedByBash(line: string): string[] {
  const words = line.split(' ');
  const script = `${completionScript('bash', tree)}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=${words.length - 1}
_moult
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout.split('\n').filter((word) => word !== '');
}

describe('the completion of bash', () => {
  it('names the commands, those below a command, and the options of the one that is typed', () => {
    assert.deepEqual(
      completedByBash('moult comp'),
      ['computers', 'completion'].filter((one) => one.startsWith('comp')),
    );
    assert.deepEqual(completedByBash('moult computers sh'), ['show']);
    assert.ok(completedByBash('moult computers list --').includes('--group'));
    assert.deepEqual(completedByBash('moult --ver'), ['--version']);
  });

  it('knows nothing of what does not exist', () => {
    assert.deepEqual(completedByBash('moult computers list frob'), []);
  });
});

describe('every completion script', () => {
  it('names every command', () => {
    for (const shell of shells) {
      const script = completionScript(shell, tree);
      for (const { name } of tree)
        for (const word of name.split(' ')) assert.ok(script.includes(word), `${shell}: ${name}`);
    }
  });
});
