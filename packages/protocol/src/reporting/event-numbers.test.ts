import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeReport, readMiscData, routineReports } from './index.ts';

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);
/** MS-WUSP 2.2.2.3.1, and 226 of the WSUS event table. */
const published = [
  ...[141, 145, 146, 147, 148, 149, 150, 153, 154, 156, 157, 158],
  ...[...range(161, 170), ...range(181, 204), ...range(221, 226), ...range(521, 525), ...range(541, 546)],
];

it('every published event number has words of its own kind', () => {
  for (const number of published) {
    const { headline } = describeReport(number, number === 201 ? 0x00240005 : 0);
    assert.doesNotMatch(headline, /^Reported event/, String(number));
  }
});

it('a number that nobody published is told by its number and its result', () => {
  assert.deepEqual(
    [describeReport(999, 0), describeReport(999, -1)].map(({ headline, outcome }) => [headline, outcome]),
    [
      ['Reported event 999', 'information'],
      ['Reported event 999', 'failed'],
    ],
  );
});

it('201 is an old client that updates itself, or a new one that waits for a restart', () => {
  assert.equal(describeReport(201, 0).headline, 'Client is about to update itself');
  assert.equal(describeReport(201, 0x00240005).headline, 'Installed, waits for a restart');
});

it('what failed and what was installed is not routine', () => {
  const routine = routineReports();
  for (const number of routine) assert.notEqual(describeReport(number, 0).outcome, 'failed');
  for (const number of [148, 161, 182, 183, 184, 201, 222]) assert.ok(!routine.includes(number));
});

it('MiscData is told tag by tag', () => {
  assert.deepEqual(readMiscData(['G=7.9.0.1', 'U=A;B', 'odd', '=x']), [
    { tag: 'G', meaning: 'version of the client', value: '7.9.0.1' },
    { tag: 'U', meaning: 'updates that can be installed', value: 'A;B' },
    { tag: '', meaning: '', value: 'odd' },
    { tag: '', meaning: '', value: '=x' },
  ]);
});
