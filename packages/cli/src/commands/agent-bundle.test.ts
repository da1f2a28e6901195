import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Command } from 'commander';
import { register } from './agent-bundle.ts';

it('a group of two lines makes no bundle, and no line of two', async () => {
  for (const words of [
    ['bundle', '--platform', 'linux-x64'],
    ['install-line', '--server', 'http://wsus:8530'],
  ]) {
    const program = new Command().configureOutput({ writeErr: () => undefined });
    register(program);
    for (const agent of program.commands) for (const one of agent.commands) one.exitOverride();
    const parsed = program.parseAsync(['agent', ...words, '--group', 'a\nb', '--data-dir', '/nowhere'], {
      from: 'user',
    });
    await assert.rejects(parsed, { code: 'commander.invalidArgument', message: /control characters/ });
  }
});
