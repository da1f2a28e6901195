// What administrators' tools log: Ansible's win_updates and PSWindowsUpdate.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { diagnoseLogs, failures } from '../../test/diagnose.ts';
import type { FindingCode } from '../../words/codes.ts';

const read = (text: string) => diagnoseLogs({ 'PC7/some.txt': text });

describe("a log of Ansible's win_updates", () => {
  const search =
    '2026-06-08 11:29:34Z Create Windows Update searcher...\r\n2026-06-08 11:29:34Z Searching for updates to install in category IDs x...\r\n';
  const causes: [string, string, FindingCode][] = [
    [
      'a scan without an answer',
      `${search}2026-06-08 11:29:34Z Fatal exception: Exception from HRESULT: 0x80072EE2 at at DoWindowsUpdate, <No file>: line 72\r\n`,
      'DOCTOR_NO_ANSWER',
    ],
    [
      'a service that is disabled',
      'fatal: [pc7]: FAILED! => {"changed": false, "failed_update_count": 0, "msg": "Failed to search for updates with criteria \'IsInstalled = 0\': The service cannot be started (Exception from HRESULT: 0x80070422)"}\r\n',
      'DOCTOR_SERVICE_DISABLED',
    ],
    [
      'a download that failed',
      `${search}2026-06-08 11:29:44Z Found 3 updates\r\n2026-06-08 11:29:54Z Downloading 3 updates\r\n2026-06-08 11:30:34Z Failed to download update: 0x80070070\r\n`,
      'DOCTOR_DISK_FULL',
    ],
    [
      'an installation that failed',
      `${search}2026-06-08 11:29:44Z Found 3 updates\r\n2026-06-08 11:31:54Z Installing updates...\r\n2026-06-08 11:32:34Z Failed to install update KB5000001: 0x80073712\r\n`,
      'DOCTOR_COMPONENT_STORE',
    ],
  ];
  for (const [what, text, code] of causes) {
    it(`has a cause: ${what}`, async () => assert.deepEqual(failures(await read(text)), [code]));
  }
  it('that ends while it searches is undecided', async () => assert.equal((await read(search)).verdict, 'undecided'));
});

describe('a log of PSWindowsUpdate', () => {
  const causes: [string, string, FindingCode][] = [
    [
      'a scan that fails by its way',
      'Install-WindowsUpdate : Exception from HRESULT: 0x80072EE2\r\nAt line:1 char:1\r\n+ Install-WindowsUpdate -AcceptAll\r\n    + CategoryInfo          : NotSpecified: (:) [Install-WindowsUpdate], COMException\r\n',
      'DOCTOR_NO_ANSWER',
    ],
    [
      'a scan that fails, in German',
      'Get-WindowsUpdate : Ausnahme von HRESULT: 0x80244022\r\nIn Zeile:1 Zeichen:1\r\n',
      'DOCTOR_SERVICE_UNAVAILABLE',
    ],
    [
      'an update that fails',
      'X ComputerName Result     KB          Size Title\r\n- ------------ ------     --          ---- -----\r\n1 PC7          Accepted   KB5000001   3MB  Update\r\n2 PC7          Downloaded KB5000001   3MB  Update\r\n3 PC7          Failed     KB5000001   3MB  Update\r\n',
      'DOCTOR_INSTALL_FAILED',
    ],
  ];
  for (const [what, text, code] of causes) {
    it(`has a cause: ${what}`, async () => assert.deepEqual(failures(await read(text)), [code]));
  }
  it('is healthy when all was installed', async () => {
    const text =
      'X ComputerName Result     KB          Size Title\r\n1 PC7          Accepted   KB5000001   3MB  Update\r\n3 PC7          Installed  KB5000001   3MB  Update\r\n';
    assert.equal((await read(text)).verdict, 'healthy');
  });
});
