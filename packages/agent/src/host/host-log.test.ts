import assert from 'node:assert/strict';
import { mkdirSync, mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { machineRoot } from '../machine/machine-root.ts';
import { openHostLog } from './host-log.ts';

it('a line of the host that its log does not take is said to whoever started the host', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'moult-host-log-'));
  const root = machineRoot(folder.path);
  const said: string[] = [];
  const log = openHostLog(
    root,
    () => new Date(),
    (line) => said.push(line),
  );
  log.warn('sus', 'goes into the log');
  assert.deepEqual(said, []);
  mkdirSync(root.wsusLog, { recursive: true });
  log.warn('wsus', 'Host 1.0.0.0 lost its trial.');
  assert.deepEqual(said, [`${root.wsusLog} cannot be written. Its line: WARNING: Host 1.0.0.0 lost its trial.`]);
});
