// --redact masks who and where, and keeps what a supporter needs first: versions of agents, schemes of addresses.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { diagnoseLogs } from '../test/diagnose.ts';
import { redactReport } from './redact.ts';
import { renderText } from './text.ts';

const masked = async (files: Record<string, string>) => {
  const report = redactReport(await diagnoseLogs(files));
  return renderText(report, { colour: false, width: 110 }) + JSON.stringify(report);
};

describe('a masked report', () => {
  it('keeps the versions of the agents, whatever stands around them, and masks addresses that look alike', async () => {
    const log =
      '2004-05-06 07:08:09  05:08:09   Success   IUCTL          SUS client 5.4.3.12 started\r\n' +
      '2004-05-06 07:08:10  05:08:10   Error     IUCTL          SUS client 5.4.3.12: Downloading iuident.cab from http://srv07.corp.test/ (Error 0x80190194)\r\n' +
      '2004-05-06\t07:09:09:890\t 848\t604\tSetup\tClient version: Core: 7.9.0.1  Aux: 7.9.0.2\r\n' +
      '2004-05-06\t07:09:10:890\t 848\t604\tMisc\tWARNING: Send failed to 10.20.30.40 with hr = 80072ee2.\r\n';
    const text = await masked({ 'pc7/WindowsUpdate.log': log });
    assert.match(text, /7\.9\.0\.1/);
    assert.match(text, /5\.4\.3\.12/);
    assert.doesNotMatch(text, /10\.20\.30\.40|srv07|pc7/);
    assert.match(text, /http:\/\/server-\d/);
  });

  it('keeps the scheme of servers in urllog.dat and the version in its pings', async () => {
    const ping =
      'http://srv07.corp.test\tV=1&U=4ba558bba2658743a79267d5ddd810f2&C=au&A=s&S=f&E=80190194&M=sus%2F5.4.3.12&X=021126215909393\r\n';
    const text = await masked({ 'urllog.dat': ping });
    assert.match(text, /http:\/\/server-\d/);
    assert.match(text, /sus%2F5\.4\.3\.12/);
    assert.doesNotMatch(text, /srv07|server-\d:\/\/|4ba558bba/);
  });

  it('masks an address behind a word that is no version', async () => {
    const text = await masked({
      'pc/WindowsUpdate.log':
        '2004-05-06\t07:09:10:890\t 848\t604\tMisc\tWARNING: connection to host 7.6.4.1 failed, hr = 80072ee2.\r\n',
    });
    assert.doesNotMatch(text, /7\.6\.4\.1/);
  });
});
