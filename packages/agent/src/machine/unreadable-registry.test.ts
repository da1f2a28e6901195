// A disk that answers with an error when it is asked for the registry. Links make the error: Windows has a registry of its own.
import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { machineRoot } from './machine-root.ts';
import { number, openRegistry } from './registry.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-unreadable-registry-'));
after(() => rmSync(folder, { recursive: true }));

describe('a registry in a file', () => {
  it('is not taken for a missing one, and written anew, while the disk cannot read it', () => {
    const broken = machineRoot(folder);
    const key = 'HKLM\\SOFTWARE\\Moult\\Test';
    const file = broken.registryFile ?? '';
    mkdirSync(dirname(file), { recursive: true });
    // A link to itself: as with a disk error, existsSync says that there is no file.
    symlinkSync(file, file);
    assert.throws(() => openRegistry(broken).read(), { systemCode: 'ELOOP' });
    assert.throws(() => openRegistry(broken).change([{ key, name: 'Value', value: number(1) }]));
    assert.ok(lstatSync(file).isSymbolicLink());
  });
});
