import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Command } from 'commander';
import { commandExamples } from './command-examples.ts';
import { createProgram } from './run.ts';

describe('the examples of commands', () => {
  it('are there for every command that does something, and for no other', async () => {
    const leaves = [...commandsOf(await createProgram())]
      .filter(([name, command]) => command.commands.length === 0 || Object.hasOwn(commandExamples, name))
      .map(([name]) => name);
    assert.deepEqual(Object.keys(commandExamples).sort(), leaves.sort());
  });

  it('are understood by their command, and shown in its help', async () => {
    const commands = commandsOf(await createProgram());
    for (const [name, example] of Object.entries(commandExamples)) {
      const command = commands.get(name) ?? assert.fail(name);
      const words = wordsOf(example);
      assert.deepEqual(words.slice(0, name.split(' ').length + 1).join(' '), `moult ${name}`);
      const { operands, unknown } = command.parseOptions(words.slice(name.split(' ').length + 1));
      assert.deepEqual(unknown, [], example);
      const required = command.registeredArguments.filter((argument) => argument.required).length;
      assert.ok(operands.length >= required, `${example}: ${required} arguments`);
      assert.match(helpOf(command), /\nExample:\n {2}moult /, name);
    }
  });
});

function commandsOf(program: Command): Map<string, Command> {
  const found = new Map<string, Command>();
  const visit = (command: Command, path: readonly string[]) => {
    if (path.length > 0) found.set(path.join(' '), command);
    for (const child of command.commands) visit(child, [...path, child.name()]);
  };
  visit(program, []);
  return found;
}

/** As a shell splits them. Redirections are the shell's own. */
function wordsOf(example: string): string[] {
  const typed = example.replace(/ [<>] .*$/, '');
  return [...typed.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

function helpOf(command: Command): string {
  const pieces: string[] = [];
  command.configureOutput({ writeOut: (piece) => void pieces.push(piece) });
  command.outputHelp();
  return pieces.join('');
}
