// The name of a computer's system, from its registration.
import { osName, type RegisteredSystem } from '@moult/protocol/os-name';

/** From a registration as JSON. Undefined without a registration, and for a Windows that we do not know. */
export function systemNameOf(registration: string | null): string | undefined {
  if (registration === null) return undefined;
  const said = JSON.parse(registration) as Partial<RegisteredSystem>;
  const { osMajorVersion = 0, osMinorVersion = 0, osBuildNumber = 0, processorArchitecture = '', osDescription } = said;
  const { suiteMask = 0, oldProductType = 0, newProductType = 0, systemMetrics = 0 } = said;
  const version = { osMajorVersion, osMinorVersion, osBuildNumber, processorArchitecture, osDescription };
  return osName({ ...version, suiteMask, oldProductType, newProductType, systemMetrics });
}
