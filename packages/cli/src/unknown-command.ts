// A mistyped command below another one that has something to do without any: commander calls it one argument too many.
import type { Command } from 'commander';
import { nearWord } from './near-word.ts';

/** Ends with the error for an unknown command, as commander does, when `typed` names one that is not there. */
export function refuseUnknownCommand(program: Command, typed: readonly string[]): void {
  let command = program;
  for (const word of typed) {
    if (word.startsWith('-')) return;
    const child = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (child) {
      command = child;
      continue;
    }
    if (command === program || command.commands.length === 0 || takesArguments(command)) return;
    const names = command.commands.map((one) => one.name());
    const near = nearWord(word, names);
    const hint = near === undefined ? `Known: ${names.join(', ')}.` : `Did you mean ${near}?`;
    command.error(`error: unknown command '${word}'\n(${hint})`, { code: 'commander.unknownCommand', exitCode: 1 });
  }
}

function takesArguments(command: Command): boolean {
  const fallback = command.commands.find((one) => one.name() === Reflect.get(command, '_defaultCommandName'));
  return (fallback ?? command).registeredArguments.length > 0;
}
