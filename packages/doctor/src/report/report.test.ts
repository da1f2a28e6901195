import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { observe } from '../finding.ts';
import { diagnoseLogs } from '../test/diagnose.ts';
import { type FindingCode, findingCodes } from '../words/codes.ts';
import { escapeHtml } from './escape-html.ts';
import { renderHtml } from './html.ts';
import { redactReport } from './redact.ts';
import { makeReport } from './report.ts';
import { renderText } from './text.ts';
import { renderTimeline } from './timeline.ts';

const escapeSign = '\u001b';
const override = '\u202e';
const hostile = `<script>alert(1)</script>"${escapeSign}[31m${override}`;
const at = new Date(Date.UTC(2026, 0, 2));

describe('the HTML report', () => {
  it('is one page without script, link or picture from elsewhere, with a timeline', async () => {
    const report = await diagnoseLogs({
      'pc/WindowsUpdate.log':
        '2012-03-04\t05:06:08:890\t 848\t604\tSetup\tFATAL: IsUpdateRequired failed with error 0x80244019 <script>alert(1)</script>\r\n',
    });
    const html = renderHtml(report, at);
    assert.match(html, /<svg /);
    assert.match(html, /&lt;script&gt;/);
    assert.doesNotMatch(html, /<script|<link|<img|<iframe|src=|href=/i);
    assert.match(html, /The self-update tree is missing/);
  });

  it('escapes whatever it is given', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.doesNotMatch(escapeHtml(text), /[<>"']/);
        assert.doesNotMatch(escapeHtml(text), /&(?!(amp|lt|gt|quot|#39);)/);
      }),
    );
    const finding = observe('DOCTOR_NO_ANSWER', 'fail', ['x'], { server: hostile, host: hostile }, [
      { source: hostile, text: hostile },
    ]);
    const html = renderHtml(makeReport(hostile, [finding]), at);
    for (const sign of ['<script', escapeSign, override]) assert.ok(!html.includes(sign));
  });
});

describe('the text report', () => {
  it('names the root cause first, then evidence, then what to do', async () => {
    const report = await diagnoseLogs({
      'pc/WindowsUpdate.log':
        '2012-03-04\t05:06:08:890\t 848\t604\tSetup\tFATAL: IsUpdateRequired failed with error 0x80072ee7\r\n',
    });
    const text = renderText(report, { colour: false, width: 100 });
    const order = ['Root cause:', 'DOCTOR_NAME_NOT_RESOLVED', 'Evidence', 'What to do', '1. '].map((part) =>
      text.indexOf(part),
    );
    assert.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
    );
    assert.ok(order.every((place) => place >= 0));
    assert.ok(!text.includes(escapeSign));
  });

  it('lets no control character of a log reach the terminal', () => {
    const finding = observe('DOCTOR_NO_ANSWER', 'fail', ['x'], { server: hostile }, [
      { source: hostile, text: hostile },
    ]);
    const looked = [{ what: hostile, result: hostile }];
    const report = { ...makeReport(hostile, [finding], looked), leftOut: [hostile] };
    const text = renderText(report, { colour: false, width: 80 });
    assert.doesNotMatch(text, /(?!\n)[\p{Cc}\p{Cf}]/u);
    assert.ok(text.includes('<U+001B>[31m<U+202E>'));
  });
});

describe('--redact', () => {
  it('masks names, addresses and ids everywhere, the same one the same way', () => {
    const text =
      'GET http://wsus01.corp.example.org:8530/selfupdate/wuident.cab from 10.1.2.3 CORP\\alice SusClientId 6f9619ff-8b86-d011-b42d-00c04fc964ff, then wsus01.corp.example.org again from 10.1.2.3, agent 7.6.7600.256, Authorization: Basic QWxhZGRpbg==';
    const finding = observe('DOCTOR_NO_ANSWER', 'fail', ['x'], { server: 'wsus01.corp.internal' }, [
      { source: 'http://wsus01.corp.internal/x', text: text.replaceAll('example.org', 'internal') },
    ]);
    const shown = JSON.stringify(redactReport(makeReport('http://wsus01.corp.internal', [finding])));
    for (const secret of ['wsus01', '10.1.2.3', 'alice', '6f9619ff', 'QWxhZGRpbg'])
      assert.ok(!shown.includes(secret), `${secret} in ${shown}`);
    assert.match(shown, /7\.6\.7600\.256/);
    assert.equal(shown.match(/address-1/g)?.length, 2);
    assert.match(shown, /DOCTOR_NO_ANSWER/);
  });

  it('masks what log lines carry beside: user columns, domains, shares, proxies, groups, profiles with blanks', () => {
    const lines = [
      '2005-08-26 08:14:06 W3SVC1 10.1.2.3 HEAD /iuident.cab 0508260814 80 mmeier 10.1.2.9 Industry+Update+Control 401 1 1331',
      'DNS name = pcklaus.corp.internal, then pcklaus.corp.internal:8530 and pcklaus.log, target group = Geheim, x',
      'Proxy List used: <proxyklaus:8080> Bypass List used : <*.corp.internal> Auth Schemes used : <>',
      'FATAL: \\\\fileklaus\\share\\x failed',
      'WARNING: C:\\Users\\Klaus Muster\\AppData\\x.cab',
    ];
    const evidence = lines.map((text, index) => ({ source: 'a.log', line: index + 1, text }));
    const shown = JSON.stringify(
      redactReport(makeReport('x', [observe('DOCTOR_NO_ANSWER', 'fail', ['x'], {}, evidence)])),
    );
    for (const secret of ['mmeier', 'klaus', 'corp', 'Geheim', 'Muster', '10.1.2.'])
      assert.ok(!shown.toLowerCase().includes(secret.toLowerCase()), `${secret} in ${shown}`);
    for (const kept of ['/iuident.cab', 'Industry+Update+Control', 'AppData', 'computer-1.log'])
      assert.ok(shown.includes(kept), kept);
  });
});

describe('--redact and the words of our own pages', () => {
  it('leaves every one of them as it is', () => {
    for (const code of Object.keys(findingCodes) as FindingCode[]) {
      const report = makeReport('x', [observe(code, 'fail', ['x'], {}, [])]);
      assert.deepEqual(redactReport(report).findings, report.findings);
    }
  });
});

describe('the timeline', () => {
  it('keeps the minutes of a check apart beside the months before it, and says every mark in words', () => {
    const event = (atMs: number, what: string) => ({
      at: new Date(atMs).toISOString(),
      atMs,
      what,
      outcome: 'good' as const,
      evidence: { source: 'a', text: what },
    });
    const events = [event(0, 'long ago'), event(1e10, 'check begun'), event(1e10 + 60_000, 'check ended')];
    const story = {
      client: 'pc',
      generation: 'SUS client',
      versions: [],
      lastStage: '',
      outcome: 'failing' as const,
      events,
    };
    const picture = renderTimeline([story]);
    const places = [...picture.matchAll(/cx="([\d.]+)"/g)].map(([, x]) => Number(x));
    assert.equal(places.length, 3);
    assert.ok((places[2] ?? 0) - (places[1] ?? 0) > 30, places.join(' '));
    for (const { what } of events) assert.match(picture, new RegExp(`<td>${what}</td>`));
  });
});

describe('what passed', () => {
  it('is not called "in order" where it tells of a failure that is over', async () => {
    const report = await diagnoseLogs({
      'pc/WindowsUpdate.log':
        '2012-03-04\t05:06:08:890\t 848\t604\tSetup\tFATAL: IsUpdateRequired failed with error 0x80244019\r\n' +
        '2012-03-05\t05:06:08:890\t 848\t604\tSetup\tSelfUpdate check completed.  SelfUpdate is NOT required.\r\n',
    });
    for (const shown of [renderText(report, { colour: false, width: 100 }), renderHtml(report, at)]) {
      const [good = '', over = ''] = shown.slice(shown.indexOf('In order')).split('Seen, but over');
      assert.doesNotMatch(good, /tree is missing/);
      assert.match(good, /needs no newer agent/);
      assert.match(over, /tree is missing/);
    }
  });
});

describe('a redacted report', () => {
  const evidence = (text: string) => [{ source: 'a.log', text }];
  const redacted = (text: string) =>
    JSON.stringify(
      redactReport(
        makeReport('x', [
          observe('DOCTOR_NO_ANSWER', 'fail', ['x'], { server: 'http://wsus01.corp:8530' }, evidence(text)),
        ]),
      ),
    );

  it('keeps the versions of agents, and masks addresses, also those that look alike', () => {
    const shown = redacted(
      'SUS client 5.4.0.1 at 10.1.2.3, version 7.9.0.2, 7.9.0.3, M=sus%2F5.4.0.1, http://5.4.0.1:8530/',
    );
    for (const kept of ['SUS client 5.4.0.1', 'version 7.9.0.2, 7.9.0.3', 'M=sus%2F5.4.0.1'])
      assert.ok(shown.includes(kept), `${kept} in ${shown}`);
    assert.doesNotMatch(shown, /10\.1\.2\.3|http:\/\/5\.4\.0\.1/);
  });

  it('keeps the scheme of an address', () => {
    assert.match(redacted('urllog: http://wsus01.corp:8530\tV=1'), /http:\/\/server-\d+:8530/);
    assert.doesNotMatch(redacted('http wsus01.corp'), /wsus01/);
  });
});
