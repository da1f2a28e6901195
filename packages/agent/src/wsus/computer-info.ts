// The facts about this machine in RegisterComputer (MS-WUSP 2.2.2.2.3). They are informational: servers show them, and no
// decision depends on them.
import { hostname, type as osType } from 'node:os';
import type { ComputerInfo } from '@moult/protocol/client-web-service';
import type { Machine } from '../machine/policy.ts';
import { osVersionOf } from '../pings/platform.ts';

export function computerInfo(machine: Machine, version: string): ComputerInfo {
  const [major, minor, build] = osVersionOf(machine.os);
  const [clientMajor = 0, clientMinor = 0, clientBuild = 0, clientQfe = 0] = version.split('.').map(Number);
  return {
    dnsName: hostname().toLowerCase(),
    osMajorVersion: major,
    osMinorVersion: minor,
    osBuildNumber: build,
    osServicePackMajorNumber: 0,
    osServicePackMinorNumber: 0,
    osLocale: machine.language,
    computerManufacturer: 'unknown',
    computerModel: 'unknown',
    biosVersion: 'unknown',
    biosName: 'unknown',
    biosReleaseDate: new Date(0),
    processorArchitecture: architectures[machine.architecture],
    suiteMask: 256,
    oldProductType: machine.os === 'NetServer' ? 3 : 1,
    newProductType: 0,
    systemMetrics: 0,
    clientVersionMajorNumber: clientMajor,
    clientVersionMinorNumber: clientMinor,
    clientVersionBuildNumber: clientBuild,
    clientVersionQfeNumber: clientQfe,
    osDescription: descriptions[machine.os] ?? osType(),
  };
}

const architectures = { x86: 'X86', x64: 'AMD64', arm64: 'ARM64' } as const;

const descriptions: Readonly<Record<string, string>> = {
  W2K: 'Windows 2000 Professional',
  XP: 'Windows XP Professional',
  NetServer: 'Windows Server 2003',
};
