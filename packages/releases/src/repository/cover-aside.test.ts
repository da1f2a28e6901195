import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { newDefault, start } from '../../test/repository-cases.ts';
import type { UpdateTarget } from '../metadata/index.ts';
import { type CoveredUpdate, coverUpdates, coverUpdatesAside } from './index.ts';

function updates(count: number): Map<string, CoveredUpdate> {
  const all = Array.from({ length: count }, (_, number) => {
    const updateId = `01234567-89ab-cdef-0123-${number.toString(16).padStart(12, '0')}`;
    const fields = { kind: 'update' as const, updateId, revision: 1, files: [], arguments: '', returnCodes: [] };
    const ours: UpdateTarget = { ...fields, approvals: [{ group: 'All Computers', action: 'install' }] };
    return [`updates/${updateId}/1`, { bytes: Buffer.from(`rules ${number}`), ours }] as const;
  });
  return new Map(all);
}

describe('a long list of covered updates', () => {
  it('is signed in a thread of its own, with the same result, and the caller goes on meanwhile', async () => {
    const [aside, here] = [newDefault(), newDefault()];
    const wanted = updates(600);
    let turns = 0;
    const turning = setInterval(() => {
      turns += 1;
    }, 1);
    const state = await coverUpdatesAside(aside.folder.directory, wanted, start);
    clearInterval(turning);
    assert.deepEqual(state, coverUpdates(here.folder.directory, wanted, start));
    assert.deepEqual(state, { state: 'published', missing: [], covered: 600 });
    const signed = (repository: typeof aside) => repository.state().published.targets.get('updates')?.signed.targets;
    assert.deepEqual(signed(aside), signed(here));
    assert.ok(turns > 0, 'the caller stood still');
    assert.equal((await coverUpdatesAside(aside.folder.directory, wanted, start)).state, 'unchanged');
  });

  it('and what fails there has its code here', async () => {
    const { folder } = newDefault();
    rmSync(join(folder.directory, 'public'), { recursive: true });
    await assert.rejects(coverUpdatesAside(folder.directory, updates(600), start), {
      code: 'RELEASE_REPOSITORY_MISSING',
    });
  });
});
