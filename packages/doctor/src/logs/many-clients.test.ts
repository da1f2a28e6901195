// IIS logs of tens of thousands of clients: nobody is lost without a word.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { diagnoseLogs, inFolder } from '../test/diagnose.ts';
import { readLogs } from './read-logs.ts';
import { iis6, line6 } from './test/iis6.ts';

describe('an IIS log of very many clients', () => {
  const clients = 11_000;
  const address = (index: number) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
  const linesOf = (time: string) =>
    Array.from({ length: clients }, (_, index) =>
      line6({
        path: '/selfupdate/wuident.cab',
        status: '404 0 3',
        client: address(index),
        time,
        agent: 'Windows-Update-Agent',
      }),
    ).join('');

  it('counts each of them, those too whose lines are like known ones and are not decoded', async () => {
    const text = iis6 + linesOf('2005-08-26 08:14:01') + linesOf('2005-08-26 09:14:01');
    await inFolder({ 'ex.log': text }, async (folder) => {
      const { tally } = await readLogs([folder], () => {});
      const last = tally.clients.get(address(clients - 1))?.stage('wuident', false);
      assert.equal(tally.records, 2 * clients);
      assert.equal(tally.clients.size, clients);
      assert.deepEqual([last?.count, last?.first.line, last?.last.line], [2, 4 + clients, 4 + 2 * clients]);
      assert.equal(
        [...tally.groups.values()].reduce((sum, { count }) => sum + count, 0),
        2 * clients,
      );
    });
  });

  it('counts on where the server wrote its fields again, as it does whenever it starts', async () => {
    const text = iis6 + linesOf('2005-08-26 08:14:01') + iis6 + linesOf('2005-08-26 07:14:01');
    await inFolder({ 'ex.log': text }, async (folder) => {
      const { tally } = await readLogs([folder], () => {});
      const stage = tally.clients.get(address(1))?.stage('wuident', false);
      assert.equal(tally.records, 2 * clients);
      assert.deepEqual([stage?.count, stage?.last.line, stage?.last.repeats?.times], [2, 6, 2]);
    });
  });

  it('says how many clients it does not tell of', async () => {
    const { stories, leftOut } = await diagnoseLogs({ 'ex.log': iis6 + linesOf('2005-08-26 08:14:01') });
    assert.equal(stories.length, 200);
    assert.deepEqual(leftOut, ['10,800 stories of clients: those in trouble are told first']);
  });

  it('tells first of those in trouble, wherever they stand', async () => {
    const bad = line6({ path: '/selfupdate/wuident.cab', status: '404 0 3', client: address(clients + 1) });
    const good = linesOf('2005-08-26 08:14:01').replaceAll('404 0 3', '200 0 0');
    const { stories } = await diagnoseLogs({ 'ex.log': iis6 + good + bad });
    assert.deepEqual([stories[0]?.client, stories[0]?.outcome], [address(clients + 1), 'failing']);
  });

  it('keeps stories of so many only, and says how many requests are without one', async () => {
    const lines = Array.from({ length: 32_010 }, (_, index) =>
      line6({ path: '/selfupdate/wuident.cab', status: '200 0 0', client: address(index) }),
    );
    const { leftOut } = await diagnoseLogs({ 'ex.log': iis6 + lines.join('') });
    assert.match(leftOut?.[1] ?? '', /^10 requests of clients beyond the first 32,000/);
  });

  it('keeps the last pings of each, one that failed and one that did not, where there are very many', async () => {
    const pings = Array.from({ length: 60_000 }, (_, index) => {
      const error = index < 30_000 ? '80072EE2' : '00000000';
      const query = `V=1&U=${'0'.repeat(32)}&A=d&S=s&E=${error}&X=050826081400000`;
      return line6({ path: '/wutrack.bin', status: '404 0 2', client: address(index % 3000), query });
    });
    await inFolder({ 'ex.log': iis6 + pings.join('') }, async (folder) => {
      const { tally } = await readLogs([folder], () => {});
      const kept = [...tally.clients.values()].map(({ pings }) => pings);
      assert.ok(kept.reduce((sum, { length }) => sum + length, 0) < 25_000);
      for (const own of kept) assert.match(own.map(({ query }) => query).join(' '), /E=80072EE2.* .*E=00000000/);
    });
  });
});
