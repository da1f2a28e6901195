import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AgentStatus } from '@moult/agent';
import { exitCodeOf, watchStatus } from './agent-watch.ts';

const at = (version: string) => ({ version }) as AgentStatus;

/** Looks at these in turn, and then somebody ends it. An error is thrown. */
async function watched(looks: (AgentStatus | Error)[]) {
  const shown: (string | undefined)[] = [];
  const failed: string[] = [];
  let look = 0;
  const last = await watchStatus({
    read() {
      const now = looks[look++] as AgentStatus | Error;
      if (now instanceof Error) throw now;
      return now;
    },
    show: ({ version }) => shown.push(version),
    failed: (error) => failed.push(String(error)),
    wait: () => (look < looks.length ? Promise.resolve() : Promise.reject(new Error('ended'))),
  });
  return { shown, failed, last: last.version };
}

describe('moult agent status --watch', () => {
  it('shows the status at once and at each change, and ends with the last one', async () => {
    const { shown, last } = await watched([at('1'), at('1'), at('2'), at('2'), at('1')]);
    assert.deepEqual([shown, last], [['1', '2', '1'], '1']);
  });

  it('goes on over a moment in which nothing can be read, and says so once', async () => {
    const broken = new Error('line 3');
    const { shown, failed, last } = await watched([at('1'), broken, broken, at('1'), at('2'), broken]);
    assert.deepEqual([shown, last], [['1', '2'], '2']);
    assert.deepEqual(failed, ['Error: line 3', 'Error: line 3']);
  });

  it('that cannot look even once fails', async () => {
    await assert.rejects(watched([new Error('none')]), /none/);
  });
});

it('a detection whose updates failed ends with 1, as one that failed itself', () => {
  const good = { ok: true, hresult: 0, message: '' };
  assert.deepEqual(
    [undefined, good, { ...good, failedUpdates: 0 }, { ...good, failedUpdates: 1 }, { ...good, ok: false }].map(
      exitCodeOf,
    ),
    [0, 0, 0, 1, 1],
  );
});
