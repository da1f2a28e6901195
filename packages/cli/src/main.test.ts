import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { descriptions } from './commands/descriptions.ts';
import { commands } from './commands/index.ts';
import { createProgram } from './run.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const moult = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });

describe('moult', () => {
  it('lists every command when asked for help, and says its version', () => {
    const { status, stdout } = moult('--help');
    assert.equal(status, 0);
    for (const name of Object.keys(commands)) assert.match(stdout, new RegExp(`^  ${name}\\b`, 'm'));
    assert.match(moult('--version').stdout, /^\d+\.\d+\.\d+\n$/);
  });

  it('says of each command what the command itself says, and loads none for that', async () => {
    const whole = await createProgram();
    assert.deepEqual(
      Object.fromEntries(whole.commands.map((command) => [command.name(), command.description()])),
      descriptions,
    );
    const listed = await createProgram('--help');
    assert.equal(listed.helpInformation(), whole.helpInformation());
    assert.deepEqual(new Set(listed.commands.flatMap(({ options }) => options)), new Set());
    assert.match(moult('help', 'groups').stdout, /Usage: moult groups[\s\S]*rename/);
  });

  it('ends with 2 on a command it does not know, and names the one that was meant', () => {
    const { status, stderr } = moult('docter');
    assert.equal(status, 2);
    assert.match(stderr, /doctor/);
    assert.equal(moult('constructor').status, 2);
  });

  it('begins every error of its command line with a code, and says it as JSON when asked', () => {
    for (const args of [['docter'], ['clock', '--nosuch'], ['approve'], ['agent', 'install', '--server', 'foo']]) {
      const { stdout, stderr } = moult(...args, '--json');
      assert.match(stderr, /^moult: CLI_USAGE: /, args.join(' '));
      assert.equal(JSON.parse(stdout).error.code, 'CLI_USAGE');
    }
  });
});
