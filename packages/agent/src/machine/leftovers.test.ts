import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { removeLeftovers } from './leftovers.ts';
import { machineRoot } from './machine-root.ts';

it('files that a killed process was writing go, those of a living one and everything else stay', () => {
  const root = machineRoot(mkdtempSync(join(tmpdir(), 'moult-leftovers-')));
  const dead = 4_194_303;
  const names = [`current.json.${dead}.tmp`, `host.lock.${dead}`, `current.json.${process.pid}.tmp`, 'current.json'];
  for (const folder of [root.agentFolder, root.selfUpdateFolder, root.dataStoreFolder]) {
    mkdirSync(folder, { recursive: true });
    for (const name of names) writeFileSync(join(folder, name), 'x');
  }
  writeFileSync(`${root.registryFile}.${dead}.tmp`, 'x');
  writeFileSync(join(root.folder, 'letter.1234.tmpx'), 'x');
  removeLeftovers(root);
  for (const folder of [root.agentFolder, root.selfUpdateFolder, root.dataStoreFolder]) {
    const left = readdirSync(folder).filter((name) => name !== 'versions');
    assert.deepEqual(left.sort(), ['current.json', `current.json.${process.pid}.tmp`].sort());
  }
  assert.ok(readdirSync(root.folder).includes('letter.1234.tmpx'));
  assert.ok(!readdirSync(root.folder).some((name) => name.endsWith('.tmp')));
  rmSync(root.folder, { recursive: true });
});
