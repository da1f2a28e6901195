// moult explain, on a real store.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openStore, type Store } from '@moult/store';
import { makeReport } from '../report/report.ts';
import { allCodes, failures } from '../test/diagnose.ts';
import { observeComputer, tellComputer } from './computer-rungs.ts';

const computerId = '6f9619ff-8b86-d011-b42d-00c04fc964ff';
const start = Date.UTC(2026, 5, 1);
const at = (minutes: number) => new Date(start + minutes * 60_000);
type Ping = Parameters<Store['recordSelfUpdateEvents']>[0][number];

function ping(minutes: number, fields: Partial<Ping>): Ping {
  return {
    receivedAt: at(minutes),
    occurredAt: at(minutes),
    computerId,
    address: '10.0.0.7',
    userAgent: 'Industry Update Control',
    component: 'au',
    activity: 's',
    item: '',
    device: '',
    platform: '5.1.a28.2.100.1.0',
    language: 'en-US',
    status: 's',
    resultCode: '00000000',
    message: '',
    agentGeneration: 'sus',
    agentVersion: '5.4.0.1',
    ...fields,
  };
}

async function explain(pings: Ping[], minutesLater: number, more: (store: Store) => Promise<unknown> = async () => {}) {
  const store = await openStore(':memory:', { now: () => at(0) });
  try {
    await store.recordSelfUpdateEvents(pings);
    await more(store);
    const [computer] = await store.findComputers('10.0.0.7');
    assert.ok(computer);
    assert.deepEqual(await store.findComputers(computerId.toUpperCase()), [computer]);
    const events = await store.listSelfUpdateEvents({ computerId });
    const reports = await store.listReports(computerId, 100);
    const facts = { computer, pings: events.toReversed(), reports: reports.toReversed(), source: 'store' };
    return { report: makeReport('pc', observeComputer(facts, at(minutesLater))), story: tellComputer(facts) };
  } finally {
    await store.close();
  }
}

describe('moult explain COMPUTER', () => {
  it('names the check that failed, its cause, and since when', async () => {
    const failed = { status: 'f', resultCode: '80096010' };
    const { report, story } = await explain([ping(0, { status: 'p' }), ping(1, failed), ping(1500, failed)], 1501);
    assert.deepEqual(failures(report), ['DOCTOR_CABINET_ALTERED']);
    assert.ok(allCodes(report).includes('DOCTOR_PING_FAILURE'));
    assert.equal(report.findings[0]?.evidence[0]?.at, at(1).toISOString());
    assert.equal(story.outcome, 'failing');
    assert.equal(story.lastStage, 'self-update begun');
  });

  it('forgets a failure that a later success took back', async () => {
    const { report } = await explain([ping(0, { status: 'f', resultCode: '80072EE2' }), ping(5, { status: 's' })], 6);
    assert.deepEqual(failures(report), []);
  });

  it('says how far a client came that begun and was not heard of again', async () => {
    const { report } = await explain([ping(0, { status: 'p' })], 120);
    assert.deepEqual(failures(report), []);
    assert.ok(allCodes(report).includes('DOCTOR_STUCK_AFTER_IDENT'));
    assert.match(report.findings[0]?.what ?? '', /self-update begun/);
  });

  it('says when a client fell silent', async () => {
    const { report } = await explain([ping(0, {})], 40 * 1440);
    assert.deepEqual(failures(report), ['DOCTOR_CLIENTS_SILENT']);
  });

  it('reads the reports of the WSUS client', async () => {
    const { report } = await explain([ping(0, { agentGeneration: 'wsus', agentVersion: '7.9.0.1' })], 10, (store) =>
      store.recordReportingEvents(
        [
          {
            instanceId: 'a3a3a3a3-0000-4000-8000-000000000001',
            computerId,
            timeAtTarget: at(2),
            namespaceId: 1,
            eventNumber: 148,
            sourceId: 101,
            updateId: 'd67661eb-2423-451d-bf5d-13199e37df28',
            revisionNumber: 0,
            win32HResult: 0x80244019 | 0,
            appName: 'SelfUpdate',
            replacementStrings: ['0x80244019'],
            miscData: [],
          },
        ],
        at(3),
      ),
    );
    assert.deepEqual(failures(report), ['DOCTOR_TREE_MISSING']);
  });
});
