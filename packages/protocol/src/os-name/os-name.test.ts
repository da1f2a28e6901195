import assert from 'node:assert/strict';
import { it } from 'node:test';
import { osName, type RegisteredSystem } from './index.ts';

const system = (version: string, changes: Partial<RegisteredSystem> = {}): RegisteredSystem => {
  const [osMajorVersion = 0, osMinorVersion = 0, osBuildNumber = 0] = version.split('.').map(Number);
  return {
    ...{ osMajorVersion, osMinorVersion, osBuildNumber, suiteMask: 0, oldProductType: 1, newProductType: 0 },
    ...{ systemMetrics: 0, processorArchitecture: 'AMD64', ...changes },
  };
};

it('systems are named as note 13 of MS-WUSP names them, and by build where it stops', () => {
  const cases: [RegisteredSystem, string | undefined][] = [
    // The captured agent: "Windows 10 Pro" in its own words.
    [system('10.0.26200', { suiteMask: 256, newProductType: 48 }), 'Windows 11, version 25H2, Pro'],
    [system('10.0.26100', { oldProductType: 3, newProductType: 8 }), 'Windows Server 2025, Datacenter'],
    [system('10.0.17763', { oldProductType: 2, newProductType: 7 }), 'Windows Server 2019, Standard'],
    [system('10.0.17763'), 'Windows 10, version 1809'],
    [
      system('10.0.22631', { oldProductType: 3, newProductType: 0xaf }),
      'Windows 11, version 23H2, Enterprise multi-session',
    ],
    [
      system('10.0.20348', { oldProductType: 3, newProductType: 0x197 }),
      'Windows Server 2022, Datacenter: Azure Edition',
    ],
    [system('10.0.28000', { newProductType: 0xcb }), 'Windows 11, version 26H1, SE'],
    [system('10.0.22635'), 'Windows 11, version 23H2'],
    [system('10.0.9926'), undefined],
    [system('6.3.9600'), 'Windows 8.1'],
    [system('6.3.9600', { oldProductType: 3 }), 'Windows Server 2012 R2'],
    [system('6.1.7601', { newProductType: 0x30 }), 'Windows 7 Professional'],
    [system('6.0.6002', { newProductType: 1 }), 'Windows Vista Ultimate'],
    [
      system('5.2.3790', { oldProductType: 3, suiteMask: 2, systemMetrics: 89 }),
      'Windows Server 2003 R2 Enterprise x64 Edition',
    ],
    [
      system('5.2.3790', { oldProductType: 3, processorArchitecture: 'x86Compatible' }),
      'Windows Server 2003 Standard Edition',
    ],
    [system('5.1.2600', { suiteMask: 0x300, processorArchitecture: 'X86' }), 'Windows XP Home Edition'],
    [system('5.1.2600', { processorArchitecture: 'X86' }), 'Windows XP Professional'],
    [system('5.0.2195', { processorArchitecture: 'X86' }), 'Windows 2000 Server Professional'],
    [system('5.0.2195', { oldProductType: 3, suiteMask: 2 }), 'Windows 2000 Advanced Server'],
    [system('6.8.0'), undefined],
    [system('6.3.0', { osDescription: 'Linux' }), undefined],
  ];
  for (const [registered, name] of cases) assert.equal(osName(registered), name, JSON.stringify(registered));
});
