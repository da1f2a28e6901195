import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeEnd } from './agent-detect.ts';

const end = {
  how: 'ended',
  result: { lastSuccess: undefined, lastError: '0x00000000' },
  next: undefined,
  failures: [],
} as const;

it('the end of a detection is told in words, with what failed before it', () => {
  const next = '2026-12-03T00:00:00.000Z';
  assert.equal(describeEnd({ ...end, next, failures: [] }, 5), `The detection went well. The next one is at ${next}.`);
  const failure = {
    at: new Date(0),
    title: 'Tool 1.2',
    what: 'Installation failed',
    result: 'bad',
    code: '0x80070643',
  } as const;
  assert.equal(
    describeEnd({ ...end, failures: [failure] }, 5),
    'Installation failed: Tool 1.2 (0x80070643)\nThe detection went well.',
  );
  const result = { lastSuccess: undefined, lastError: '0x80244022' };
  assert.match(describeEnd({ ...end, result, failures: [] }, 5), /^The detection failed with 0x80244022\./);
  assert.match(describeEnd({ ...end, how: 'late', next, failures: [] }, 5), /not ended within 5 s/);
  assert.match(describeEnd({ ...end, how: 'stopped', failures: [] }, 5), /^The agent was stopped/);
});
