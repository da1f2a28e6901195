import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { machineRoot, realMachine } from '@moult/agent';
import { withOwnMachine } from './examine.ts';

it('without files the client is this machine: away from Windows the folder of our agent, where it is installed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'moult-own-'));
  try {
    const installed = machineRoot(folder);
    assert.deepEqual(withOwnMachine({}, installed), { root: folder });
    assert.deepEqual(withOwnMachine({ server: 'http://a:1' }, installed), { server: 'http://a:1', root: folder });
    for (const named of [{ root: '/x' }, { registry: ['a.reg'] }, { log: ['a.log'] }, { urllog: ['u.dat'] }])
      assert.deepEqual(withOwnMachine(named, installed), named);
    assert.deepEqual(withOwnMachine({}, machineRoot(join(folder, 'nowhere'))), {});
    assert.deepEqual(withOwnMachine({}, realMachine({}, 'win32')), {});
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
