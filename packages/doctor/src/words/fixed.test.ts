// The last step of a finding shows whether it is gone: what it names must be able to show that very finding.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type FindingCode, findingCodes, isGoodNews } from './codes.ts';
import { type ShownBy, shownBy } from './fixed.ts';
import { describePage, toFinding } from './page.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The sources that make findings of each kind of input; where nothing is named, the codes of logs do. */
const makers: Record<ShownBy, readonly string[]> = {
  probe: ['server/*.ts', 'net/*.ts', 'http-log/status-cause.ts', 'http-log/iis-statuses.ts'],
  self: ['home/*.ts'],
  scan: [
    'logs/*.ts',
    'rules/*.ts',
    'hresult/*.ts',
    'client-log/*.ts',
    'client/*.ts',
    'client/inputs/*.ts',
    'readers/*/*.ts',
    'story/*.ts',
  ],
  'access-log': ['http-log/*.ts', 'logs/*.ts', 'explain/*.ts'],
  'server-log': ['readers/*/*.ts', 'client-log/*.ts', 'rules/*.ts'],
  'configuration-manager': ['readers/cmtrace/*.ts'],
  'group-policy': ['readers/windows-events/*.ts', 'client/inputs/*.ts'],
  registry: ['client/*.ts', 'client/inputs/*.ts'],
  services: ['client/inputs/*.ts', 'logs/*.ts', 'rules/*.ts'],
  'more-input': ['report/*.ts', 'logs/*.ts', 'story/*.ts'],
};

const sources = new Map(
  Object.entries(makers).map(([by, globs]) => [
    by,
    globSync([...globs], { cwd: root })
      .filter((file) => !file.endsWith('.test.ts'))
      .map((file) => readFileSync(`${root}/${file}`, 'utf8'))
      .join('\n'),
  ]),
);

function canShow(by: ShownBy, code: FindingCode): boolean {
  return new RegExp(`'${code}'`).test(sources.get(by) ?? '');
}

const codes = (Object.keys(findingCodes) as FindingCode[]).filter((code) => !isGoodNews(code));

describe('how to see that a finding is gone', () => {
  it('names what can show it', () => {
    assert.deepEqual(
      codes.filter((code) => !/^## Fixed when/m.test(pageText(code)) && !canShow(shownBy(code), code)),
      [],
    );
  });

  it('names a probe of the server, or this server itself, only where these find it, also on a page of its own', () => {
    const promises: [ShownBy, RegExp][] = [
      ['probe', /`moult doctor server[^`]*`[^.]*no longer shows this/],
      ['self', /`moult doctor (?:self|content)`[^.]*no longer shows this/],
    ];
    for (const code of codes) {
      for (const values of [{}, { server: 'wsus.example:8530' }]) {
        const last = toFinding({ code, verdict: 'fail', subject: [], values, evidence: [] }).remedy.at(-1) ?? '';
        for (const [by, words] of promises) if (words.test(last)) assert.ok(canShow(by, code), `${code}: ${last}`);
      }
    }
  });

  it("asks the client about Microsoft's services", () => {
    for (const code of ['DOCTOR_MICROSOFT_UNREACHABLE', 'DOCTOR_MICROSOFT_TLS'] as const) {
      assert.match(describePage(code), /See that it is fixed: start a scan on the client/);
      assert.doesNotMatch(describePage(code), /moult doctor server/);
    }
  });
});

function pageText(code: FindingCode): string {
  return readFileSync(`${root}/../../../docs/findings/${code}.md`, 'utf8');
}
