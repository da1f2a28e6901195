// The fold alone: what heals what, what stays open, what nobody understands.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeReport } from '../report/report.ts';
import type { LogEvent } from './event.ts';
import { observeStory } from './observe.ts';
import { Story } from './story.ts';

let line = 0;
function event(more: Partial<LogEvent>): LogEvent {
  line++;
  return {
    time: line * 1000,
    zone: 'utc',
    source: { kind: 'windows-update-log', file: 'WindowsUpdate.log', side: 'client' },
    stage: 'detection',
    outcome: 'noted',
    parameters: {},
    line: { number: line, text: `line ${line}` },
    ...more,
  };
}

function report(...events: Partial<LogEvent>[]) {
  const story = new Story();
  for (const each of events) story.add(event(each));
  return makeReport('x', observeStory(story, ['client', 'pc']));
}

const scanned: Partial<LogEvent> = { outcome: 'succeeded', parameters: { found: '3' } };

describe('a story', () => {
  it('takes a failure back when its stage ended well later, and only then', () => {
    const failed: Partial<LogEvent> = { outcome: 'failed', code: 0x80072ee2 };
    assert.equal(report(failed, scanned).verdict, 'healthy');
    assert.equal(report(scanned, failed).verdict, 'findings');
    assert.equal(report(scanned, { ...failed, stage: 'download' }).verdict, 'findings');
  });

  it('takes the failure of one update back by the success of that update alone', () => {
    const failed: Partial<LogEvent> = {
      stage: 'installation',
      outcome: 'failed',
      code: 0x80070643,
      parameters: { updateId: 'a' },
    };
    const well = (updateId: string): Partial<LogEvent> => ({
      stage: 'installation',
      outcome: 'succeeded',
      parameters: { updateId },
    });
    assert.equal(report(failed, well('b')).verdict, 'findings');
    assert.equal(report(failed, well('a')).verdict, 'healthy');
  });

  for (const stage of ['self-update', 'detection', 'download', 'installation', 'server-sync'] as const) {
    it(`is undecided where a ${stage} began and did not end`, () => {
      assert.equal(report(scanned, { stage, outcome: 'began' }).verdict, 'undecided');
      assert.equal(report(scanned, { stage, outcome: 'began' }, { stage, outcome: 'succeeded' }).verdict, 'healthy');
      assert.equal(report({ stage, outcome: 'began' }, { stage, outcome: 'ended' }, scanned).verdict, 'healthy');
    });
  }

  it('is undecided by an error that nobody understands, and shows the first, the last and how many', () => {
    const strange = (text: string): Partial<LogEvent> => ({
      level: 'error',
      line: { number: ++line, text },
    });
    const told = report(
      scanned,
      strange('Frobnication 1 broke'),
      strange('Frobnication 2 broke'),
      strange('Frobnication 3 broke'),
    );
    assert.equal(told.verdict, 'undecided');
    const [finding] = told.findings;
    assert.equal(finding?.code, 'DOCTOR_NOT_UNDERSTOOD');
    assert.match(finding?.what ?? '', /^3 lines/);
    assert.deepEqual(
      finding?.evidence.map(({ text }) => text),
      ['Frobnication 1 broke', 'Frobnication 3 broke (the last of 3)'],
    );
    assert.match(finding?.settles ?? '', /IIS log/);
  });

  it('is undecided by a code without a rule, in an outcome', () => {
    assert.equal(report(scanned, { outcome: 'failed', code: 0x8feedbee }).verdict, 'undecided');
  });

  const causes: [LogEvent['stage'], number, string][] = [
    ['web-service', 0x800b0109, 'DOCTOR_TLS_UNTRUSTED'],
    ['installation', 0x800b0109, 'DOCTOR_UPDATE_SIGNATURE'],
    ['self-update', 0x800b0109, 'DOCTOR_CABINET_WRONG_SIGNER'],
    ['detection', 0x800b0101, 'DOCTOR_TLS_EXPIRED'],
    ['download', 0x800b0101, 'DOCTOR_UPDATE_SIGNATURE'],
    ['self-update', 0x800b0101, 'DOCTOR_CABINET_EXPIRED'],
    ['web-service', 0x80244019, 'DOCTOR_CLIENT_WEB_SERVICE'],
    ['reporting', 0x80244019, 'DOCTOR_REPORTING'],
    ['download', 0x80244019, 'DOCTOR_CONTENT_MISSING'],
    ['self-update', 0x80244019, 'DOCTOR_TREE_MISSING'],
    ['web-service', 0x8024401f, 'DOCTOR_CLIENT_WEB_SERVICE'],
    ['web-service', 0x8024400e, 'DOCTOR_SERVICE_FAULT'],
    ['reporting', 0x8024400e, 'DOCTOR_REPORTS_REFUSED'],
    ['reporting', 0x80244008, 'DOCTOR_REPORTS_REFUSED'],
    ['web-service', 0x80244008, 'DOCTOR_NOT_SOAP'],
    ['auth-ticket', 0x80070426, 'DOCTOR_ACCOUNT_SERVICE'],
    ['download', 0x80070426, 'DOCTOR_DEPENDENCY_STOPPED'],
    ['web-service', 0x80072f8f, 'DOCTOR_TLS_REFUSED'],
    ['web-service', 0x80072efd, 'DOCTOR_CANNOT_CONNECT'],
  ];
  for (const [stage, code, cause] of causes) {
    it(`tells 0x${code.toString(16)} in ${stage} as ${cause}`, () => {
      assert.equal(report({ stage, code, outcome: 'failed' }).findings[0]?.code, cause);
    });
  }

  it("tells what befell Microsoft's service as that, and sends nobody to WUServer", () => {
    for (const code of [0x80240438, 0x80072ee7, 0x80244022, 0x80244019, 0x80072f8f]) {
      const told = report({ stage: 'web-service', code, outcome: 'failed', whose: 'microsoft' });
      const cause = code === 0x80072f8f ? 'DOCTOR_MICROSOFT_TLS' : 'DOCTOR_MICROSOFT_UNREACHABLE';
      assert.equal(told.findings[0]?.code, cause);
      assert.doesNotMatch(told.findings[0]?.remedy.join() ?? '', /WUServer/);
    }
  });
});
