// Which members are meant: * and ? stay within a folder, ** does not, [abc] is one of several. Letter case does not
// count, as in cabinets. A pattern without a slash is held against the last part of the name.

/** A test for member names. */
export function compileGlob(pattern: string): (name: string) => boolean {
  const normal = pattern.replaceAll('\\', '/');
  const expression = new RegExp(`^${toExpression(normal)}$`, 'isu');
  const isBare = !normal.includes('/');
  return (name) => {
    const path = name.replaceAll('\\', '/');
    return expression.test(isBare ? path.slice(path.lastIndexOf('/') + 1) : path);
  };
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
