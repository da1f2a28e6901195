import assert from 'node:assert/strict';
import { mkdirSync, mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { it } from 'node:test';
import { findDeadExports } from './check-exports.ts';

it('an export that nobody imports is named with its line', () => {
  assert.deepEqual(deadIn({ 'packages/a/src/a.ts': '// a\nexport function one() {}\nexport const two = 2;\n' }), [
    'packages/a/src/a.ts:2 one',
    'packages/a/src/a.ts:3 two',
  ]);
});

it('an import in another file, a test, a script or a bench makes an export live', () => {
  assert.deepEqual(
    deadIn({
      'packages/a/src/a.ts':
        'export function one() {}\nexport type Two = 2;\nexport class Three {}\nexport let four: 4;\n',
      'packages/a/src/b.ts': "import {\n  one,\n} from './a.ts';\n",
      'packages/a/src/a.test.ts': "import type { Two } from './a.ts';\n",
      'scripts/c.ts': "import { type Three as Other } from '../packages/a/src/a.ts';\n",
      'bench/d.ts': "const { four } = await import('../packages/a/src/a.ts');\n",
    }),
    [],
  );
});

it('what an index passes on counts only when somebody asks the index for it, and then its source lives too', () => {
  const files = {
    'packages/a/package.json': '{ "exports": { ".": "./src/index.ts", "./*": "./src/*/index.ts" } }',
    'packages/a/src/index.ts': "export { one, type Two } from './a.ts';\nexport * from './b.ts';\n",
    'packages/a/src/a.ts': 'export function one() {}\nexport type Two = 2;\n',
    'packages/a/src/b.ts': 'export const three = 3;\nexport const four = 4;\n',
    'packages/a/src/deep/index.ts': 'export const five = 5;\n',
    'packages/b/src/b.ts': "import { one, three } from '@moult/a';\nimport { five } from '@moult/a/deep';\n",
  };
  assert.deepEqual(deadIn(files), [
    'packages/a/src/a.ts:2 Two',
    'packages/a/src/b.ts:2 four',
    'packages/a/src/index.ts:1 Two',
  ]);
});

function deadIn(files: Record<string, string>): string[] {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'moult-exports-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, name)), { recursive: true });
    writeFileSync(join(folder.path, name), text);
  }
  return findDeadExports(folder.path).map(({ file, line, why }) => `${file}:${line} ${why.split(' ').at(-1)}`);
}
