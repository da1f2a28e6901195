// Reads a password or a token: from a file, from standard input, or typed on a terminal without being shown.
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { readNamedFile } from './files/named-file.ts';
import { UsageError } from './terminal.ts';

/**
 * The first line of `file`. Without a file, the first line of standard input. A terminal asks for it by `prompt` and
 * does not show it. Throws UsageError for an empty line.
 */
export async function readSecret(prompt: string, file?: string): Promise<string> {
  const line = file === undefined ? await typedLine(prompt) : firstLine(readNamedFile(file).toString('utf8'));
  if (line === '') throw new UsageError(`${prompt}: there is none. Type it, or give it on standard input.`);
  return line;
}

function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? '';
}

async function typedLine(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  if (stdin.isTTY) stderr.write(`${prompt}: `);
  const nowhere = new Writable({ write: (_piece, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: nowhere, terminal: stdin.isTTY === true });
  try {
    for await (const line of lines) return line;
    return '';
  } finally {
    lines.close();
    if (stdin.isTTY) stderr.write('\n');
  }
}
