// The doctor as people call it: exit codes, JSON, pages.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { findingCodes } from '@moult/doctor/words';
import { inFolder } from '../../../doctor/src/test/diagnose.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const bad = '2012-03-04\t05:06:08:890\t 848\t604\tSetup\tFATAL: IsUpdateRequired failed with error 0x80244019\r\n';
const good = '2012-03-04\t05:06:08:890\t 848\t604\tSetup\tSelfUpdate check completed.  SelfUpdate is NOT required.\r\n';

function moult(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { status, stdout, stderr };
}

describe('moult doctor', () => {
  it('ends with 1 on findings, 0 when healthy, 2 when it could not run', () =>
    inFolder({ 'bad.log': bad, 'good.log': good }, (folder) => {
      assert.equal(moult('doctor', 'logs', join(folder, 'bad.log')).status, 1);
      assert.equal(moult('doctor', 'logs', join(folder, 'good.log')).status, 0);
      assert.equal(moult('doctor', 'logs', join(folder, 'none.log')).status, 2);
      assert.equal(moult('doctor', 'server', 'not an address').status, 2);
      assert.equal(moult('doctor').status, 2);
      writeFileSync(join(folder, 'trace.etl'), Buffer.alloc(4096, 1));
      assert.equal(moult('doctor', 'logs', join(folder, 'trace.etl')).status, 2);
      assert.equal(moult('doctor', 'client', '--root', join(folder, 'nowhere')).status, 2);
    }));

  it('prints one JSON document, and writes one page', () =>
    inFolder({ 'bad.log': bad }, (folder) => {
      const page = join(folder, 'report.html');
      const { stdout } = moult('doctor', 'logs', join(folder, 'bad.log'), '--json', '--report', page);
      const report = JSON.parse(stdout) as {
        verdict: string;
        findings: { code: string; rung: number; remedy: string[] }[];
      };
      assert.equal(report.verdict, 'findings');
      assert.equal(report.findings[0]?.code, 'DOCTOR_TREE_MISSING');
      assert.equal(report.findings[0]?.rung, 4);
      assert.ok((report.findings[0]?.remedy.length ?? 0) > 1);
      assert.match(readFileSync(page, 'utf8'), /^<!doctype html>/);
    }));

  it('gives no verdict on a client of which nothing could be read, and says what is wrong with a name', () =>
    inFolder({ 'letter.txt': 'Dear admin,\r\nit does not work.\r\n', 'empty.log': '', 'bad.log': bad }, (folder) => {
      assert.equal(moult('doctor', 'client', '--log', join(folder, 'empty.log')).status, 2);
      const letter = moult('doctor', 'client', '--log', join(folder, 'letter.txt'));
      assert.match(letter.stdout, /^Undecided .*DOCTOR_NOTHING_SEEN/s);
      assert.equal(letter.status, 3);
      const document = moult('doctor', 'logs', join(folder, 'letter.txt'), '--json');
      assert.equal(document.status, 3);
      assert.equal((JSON.parse(document.stdout) as { verdict: string }).verdict, 'undecided');
      assert.match(moult('doctor', '--help').stdout, /3 undecided/);
      const wrong = moult('doctor', 'client', '--registry', folder);
      assert.equal(wrong.status, 2);
      assert.match(wrong.stderr, /is a folder/);
      const nowhere = moult('doctor', 'client', '--log', join(folder, 'bad.log'), '--report', join(folder, 'no', 'x'));
      assert.equal(nowhere.status, 2);
      assert.match(nowhere.stderr, /--report .*: no such folder/);
    }));

  it('explains every kind of code, and says when there is none', () => {
    const { status, stdout } = moult('doctor', '--explain', Object.keys(findingCodes)[0]?.toLowerCase() ?? '');
    assert.equal(status, 0);
    assert.match(stdout, /^# DOCTOR_/);
    assert.equal(moult('doctor', '--explain', 'DOCTOR_NOTHING').status, 2);
    assert.equal(moult('doctor', 'logs', '--explain', 'DOCTOR_SHAREPOINT').status, 0);
  });

  it('reads a zipped log of any size in less than 200 MB of memory', () =>
    inFolder({}, (folder) => {
      const file = join(folder, 'u_ex040506.log.gz');
      const line = '2004-05-06 07:08:09 10.0.0.2 GET /iuident.cab 0405060708 80 - 10.0.0.9 Industry+Update+Control 404';
      const fields =
        'date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status';
      const lines = 1_500_000;
      writeFileSync(file, gzipSync(`#Fields: ${fields}\r\n${`${line}\r\n`.repeat(lines)}`, { level: 1 }));
      const tellPeak = `process.on('exit', () => console.error('peak', process.resourceUsage().maxRSS / 1024))`;
      const { stdout, stderr } = spawnSync(
        process.execPath,
        ['--import', `data:text/javascript,${encodeURIComponent(tellPeak)}`, main, 'doctor', 'logs', file, '--json'],
        { encoding: 'utf8' },
      );
      const report = JSON.parse(stdout) as { findings: { code: string; evidence: { line: number }[] }[] };
      assert.equal(report.findings[0]?.code, 'DOCTOR_IUIDENT_MISSING');
      assert.equal(report.findings[0]?.evidence.at(-1)?.line, lines + 1);
      const peak = Number(/peak ([\d.]+)/.exec(stderr)?.[1]);
      assert.ok(peak > 20 && peak < 200, `${peak} MB`);
    }));

  it('prints the exclusion for a proxy', () => {
    const { status, stdout } = moult('doctor', 'server', 'http://updates.example:8530', '--proxy-snippets', 'nginx');
    assert.equal(status, 0);
    assert.match(stdout, /proxy_pass http:\/\/updates\.example:8530;/);
  });

  it('shows a fix without doing it', () =>
    inFolder({ 'moult.lock': '{"pid":999999999,"startedAt":""}\n' }, (folder) => {
      const { status, stdout } = moult('doctor', 'fix', '--data-dir', folder, '--dry-run', '--json');
      assert.equal(status, 1);
      assert.match(stdout, /DOCTOR_STALE_LOCK/);
      assert.equal(readFileSync(join(folder, 'moult.lock'), 'utf8').length > 0, true);
    }));
});
