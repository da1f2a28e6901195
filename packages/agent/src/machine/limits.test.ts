import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { formatBounds } from '@moult/formats/bounds';
import { programBounds } from '../bounds.ts';
import { keys } from './keys.ts';
import { giveMachineLimits } from './limits.ts';
import { machineRoot } from './machine-root.ts';
import { number, openRegistry, text } from './registry.ts';

it('the limits of a machine come from the environment and the registry; what cannot be is said and left out', () => {
  const folder = mkdtempSync(join(tmpdir(), 'moult-agent-limits-'));
  try {
    const root = machineRoot(folder);
    const set = (name: string, value: ReturnType<typeof text>) => ({ key: keys.limits, name, value });
    openRegistry(root).change([
      set('agent.max-kept-events', number(50)),
      set('Agent.Max-Release-Bytes', text('64 MiB')),
      set('agent.max-trips', number(2)),
      set('agent.of-a-newer-version', number(7)),
      set('cabinet.max-members', number(500)),
      set('xml.max-depth', { type: 'REG_BINARY', data: new Uint8Array(4) }),
    ]);
    const problems = giveMachineLimits(root, {
      MOULT_LIMIT_CABINET_MAX_MEMBERS: '600',
      MOULT_LIMIT_AGENT_MAX_KEPT_PINGS: 'many',
    });
    assert.deepEqual(
      problems.map(
        (problem) => /"agent\.of-a-newer-version"|agent\.max-trips|xml\.max-depth|KEPT_PINGS/.exec(problem)?.[0],
      ),
      ['KEPT_PINGS', 'agent.max-trips', '"agent.of-a-newer-version"', 'xml.max-depth'],
    );
    for (const problem of problems) assert.match(problem, /The agent goes on without this value\.$/);
    const { maxKeptEvents, maxReleaseBytes, maxTrips, maxKeptPings } = programBounds;
    assert.deepEqual([maxKeptEvents, maxReleaseBytes, maxTrips, maxKeptPings], [50, 67_108_864, 200, 200]);
    const cabinet = formatBounds.find((table) => 'maxRatio' in table) as { maxMembers: number } | undefined;
    assert.equal(cabinet?.maxMembers, 600, 'the environment counts before the registry');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
