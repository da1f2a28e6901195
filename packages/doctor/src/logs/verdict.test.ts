// No false all-clear: an error that a log itself calls one is never passed over, and a file of another kind is never healthy.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderHtml } from '../report/html.ts';
import { renderText } from '../report/text.ts';
import { readers } from '../story/readers.ts';
import { diagnoseLogs } from '../test/diagnose.ts';

const wua = (component: string, text: string, second = 0) =>
  `2014-07-08\t08:30:${String(second).padStart(2, '0')}:100\t 932\t1164\t${component}\t${text}\r\n`;
const ten = (component: string, text: string, second = 0) =>
  `2019/03/14 09:12:${String(second).padStart(2, '0')}.1234567 1276  3628  ${component.padEnd(16)}${text}\r\n`;
const sus = (status: string, component: string, text: string) =>
  `2003-10-15 10:14:00  15:14:00   ${status.padEnd(9)} ${component.padEnd(14)} ${text}\r\n`;
const reported = (id: string, result: string, outcome: string, text: string) =>
  `{68D698EE-B4A7-4CA5-9D33-EFB2EDE6CD36}\t2013-02-11 10:37:22:371+0100\t1\t${id}\t101\t{A67661EB-2423-451D-BF5D-13199E37DF28}\t0\t${result}\tAutomaticUpdates\t${outcome}\tContent Install\t${text}\r\n`;
const server = (level: string, text: string) =>
  `2014-01-16 18:53:56.168 UTC\t${level}\tWsusService.15\tSomething.Invented\t${text}\r\n`;
const scanned = 'Found 0 updates and 62 categories in search; evaluated appl. rules of 8 out of 11 entities';

/** A healthy file of each kind, and lines that its kind calls errors. */
const kinds: Record<string, { name: string; healthy: string; errors: string[] }> = {
  'WindowsUpdate.log': {
    name: 'pc/WindowsUpdate.log',
    healthy: wua('Agent', `  * ${scanned}`),
    errors: [
      wua('Agent', 'FATAL: The frobnicator broke down', 9),
      wua('AU', 'WARNING: Frobnicating failed', 9),
      wua('Frob', 'WARNING: Could not frobnicate, error = 0x8feedbee', 9),
      wua('Agent', '  * WARNING: Exit code = 0x8FEEDBEE', 9),
      wua('Handler', 'FATAL: Frobnicated update ended', 9),
    ],
  },
  'Get-WindowsUpdateLog': {
    name: 'pc/WindowsUpdate.log',
    healthy: ten('Agent', scanned),
    errors: [
      ten('Agent', '*FAILED* [8FEEDBEE] Frobnicate', 9),
      ten('Misc', 'FATAL: The frobnicator broke down', 9),
      ten('Agent', 'Exit code = 0x8FEEDBEE', 9),
    ],
  },
  'Windows Update.log': {
    name: 'pc/Windows Update.log',
    healthy: sus('Success', 'IUCTL', 'Downloaded iuident.cab from http://sus/'),
    errors: [sus('Error', 'IUENGINE', 'The frobnicator broke down')],
  },
  'ReportingEvents.log': {
    name: 'pc/ReportingEvents.log',
    healthy: reported('183', '0', 'Success', 'Installation Successful'),
    errors: [
      reported('182', '8feedbee', 'Failure', 'Frobnicated.'),
      reported('148', '8feedbee', 'Failure', 'Frobnicated.'),
    ],
  },
  'SoftwareDistribution.log': {
    name: 'SoftwareDistribution.log',
    healthy: server('Info', 'All is well'),
    errors: [server('Error', 'The frobnicator broke down')],
  },
};

describe('an invented error', () => {
  for (const [kind, { name, healthy, errors }] of Object.entries(kinds)) {
    it(`of ${kind} changes a healthy verdict`, async () => {
      const before = await diagnoseLogs({ [name]: healthy });
      assert.equal(before.verdict, 'healthy', JSON.stringify(before.findings));
      for (const error of errors) {
        const report = await diagnoseLogs({ [name]: healthy + error });
        assert.notEqual(report.verdict, 'healthy', error);
        const shown = `${renderText(report, { colour: false, width: 100 })}${renderHtml(report, new Date(0))}`;
        assert.match(shown, report.verdict === 'undecided' ? /Undecided/ : /Not healthy/);
        assert.doesNotMatch(shown, /Healthy: |>Healthy/);
      }
    });
  }

  for (const { kind, sample } of readers) {
    if (!sample) continue;
    it(`of ${kind}, ${sample.name}, changes a healthy verdict`, async () => {
      const { name, healthy, errors } = sample;
      assert.equal((await diagnoseLogs({ [name]: healthy })).verdict, 'healthy');
      for (const error of errors)
        assert.notEqual((await diagnoseLogs({ [name]: healthy + error })).verdict, 'healthy', error);
    });
  }
});

describe('a file of another kind', () => {
  const others: [string, string][] = [
    ['a shopping list', 'eggs\nmilk\nbread\n'],
    ['a web page', '<!doctype html><html><body><h1>Under Construction</h1></body></html>\n'],
    ['a program', 'import fs from "node:fs";\nconsole.log(fs.readdirSync("."));\n'],
    [
      'a log of something else',
      '2024-05-06 07:08:09 INFO app started\n2024-05-06 07:08:10 ERROR could not open socket\n',
    ],
    ['JSON', '{"update": true, "download": ["a", "b"]}\n'],
    ['a CSV', 'name;value\nWindows Update;3\n'],
    ['the hosts file', '# comment\n127.0.0.1 localhost\n10.0.0.1 wsus\n'],
  ];
  for (const [what, text] of others) {
    it(`is undecided: ${what}`, async () => {
      assert.equal((await diagnoseLogs({ 'file.txt': text })).verdict, 'undecided');
    });
  }
});
