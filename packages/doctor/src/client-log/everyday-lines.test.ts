// What machines write while all is well, and lines that belong to something else than what stood before them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { diagnoseLogs, failures } from '../test/diagnose.ts';

const checked = [
  'Setup|Checking for agent SelfUpdate',
  'Setup|SelfUpdate check completed.  SelfUpdate is NOT required.',
  'PT|  + ServiceId = {3DA21691-E39D-4DA6-8A4B-B43877BCB1B7}, Server URL = http://updates:8530/ClientWebService/client.asmx',
];
const found = 'Agent|  * Found 0 updates and 62 categories in search; evaluated appl. rules of 8 out of 11 entities';

function logOf(lines: readonly string[]): string {
  return lines
    .map((line, index) => {
      const [component, text] = line.split('|');
      return `2011-08-23\t10:20:${String(index).padStart(2, '0')}:100\t1000\t1a4\t${component}\t${text}\r\n`;
    })
    .join('');
}

const read = (lines: readonly string[]) => diagnoseLogs({ 'PC7/WindowsUpdate.log': logOf(lines) });

describe('a WindowsUpdate.log', () => {
  for (const line of [
    'Agent|WARNING: Failed to evaluate Installed rule, updateId = {A0000000-0000-0000-0000-000000000000}.201, hr = 80242013',
    'Report|WARNING: CSerializationHelper:: InitSerialize failed : 0x80070002',
    'Misc|WARNING: GetUserTokenFromSessionId failed with error 800703f0 for session 0',
    'Misc|WARNING: LoadLibrary failed for srclient.dll with hr:8007007e',
    'Report|WARNING: Failed to initialize event uploader for new server {3DA21691-E39D-4DA6-8A4B-B43877BCB1B7} with hr = 8024043d.',
  ]) {
    it(`is healthy with what every machine writes: ${line.slice(0, 70)}`, async () => {
      const report = await read([...checked, found, line]);
      assert.deepEqual(
        report.findings.map(({ code, verdict }) => [code, verdict]),
        [['DOCTOR_NOTHING_OFFERED', 'answer']],
      );
      assert.equal(report.verdict, 'healthy');
    });
  }

  it('is healthy when Microsoft could not be reached on the way to a scan that ended well', async () => {
    const blocked = 'SLS|*FAILED* [80072EE7] GetDownloadedOnWeakSSLCert';
    assert.deepEqual(failures(await read([blocked, ...checked, found])), []);
    assert.deepEqual(failures(await read([...checked, found, blocked])), []);
    assert.deepEqual(failures(await read([blocked])), ['DOCTOR_MICROSOFT_UNREACHABLE']);
  });

  it('is healthy when the check is skipped with an error that says so (0x8024d009)', async () => {
    const skipped = 'Setup|WARNING: SelfUpdate: Default Service: IsUpdateRequired failed, error = 0x8024d009';
    assert.deepEqual((await read(['Setup|Checking for agent SelfUpdate', skipped])).findings, []);
  });

  it('lays a failed download to the content, not to the web service that was talked to before', async () => {
    const job = 'DnldMgr|WARNING: BITS job {A0000000-0000-0000-0000-000000000000} failed, hr = 0x80190194';
    const url = 'DnldMgr|  Failed job file: URL = http://updates:8530/Content/7B/F5A7.exe, local path = C:\\Windows\\x';
    const report = await read([
      ...checked,
      found,
      job,
      url,
      'DnldMgr|WARNING: Download job failed, error = 0x80244019',
    ]);
    assert.deepEqual(failures(report), ['DOCTOR_CONTENT_MISSING']);
  });
});
