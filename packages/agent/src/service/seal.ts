// The seal of a definition: a comment line in it with the digest of all other lines. It tells who wrote the definition:
// the agent, an administrator who changed it, or somebody else.
import { createHash } from 'node:crypto';

const sealLine = /^(?:# |<!-- )Moult-Seal: ([0-9a-f]{64})(?: -->)?$/m;

/** `ours`: as the agent wrote it. `changed`: the agent wrote it, and somebody edited it. */
export type Authorship = 'ours' | 'changed' | 'foreign';

/** Puts the seal in the place of the line `mark` (`# @seal` or `<!-- @seal -->`). */
export function sealed(text: string): string {
  return text.replace(/@seal/, `Moult-Seal: ${digestOf(text.replace(/^.*@seal.*\n/m, ''))}`);
}

/** The author of this definition. */
export function authorOf(text: string): Authorship {
  const [line, digest] = sealLine.exec(text) ?? [];
  if (line === undefined) return 'foreign';
  return digestOf(text.replace(`${line}\n`, '')) === digest ? 'ours' : 'changed';
}

function digestOf(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
