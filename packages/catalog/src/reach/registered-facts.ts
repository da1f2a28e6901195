// Turns a computer's registration into facts for rules. A registration says little. Everything else stays unknown, and
// so do the rules that ask for it.
import type { MachineFacts, WindowsVersionFacts } from '../applicability/facts.ts';
import { matchesQuery } from './computer-query.ts';

/** The part of a registration that rules ask for. */
export interface RegisteredSystemFacts {
  osMajorVersion?: number | undefined;
  osMinorVersion?: number | undefined;
  osBuildNumber?: number | undefined;
  osServicePackMajorNumber?: number | undefined;
  osServicePackMinorNumber?: number | undefined;
  suiteMask?: number | undefined;
  oldProductType?: number | undefined;
  osLocale?: string | undefined;
  osDescription?: string | undefined;
  processorArchitecture?: string | undefined;
  computerManufacturer?: string | undefined;
  computerModel?: string | undefined;
}

const architectures: Readonly<Record<string, number>> = { x86: 0, arm: 5, ia64: 6, amd64: 9, x64: 9, arm64: 12 };

/** Facts of a system that registered so. A description without "Windows" is another system's, as in `osName`. */
export function registeredFacts(system: RegisteredSystemFacts): MachineFacts {
  const isWindows = !system.osDescription || /windows/i.test(system.osDescription);
  const architecture = architectures[system.processorArchitecture?.toLowerCase() ?? ''];
  return {
    platform: () => (isWindows ? 'Windows' : undefined),
    windowsVersion: () => (isWindows ? windowsVersionOf(system) : null),
    processor: () => (architecture === undefined ? undefined : { architecture }),
    language: () => (system.osLocale ? { system: system.osLocale } : undefined),
    wmiRowCount: (namespace, query) =>
      isWindows
        ? matchesQuery(namespace, query, { Manufacturer: system.computerManufacturer, Model: system.computerModel })
        : 0,
  };
}

/** Zeros are what is assumed where a client says nothing. */
function windowsVersionOf(system: RegisteredSystemFacts): WindowsVersionFacts | undefined {
  const { osMajorVersion: major, osMinorVersion: minor = 0, osBuildNumber: build } = system;
  if (!major || build === undefined) return undefined;
  return {
    ...{ major, minor, build },
    servicePackMajor: system.osServicePackMajorNumber ?? 0,
    servicePackMinor: system.osServicePackMinorNumber ?? 0,
    ...(system.suiteMask ? { suiteMask: system.suiteMask } : {}),
    ...(system.oldProductType ? { productType: system.oldProductType } : {}),
  };
}
