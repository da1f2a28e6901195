// DISM.log, CBS.log and setupact.log.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { diagnoseLogs, failures } from '../../test/diagnose.ts';
import type { FindingCode } from '../../words/codes.ts';

const line = (level: string, component: string, text: string, time = '10:11:12') =>
  `2026-01-10 ${time}, ${level.padEnd(21)} ${component.padEnd(6)} ${text}\r\n`;
const read = (text: string, name = 'PC7/Logs/DISM/dism.log') => diagnoseLogs({ [name]: text });
const done = line(
  'Info',
  'CBS',
  'Exec: Processing complete.  Session: 1, Package: A, hr: 0x0 [HRESULT = 0x00000000 - S_OK]',
  '12:00:00',
);

describe('a log of servicing', () => {
  const causes: [string, string, FindingCode][] = [
    [
      'a source that is missing',
      line(
        'Error',
        'DISM',
        'DISM Package Manager: PID=3112 TID=3344 Failed finalizing changes. - CDISMPackageManager::Internal_Finalize(hr:0x800f081f)',
      ),
      'DOCTOR_SERVICING_SOURCE',
    ],
    [
      'a source that a policy forbids',
      line(
        'Error',
        'DISM',
        'DISM Package Manager: PID=1 TID=2 Failed processing package changes with session options - CDISMPackageManager::ProcessChangesWithOptions(hr:0x800f0954)',
      ),
      'DOCTOR_SERVICING_POLICY',
    ],
    [
      'a source that a policy forbids, in CBS.log',
      line(
        'Info',
        'CBS',
        'Exec: Processing complete.  Session: 3, Package: NetFx3, hr: 0x800f0907 [HRESULT = 0x800f0907 - CBS_E_GROUPPOLICY_DISALLOWED]',
      ),
      'DOCTOR_SERVICING_POLICY',
    ],
    [
      'a store that is damaged',
      line(
        'Error',
        'CBS',
        'Failed to resolve item[0] in Package [HRESULT = 0x80073712 - ERROR_SXS_COMPONENT_STORE_CORRUPT]',
      ),
      'DOCTOR_COMPONENT_STORE',
    ],
    [
      'a store that is damaged, in words',
      line('Info', 'CSI', '00000009 CSI Manifest Corrupt, amd64_x') +
        line('Info', 'CBS', 'Total Detected Corruption:\t7'),
      'DOCTOR_COMPONENT_STORE',
    ],
    [
      'a part that failed',
      line('Error', 'CBS', 'Failed to perform operation.  [HRESULT = 0x800f0922 - CBS_E_INSTALLERS_FAILED]'),
      'DOCTOR_INSTALL_FAILED',
    ],
    [
      'a full disk',
      line('Error', 'CBS', 'Failed to stage package [HRESULT = 0x80070070 - ERROR_DISK_FULL]'),
      'DOCTOR_DISK_FULL',
    ],
    [
      'an upgrade that is blocked',
      line('Error', 'MOUPG', 'CSetupHost::Execute(409): Result = 0xC1900208[gle=0x000000b7]'),
      'DOCTOR_UPGRADE_BLOCKED',
    ],
    [
      'an upgrade that was rolled back',
      line('Error', 'SP', 'Operation failed: Apply drivers. Error: 0xC1900101[gle=0x000000b7]'),
      'DOCTOR_UPGRADE_FAILED',
    ],
  ];
  for (const [what, text, code] of causes) {
    it(`has a cause: ${what}`, async () => assert.deepEqual(failures(await read(text)), [code]));
  }

  it('is healthy when it ended well, whatever was warned of before', async () => {
    const before =
      line(
        'Warning',
        'DISM',
        'DISM Provider Store: PID=1 TID=2 Failed to Load the provider: C:\\x\\PEProvider.dll. - CDISMProviderStore::Internal_GetProvider(hr:0x8007007e)',
      ) + line('Error', 'CBS', 'The frobnicator broke down');
    const report = await read(before + done);
    assert.deepEqual([failures(report), report.verdict], [[], 'healthy']);
  });

  it('with an error after its end is undecided', async () => {
    assert.equal(
      (await read(done + line('Error', 'CBS', 'The frobnicator broke down', '13:00:00'))).verdict,
      'undecided',
    );
  });
});
