// The kept corpus, fixtures/fuzz/<target>/: good inputs to begin with, and inputs that once led somewhere new.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url));

/** The first inputs of a target. One empty input without any kept ones. */
export function loadCorpus(target: string): Uint8Array[] {
  const folder = join(fixtures, 'fuzz', target);
  const kept = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  const samples = join(fixtures, 'libmspack');
  const foreign = target === 'cab' ? readdirSync(samples).filter((name) => name.endsWith('.cab')) : [];
  const files = [...kept, ...foreign.map((name) => join(samples, name))];
  return files.length === 0 ? [new Uint8Array()] : files.map((file) => new Uint8Array(readFileSync(file)));
}

/** Keeps an input under a name made of its bytes (or the one given) and answers the file. */
export function keepInput(target: string, input: Uint8Array, name?: string): string {
  const folder = join(fixtures, 'fuzz', target);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name ?? createHash('sha256').update(input).digest('hex').slice(0, 16));
  writeFileSync(file, input);
  return file;
}
