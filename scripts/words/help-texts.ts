// Every help text of the moult command, with the place where a person reads it.
import type { Command } from 'commander';
import { createProgram } from '../../packages/cli/src/run.ts';

export interface HelpText {
  /** `catalog import --json`: the command, and the option or argument that the text explains. */
  place: string;
  text: string;
}

export interface HelpPage {
  /** `catalog import`. */
  name: string;
  command: Command;
}

/** Every command that does something or holds others, sorted by name. The program itself is left out. */
export async function helpPages(): Promise<HelpPage[]> {
  const program = await createProgram();
  const found: HelpPage[] = [];
  const visit = (command: Command, path: readonly string[]) => {
    if (path.length > 0) found.push({ name: path.join(' '), command });
    for (const child of command.commands) visit(child, [...path, child.name()]);
  };
  visit(program, []);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The descriptions of commands, options and arguments. */
export async function helpTexts(): Promise<HelpText[]> {
  return (await helpPages()).flatMap(({ name, command }) => [
    { place: name, text: command.description() },
    ...command.options.map(({ long, description }) => ({ place: `${name} ${long}`, text: description })),
    ...command.registeredArguments.map((argument) => ({
      place: `${name} <${argument.name()}>`,
      text: argument.description,
    })),
  ]);
}
