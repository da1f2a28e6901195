import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findBreaches } from './check-structure.ts';

const forbidden: [string, string, RegExp][] = [
  ['catalog/src/a.ts', "import { startServer } from '@moult/server';", /catalog must not import @moult\/server/],
  ['catalog/src/a.ts', "import { readFileSync } from 'node:fs';", /catalog is pure/],
  ['catalog/src/a.ts', 'const now = Date.now();', /time and randomness as arguments/],
  ['server/src/a.ts', "const a = await import('@moult/agent');", /server must not import @moult\/agent/],
  ['simulator/src/a.ts', "export type { X } from '@moult/server';", /simulator must not import @moult\/server/],
  ['agent/src/a.ts', "import '@moult/cli';", /agent must not import @moult\/cli/],
  ['protocol/src/a.ts', "import {\n  a,\n  b,\n} from 'node:http';", /protocol is pure/],
  ['console/src/a.tsx', "import { x } from '@moult/server/home-document';", /console must not import @moult\/server/],
  ['console/src/a.tsx', "import { x } from '../../server/src/index.ts';", /by path/],
  ['server/src/sites/a/a.ts', "import { b } from '../b/index.ts';", /site a must not import the site b/],
  [
    'store/src/groups.ts',
    "import type { P } from './postgres/pool.ts';",
    /only what opens a store may import postgres/,
  ],
  ['server/src/a.ts', "import { x } from '@moult/store/sqlite';", /only what opens a store may import sqlite/],
  ['agent/src/a.ts', 'fail(0x80072ee2);', /HRESULTs have names/],
  ['store/src/a.ts', 'if (eventNumber === 182) return;', /event numbers have names/],
  ['doctor/src/a.ts', "import { verifyTree } from '@moult/server';", /doctor must not import @moult\/server/],
  ['doctor/src/a.ts', "import { machineRoot } from '@moult/agent';", /doctor must not import @moult\/agent/],
  ['doctor/src/a.ts', "console.log('x');", /the doctor knows no terminal/],
  ['store/src/a.ts', "import { z } from 'zod';", /forty languages/],
  ['doctor/src/b/a.ts', 'process.exitCode = 1;', /the doctor knows no terminal/],
];

describe('the import rule', () => {
  for (const [file, text, why] of forbidden) {
    it(`refuses ${text.split('\n').at(-1)} in ${file}`, () => {
      const breaches = inCheckout({ [file]: `// a comment\n${text}\n` }, findBreaches);
      assert.equal(breaches.length, 1);
      assert.match(breaches[0]?.why ?? '', why);
      assert.equal(breaches[0]?.line, 2);
    });
  }

  it('lets tests reach further', () => {
    const files = {
      'agent/src/a.test.ts': "import '@moult/server';",
      'agent/src/test/b.ts': "import '@moult/server';",
    };
    assert.deepEqual(inCheckout(files, findBreaches), []);
  });

  it('lets the console know the types of the HTTP API', () => {
    const files = { 'console/src/a.tsx': "import type { HomeDocument } from '@moult/server/home-document';" };
    assert.deepEqual(inCheckout(files, findBreaches), []);
  });

  it('refuses files that import each other in a circle, and names the way round', () => {
    const files = {
      'agent/src/a.ts': "import { b } from './b/index.ts';\n",
      'agent/src/b/index.ts': "export { c } from '../c.ts';\n",
      'agent/src/c.ts': "// c\nimport { type A, a } from './a.ts';\n",
    };
    assert.deepEqual(inCheckout(files, findBreaches), [
      {
        file: 'packages/agent/src/c.ts',
        line: 2,
        why: `a circle of imports: ${['a', 'b/index', 'c', 'a'].map((one) => `packages/agent/src/${one}.ts`).join(' → ')}`,
      },
    ]);
    const typesOnly = { ...files, 'agent/src/c.ts': "import type { A } from './a.ts';\n" };
    assert.deepEqual(inCheckout(typesOnly, findBreaches), []);
  });

  it('passes over a program that stands in a template literal, and sees what comes after it', () => {
    const text = "const program = `\nimport fs from 'node:fs';\n`;\n";
    assert.deepEqual(inCheckout({ 'catalog/src/a.ts': text }, findBreaches), []);
    const after = `${text}export * from '@moult/server';\n`;
    assert.equal(inCheckout({ 'catalog/src/a.ts': after }, findBreaches)[0]?.line, 4);
  });

  it('holds for this checkout', () => {
    assert.deepEqual(findBreaches(fileURLToPath(new URL('..', import.meta.url))), []);
  });
});

function inCheckout<T>(files: Record<string, string>, use: (root: string) => T): T {
  const root = mkdtempSync(join(tmpdir(), 'moult-structure-'));
  try {
    for (const [file, text] of Object.entries(files)) {
      const path = join(root, 'packages', file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    return use(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}
