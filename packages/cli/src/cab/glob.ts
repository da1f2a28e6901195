// Which members are meant: * and ? stay within a folder, ** does not, [abc] is one of several. Letter case does not
// count, as in cabinets. A pattern without a slash is compared with the last part of the name.

import { UsageError } from '../terminal.ts';

/** A test for member names. Throws UsageError for a set like [z-a], which holds nothing. */
export function compileGlob(pattern: string): (name: string) => boolean {
  const normal = pattern.replaceAll('\\', '/');
  const expression = compile(pattern, toExpression(normal));
  const isBare = !normal.includes('/');
  return (name) => {
    const path = name.replaceAll('\\', '/');
    return expression.test(isBare ? path.slice(path.lastIndexOf('/') + 1) : path);
  };
}

function compile(pattern: string, expression: string): RegExp {
  try {
    return new RegExp(`^${expression}$`, 'isu');
  } catch {
    throw new UsageError(`${pattern} is not a pattern: the ends of a range in [ ] are the wrong way round.`);
  }
}

function toExpression(pattern: string): string {
  let expression = '';
  for (let at = 0; at < pattern.length; at++) {
    const set = /^\[(!?)([^\]]+)\]/.exec(pattern.slice(at));
    if (pattern.startsWith('**/', at)) {
      expression += '(?:.*/)?';
      at += 2;
    } else if (pattern.startsWith('**', at)) {
      expression += '.*';
      at++;
    } else if (set) {
      expression += `[${set[1] ? '^' : ''}${(set[2] ?? '').replace(/[\\[&~^]/g, '\\$&')}]`;
      at += set[0].length - 1;
    } else {
      expression += oneCharacter(pattern[at] as string);
    }
  }
  return expression;
}

function oneCharacter(character: string): string {
  if (character === '*') return '[^/]*';
  if (character === '?') return '[^/]';
  return character.replace(/[.+^${}()|[\]\\]/g, '\\$&');
}
