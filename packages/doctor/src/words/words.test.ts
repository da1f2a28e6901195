// No sentence of a report has a gap, a word that stands for something, a cut word, a note about a table, or a code that
// nobody logged: every finding, with nothing known and with everything known, for each product; and every code in each stage.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Verdict } from '../finding.ts';
import { errorTable, formatHresult } from '../hresult/error-table.ts';
import { refuseFinding, refuseWords } from '../test/refused-words.ts';
import { type FindingCode, findingCodes, isGoodNews } from './codes.ts';
import { deriveValues, fillIn } from './fill.ts';
import { describePage, toFinding } from './page.ts';

const codes = Object.keys(findingCodes) as FindingCode[];
const verdicts: Verdict[] = ['fail', 'unknown', 'pass'];
const known = {
  client: 'PC7',
  server: 'wsus.example:8530',
  url: 'http://wsus.example:8530/selfupdate/wuident.cab',
  path: '/selfupdate/wuident.cab',
  file: 'wuident.cab',
  error: '0x80244019',
  meaning: 'WU_E_PT_HTTP_STATUS_NOT_FOUND: HTTP 404',
  status: '404.3',
  message: 'the words of the event',
  found: 'what was found',
  why: 'the reason',
  step: 'Do this first.',
};
const cases: [string, Record<string, string>][] = [
  ['nothing known', {}],
  [
    'fillers for names',
    {
      server: 'the server',
      client: 'the client',
      url: '',
      found: '',
      meaning: '',
      error: 'no code',
      version: 'not named',
    },
  ],
  ['everything known', known],
  ['everything known of Moult', { ...known, product: 'moult' }],
  ['everything known of WSUS', { ...known, product: 'wsus' }],
  ["Moult's agent", { ...known, agent: 'moult' }],
  ['only the code', { client: 'PC7', error: '0x80244019', meaning: known.meaning }],
];

describe('the words of findings', () => {
  for (const [what, values] of cases) {
    it(`are whole: ${what}`, () => {
      for (const code of codes) {
        for (const verdict of verdicts) {
          const finding = toFinding({ code, verdict, subject: ['server'], values, evidence: [] });
          refuseFinding(finding, what);
          assert.ok(finding.what.length > 15 && finding.cause.length > 5, `${code}: "${finding.what}"`);
        }
      }
    });
  }

  it('end with how to see that it is fixed', () => {
    for (const code of codes.filter((each) => !isGoodNews(each))) {
      for (const [, values] of cases) {
        const { remedy } = toFinding({ code, verdict: 'fail', subject: [], values, evidence: [] });
        assert.ok(remedy.length > 1, `${code} has no step beside that`);
        assert.match(remedy.at(-1) ?? '', /^See that it is fixed: .{20}/, code);
      }
    }
  });

  it('name old commands only beside the ones of today', () => {
    for (const code of codes) {
      const text = describePage(code);
      if (/`wuauclt \//.test(text)) assert.match(text, /UsoClient StartScan/, code);
      if (/\btelnet /.test(text)) assert.match(text, /Test-NetConnection/, code);
      if (/`net (?:start|stop) /.test(text))
        assert.match(text, /(?:Start|Stop|Restart|Set)-Service|Moult's agent/, code);
      assert.doesNotMatch(text, /`sc (?:query|config|qc)\b/, `${code}: sc is Set-Content in PowerShell`);
    }
  });

  it('show only the steps of the product and the agent that are known', () => {
    for (const code of codes) {
      const steps = (values: Record<string, string>) =>
        toFinding({ code, verdict: 'fail', subject: [], values: { ...known, ...values }, evidence: [] }).remedy;
      const all = steps({});
      if (all.some((step) => step.startsWith('Moult: '))) {
        assert.ok(
          !steps({ product: 'wsus' }).some((step) => step.startsWith('Moult: ')) ||
            all.every((step) => /^(?:Moult: |See that)/.test(step)),
          code,
        );
      }
      const ofMoult = steps({ product: 'moult' });
      // Pages of what WSUS alone has are never shown for Moult.
      if (ofMoult.some((step) => step.startsWith('Moult: ')))
        assert.doesNotMatch(
          ofMoult.join('\n').replace(/See that it is fixed:.*/, ''),
          /cscript|wsusutil|IIS Manager|NETWORK SERVICE|appcmd/,
          code,
        );
    }
  });

  it('ask for more facts only of the agent that is known', () => {
    const asked = (agent: string) =>
      toFinding({
        ...{ code: 'DOCTOR_SERVICE_STOPPED', verdict: 'unknown', subject: [], evidence: [] },
        values: { ...known, agent },
      }).settles;
    assert.match(asked('windows') ?? '', /start type/);
    assert.equal(asked('moult'), undefined);
  });

  it('of the table of codes have no notes of its making', () => {
    for (const [code, { meaning }] of errorTable()) {
      const text = fillIn('{meaning}.', deriveValues({ meaning }));
      refuseWords(text.replace(/^\s*[a-z]/, 'A'), formatHresult(code));
    }
  });
});
