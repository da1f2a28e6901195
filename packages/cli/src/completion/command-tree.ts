// The names and options of all commands, read from the commands themselves, for the shells that complete them.
import type { Command } from 'commander';

export interface CompletedCommand {
  /** `catalog import`, and `` for moult itself. */
  name: string;
  description: string;
  /** Names of the commands below it. */
  below: { name: string; description: string }[];
  /** The long form of each option, with what it is for. */
  options: { flag: string; description: string }[];
}

/** Every command of the program, by name. */
export function commandTree(program: Command): CompletedCommand[] {
  const visit = (command: Command, path: readonly string[]): CompletedCommand[] => [
    describe(command, path.join(' ')),
    ...command.commands.flatMap((child) => visit(child, [...path, child.name()])),
  ];
  return visit(program, []).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function describe(command: Command, name: string): CompletedCommand {
  const options = command.options.flatMap(({ long, description }) =>
    long ? [{ flag: long, description: oneLine(description) }] : [],
  );
  return {
    name,
    description: oneLine(command.description()),
    below: command.commands.map((child) => ({ name: child.name(), description: oneLine(child.description()) })),
    options: [...options, { flag: '--help', description: 'show the help' }],
  };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
