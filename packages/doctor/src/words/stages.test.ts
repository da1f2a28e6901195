// Every code of the table in every stage, as the story tells it: with and without an address, a name, a file. Whole
// sentences, and no code that nobody logged.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorTable, formatHresult } from '../hresult/error-table.ts';
import { type DoctorReport, renderHtml, renderText } from '../report/index.ts';
import { makeReport } from '../report/report.ts';
import { judge } from '../rules/judge.ts';
import type { LogEvent, Stage } from '../story/event.ts';
import { observeStory } from '../story/observe.ts';
import { Story } from '../story/story.ts';
import { diagnoseLogs } from '../test/diagnose.ts';
import { refuseFinding } from '../test/refused-words.ts';
import { type FindingCode, findingCodes } from './codes.ts';

const stages = Object.keys({
  'self-update': 1,
  detection: 1,
  'web-service': 1,
  'auth-ticket': 1,
  download: 1,
  trust: 1,
  installation: 1,
  reporting: 1,
  'server-sync': 1,
  database: 1,
  'server-setup': 1,
  policy: 1,
  service: 1,
  other: 1,
} satisfies Record<Stage, 1>) as Stage[];

/** What a line may say beside its code. */
const sayings: [string, Partial<LogEvent>][] = [
  ['the code alone', {}],
  ['an address', { object: 'http://wsus.example:8530/selfupdate/wuident.cab' }],
  ['the address of a service', { object: 'https://wsus.example:8531/ClientWebService/client.asmx' }],
  ['the address of content', { object: 'http://wsus.example:8530/Content/9A/1234.cab' }],
  ['a file', { object: 'C:\\Windows\\SoftwareDistribution\\Download\\a.cab', parameters: { file: 'a.cab' } }],
  ['a proxy', { parameters: { proxy: 'proxy.example:3128' } }],
  ['a server', { parameters: { configured: 'http://wsus.example:8530', server: 'http://wsus.example:8530' } }],
  ["Microsoft's service", { whose: 'microsoft', parameters: { serviceGuid: '9482f4b4-e343-43b6-b170-9a65bc822c77' } }],
  [
    "Microsoft's address",
    { whose: 'microsoft', object: 'https://fe2.update.microsoft.com/v6/ClientWebService/client.asmx' },
  ],
  ['empty parameters', { parameters: { file: '', server: '', host: '', version: '', method: '', meaning: '' } }],
];

const pc7 = ['client', 'PC7'];

function eventOf(said: Partial<LogEvent>): LogEvent {
  return {
    time: 1000,
    zone: 'utc',
    source: { kind: 'windows-update-log', file: 'WindowsUpdate.log', side: 'client' },
    stage: 'other',
    outcome: 'failed',
    parameters: {},
    line: { number: 1, text: 'It failed' },
    ...said,
  };
}

function reportOf(said: Partial<LogEvent>, subject: readonly string[]): DoctorReport {
  const story = new Story();
  story.add(eventOf(said));
  return makeReport('x', observeStory(story, subject));
}

function refuseIn({ findings, passes }: DoctorReport, where: string): void {
  for (const finding of [...findings, ...passes]) {
    refuseFinding(finding, where);
    for (const consequence of finding.consequences) refuseFinding(consequence, where);
  }
}

/** The report as text, as a page and as JSON. */
function toldOf(report: DoctorReport): string {
  const text = renderText(report, { colour: false, width: 100 });
  return [text, renderHtml(report, new Date(0)), JSON.stringify(report)].join('\n');
}

/** The codes that a sentence names beside the one that was logged. */
function codesIn(sentence: string, logged: number): string[] {
  return (sentence.match(/0x[0-9a-f]{8}/gi) ?? []).filter((code) => Number(code) !== logged);
}

describe('the words of a code in a stage', () => {
  for (const stage of stages) {
    it(`are whole: ${stage}`, () => {
      for (const [code] of errorTable()) {
        for (const [what, said] of sayings) {
          const where = `${formatHresult(code)} in ${stage} with ${what}`;
          const report = reportOf({ ...said, stage, code }, pc7);
          refuseIn(report, where);
          for (const { what: title } of report.findings)
            assert.deepEqual(codesIn(title, code), [], `a code that nobody logged, ${where}: ${title}`);
          if (report.verdict === 'healthy')
            assert.ok(judge(eventOf({ ...said, stage, code }))?.cause === 'harmless', where);
        }
        const ofServer = reportOf({ stage, code }, ['server']);
        refuseIn(ofServer, `${formatHresult(code)} in ${stage} of a server`);
      }
    });
  }
});

describe('the words of a line that is a finding by itself', () => {
  for (const stage of stages) {
    it(`are whole, with a code and without: ${stage}`, () => {
      for (const finding of Object.keys(findingCodes) as FindingCode[]) {
        for (const [what, said] of sayings) {
          for (const code of [undefined, 0x80244019]) {
            const report = reportOf({ ...said, stage, finding, code }, pc7);
            assert.ok(
              report.findings.some((told) => told.code === finding || said.whose === 'microsoft'),
              finding,
            );
            refuseIn(report, `${stage} with ${what}`);
          }
        }
      }
    });
  }
});

describe('a status that a log names without a code', () => {
  for (const stage of stages) {
    it(`is told as a status and never as a code: ${stage}`, () => {
      for (let status = 400; status < 600; status++) {
        for (const [what, said] of sayings) {
          const report = reportOf({ ...said, stage, status }, pc7);
          const where = `${status} in ${stage} with ${what}`;
          refuseIn(report, where);
          assert.doesNotMatch(toldOf(report), /0x8019|BG_E_HTTP|status 0x/i, where);
        }
      }
    });
  }
});

it('a line of a log that names a status is told without a code of our own making', async () => {
  for (let status = 400; status < 600; status++) {
    const line = `2012-05-21\t10:00:00:123\t 836\ta34\tMisc\tWARNING: Send request failed with HTTP status ${status}\r\n`;
    const report = await diagnoseLogs({ 'PC7/WindowsUpdate.log': line });
    assert.notEqual(report.verdict, 'healthy', String(status));
    refuseIn(report, String(status));
    assert.doesNotMatch(toldOf(report), /0x8019|BG_E_HTTP/i, String(status));
  }
});
