import assert from 'node:assert/strict';
import fs, { mkdirSync, mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { type MachineRoot, machineRoot } from '../machine/machine-root.ts';
import { restoreCopies } from './kept.ts';

const text = (value: string) =>
  `Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\A]\r\n"B"="${value}"\r\n`;

describe('the copies of the last good detection', () => {
  it('do not take the place of newer settings that could not be read once', () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'moult-kept-'));
    const file = machine(folder.path);
    const refusals = refusing(file.registry, 1);
    assert.deepEqual(
      refusals.during(() => restoreCopies(file.root)),
      [],
    );
    assert.equal(refusals.count(), 1);
    assert.equal(readFileSync(file.registry, 'utf8'), text('newer'));
  });

  for (const [what, spoil] of [
    ['that cannot be read again and again', undefined],
    ['that are damaged', (path: string) => writeFileSync(path, 'rubbish')],
    ['that are gone', (path: string) => fs.rmSync(path)],
  ] as const) {
    it(`take the place of settings ${what}`, () => {
      using folder = mkdtempDisposableSync(join(tmpdir(), 'moult-kept-'));
      const { root, registry } = machine(folder.path);
      spoil?.(registry);
      const restored = spoil ? restoreCopies(root) : refusing(registry, 1000).during(() => restoreCopies(root));
      assert.match(restored.join('\n'), /registry\.reg was damaged or gone; the copy of the last good detection/);
      assert.equal(readFileSync(registry, 'utf8'), text('of the last good detection'));
    });
  }
});

/** A machine with a copy, and newer settings. */
function machine(folder: string): { root: MachineRoot; registry: string } {
  const root = machineRoot(join(folder, 'machine'));
  const registry = root.registryFile ?? '';
  const copy = join(root.keptFolder, 'registry.reg');
  for (const path of [registry, copy]) mkdirSync(dirname(path), { recursive: true });
  writeFileSync(registry, text('newer'));
  writeFileSync(copy, text('of the last good detection'));
  return { root, registry };
}

/** The first `times` that `path` is opened are refused. */
function refusing(path: string, times: number) {
  const { openSync } = fs;
  let refused = 0;
  const open: typeof openSync = (name, ...rest) => {
    if (name !== path || refused >= times) return openSync(name, ...rest);
    refused += 1;
    throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', errno: -13 });
  };
  return {
    count: () => refused,
    during<Result>(act: () => Result): Result {
      fs.openSync = open;
      syncBuiltinESMExports();
      try {
        return act();
      } finally {
        fs.openSync = openSync;
        syncBuiltinESMExports();
      }
    },
  };
}
