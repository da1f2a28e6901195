// Each method of the store has its contract in words.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Methods that only read, or that concern this process alone. */
const reads =
  /^(?:resolve|load|reload|list|page|find|finds|count|read|require|is|estimate|check|watch|now|random|subscribe|close)(?=[A-Z]|$)/;

const folder = fileURLToPath(new URL('.', import.meta.url));
const methods = readdirSync(folder)
  .filter((name) => !name.endsWith('.test.ts'))
  .flatMap((file) =>
    // A member with parameters, two blanks in, and the comment above it.
    [...readFileSync(folder + file, 'utf8').matchAll(/(?:\n {2}(\/\*\*(?:(?!\*\/)[\s\S])*\*\/))?\n {2}(\w+)\(/g)].map(
      ([, contract, name = '']) => ({ file, name, contract }),
    ),
  );

describe('the contract of the store', () => {
  it('says of each method what it promises', () => {
    assert.ok(methods.length > 60, `only ${methods.length} methods were found`);
    assert.deepEqual(methods.filter(({ contract }) => contract === undefined).map(nameOf), []);
  });

  it('says of each method that writes what a second call does, and what happens beside another writer', () => {
    const silent = methods.filter(
      ({ name, contract = '' }) =>
        !reads.test(name) && !(contract.includes('Again: ') && contract.includes('Concurrent: ')),
    );
    assert.deepEqual(silent.map(nameOf), []);
  });
});

function nameOf({ file, name }: { file: string; name: string }): string {
  return `${file}: ${name}`;
}
