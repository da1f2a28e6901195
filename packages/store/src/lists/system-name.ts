// What a computer's system is called, from what it said when it registered.
import { osName, type RegisteredSystem } from '@moult/protocol/os-name';

/** From a registration as JSON. Undefined for no registration, and for a system that is no Windows we know. */
export function systemNameOf(registration: string | null): string | undefined {
  if (registration === null) return undefined;
  const said = JSON.parse(registration) as Partial<RegisteredSystem>;
  const { osMajorVersion = 0, osMinorVersion = 0, osBuildNumber = 0, processorArchitecture = '', osDescription } = said;
  const { suiteMask = 0, oldProductType = 0, newProductType = 0, systemMetrics = 0 } = said;
  const version = { osMajorVersion, osMinorVersion, osBuildNumber, processorArchitecture, osDescription };
  return osName({ ...version, suiteMask, oldProductType, newProductType, systemMetrics });
}
