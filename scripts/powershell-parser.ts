// Reads PowerShell with the parser that VS Code uses: Debian has no PowerShell.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Node, Parser } from '@vscode/tree-sitter-wasm';

/** Commands and parameters that `known` does not have. `&` calls programs and scripts whose name is a value. */
export function unknownIn(root: Node, known: Readonly<Record<string, readonly string[]>>): string[] {
  return root.descendantsOfType('command').flatMap((command) => {
    const name = command?.childForFieldName('command_name')?.text.toLowerCase() ?? '';
    if (name.startsWith('$') || name.startsWith('(')) return [];
    const parameters = known[name];
    if (!parameters) return [name];
    const given = command?.childForFieldName('command_elements')?.children ?? [];
    return given
      .filter((one) => one?.type === 'command_parameter' && !parameters.includes(one.text))
      .map((one) => `${name} ${one?.text}`);
  });
}

export async function openParser(): Promise<Parser> {
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve('@vscode/tree-sitter-wasm'));
  const { Language, Parser } = require('@vscode/tree-sitter-wasm') as typeof import('@vscode/tree-sitter-wasm');
  await Parser.init();
  const parser = new Parser();
  parser.setLanguage(await Language.load(readFileSync(join(folder, 'tree-sitter-powershell.wasm'))));
  return parser;
}
