// Archives of logs: read in place, with bounds, and a clear word about what is not read.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createCabinet } from '@moult/formats/cab';
import { readLogs } from '../../logs/read-logs.ts';
import { examineLogs } from '../../logs/report.ts';
import { diagnoseLogs, failures, inFolder } from '../../test/diagnose.ts';
import { writeEvtx } from '../evtx/test/write-evtx.ts';
import { writeZip } from './test/write-zip.ts';
import { openZip } from './zip.ts';

const scanFailed =
  '<![LOG[Scan failed with error = 0x80072ee2.]LOG]!><time="10:00:00.000+000" date="08-19-2026" component="WUAHandler" context="" type="3" thread="1" file="x">\r\n';
const iis =
  '#Software: Microsoft Internet Information Services 10.0\r\n#Fields: date time cs-method cs-uri-stem c-ip cs(User-Agent) sc-status\r\n2026-05-06 07:08:09 GET /selfupdate/wuident.cab 10.0.0.9 Windows-Update-Agent 404\r\n';
const events = writeEvtx([
  {
    provider: 'Microsoft-Windows-WindowsUpdateClient',
    id: 20,
    level: 2,
    at: new Date(0),
    data: { errorCode: '0x80070070' },
  },
]);
const all = { 'PC7/CCM/Logs/WUAHandler.log': scanFailed, 'srv/W3SVC1/u_ex260506.log': iis, 'PC9/System.evtx': events };

describe('an archive', () => {
  it('that is a zip is read in place, each file as what it is', async () => {
    const zip = writeZip(Object.entries(all).map(([name, bytes]) => ({ name, bytes })));
    const report = await diagnoseLogs({ 'logs.zip': zip });
    assert.deepEqual(failures(report).sort(), ['DOCTOR_DISK_FULL', 'DOCTOR_NO_ANSWER', 'DOCTOR_TREE_MISSING']);
    assert.match(report.findings[0]?.evidence[0]?.source ?? '', /logs\.zip\/PC7\/CCM\/Logs\/WUAHandler\.log$/);
  });

  it('that is a cabinet is read in place', async () => {
    const modified = new Date(Date.UTC(2026, 4, 6));
    const members = Object.entries(all).map(([name, data]) => ({
      name: name.replaceAll('/', '\\'),
      bytes: Buffer.from(data as Buffer),
      modified,
    }));
    const report = await diagnoseLogs({ 'logs.cab': createCabinet(members) });
    assert.deepEqual(failures(report).sort(), ['DOCTOR_DISK_FULL', 'DOCTOR_NO_ANSWER', 'DOCTOR_TREE_MISSING']);
  });

  it('with files that are no logs by their names leaves them alone', async () => {
    const zip = writeZip([
      { name: 'a.log', bytes: scanFailed },
      { name: 'program.exe', bytes: 'MZ' },
    ]);
    const report = await diagnoseLogs({ 'logs.zip': zip });
    assert.deepEqual(
      report.looked.map(({ what }) => what.replace(/.*logs\.zip/, '')),
      ['/a.log'],
    );
  });

  it('with a file that cannot be read says so, and reads the others', async () => {
    const zip = writeZip([
      { name: 'a.log', bytes: scanFailed },
      { name: 'secret.log', bytes: 'x', flags: 1 },
      { name: 'odd.log', bytes: 'x', method: 99 },
      { name: 'inner.zip', bytes: writeZip([{ name: 'b.log', bytes: scanFailed }]) },
      { name: 'trace.etl', bytes: randomBytes(2000) },
    ]);
    const report = await diagnoseLogs({ 'logs.zip': zip });
    const text = JSON.stringify(report.findings);
    assert.deepEqual(failures(report), ['DOCTOR_NO_ANSWER']);
    for (const why of [
      /secret\.log: it is encrypted/,
      /odd\.log: it is packed by method 99/,
      /inner\.zip: an archive inside an archive/,
      /trace\.etl: a trace .*Get-WindowsUpdateLog/,
    ])
      assert.match(text, why);
  });
});

describe('a trace', () => {
  it('is refused with the command that decodes it, by name and by content', () =>
    inFolder({}, async (folder) => {
      const head = Buffer.alloc(4096);
      head.writeUInt32LE(4096, 0);
      head.set([2, 0, 2, 0xc0], 72);
      for (const name of ['WindowsUpdate.20260506.etl', 'renamed.bin']) {
        writeFileSync(join(folder, name), head);
        await assert.rejects(
          examineLogs([join(folder, name)], () => {}),
          /trace \(\.etl\).*Get-WindowsUpdateLog -ETLPath/,
        );
      }
    }));
});

describe('a hostile archive', () => {
  const limits = { maxMembers: 100, maxUnpackedBytes: 1_000_000 };
  const rejects = (bytes: Buffer, what: RegExp) =>
    inFolder({ 'x.zip': bytes }, async (folder) => {
      await assert.rejects(async () => {
        const { members } = await openZip(join(folder, 'x.zip'), () => true, limits);
        for (const { open } of members) for await (const _ of open());
      }, what);
    });

  it('that unpacks to more than is allowed is stopped there', () =>
    rejects(writeZip([{ name: 'a.log', bytes: Buffer.alloc(50_000_000) }]), /more than 1000000 bytes/));

  it('that unpacks to much by many files is stopped, too', () =>
    rejects(
      writeZip(Array.from({ length: 30 }, (_, at) => ({ name: `${at}.log`, bytes: Buffer.alloc(50_000) }))),
      /more than 1000000/,
    ));

  it('with too many files is refused', () =>
    rejects(
      writeZip(Array.from({ length: 101 }, (_, at) => ({ name: `${at}.log`, bytes: 'x' }))),
      /101 files; the limit is 100/,
    ));

  it('whose sizes lie is refused', () =>
    rejects(
      writeZip([{ name: 'a.log', bytes: Buffer.alloc(5000), claimedBytes: 10 }]),
      /a\.log: a zip archive that cannot be read/,
    ));

  it('whose names leave their folder is refused, and nothing is written', () =>
    rejects(writeZip([{ name: '../../etc/x.log', bytes: 'x' }]), /cannot be read/));

  it('of whatever bytes ends with a clear error', async () => {
    const good = writeZip([{ name: 'a.log', bytes: scanFailed.repeat(20) }]);
    for (let round = 0; round < 120; round++) {
      const bytes = Buffer.from(good);
      const noise = randomBytes(12);
      for (let index = 0; index < 4; index++)
        bytes[4 + (noise.readUInt16LE(2 * index) % (bytes.length - 4))] = noise[8 + index] as number;
      const cut = round % 3 === 0 ? bytes.subarray(0, 4 + (noise.readUInt16LE(0) % (bytes.length - 4))) : bytes;
      const facts = await inFolder({ 'x.zip': cut }, (folder) => readLogs([join(folder, 'x.zip')], () => {}));
      assert.ok(facts.files.length + facts.unreadable.length <= 3);
    }
  });
});
