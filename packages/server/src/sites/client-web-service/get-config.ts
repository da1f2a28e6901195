// GetConfig (MS-WUSP 3.1.5.2): the first call of a client. The answer is that of real WSUS, in its order.
import { hostname } from 'node:os';
import type { Config } from '@moult/protocol/client-web-service';
import { simpleTargeting } from '@moult/protocol/simple-auth';
import { SoapFault } from '../../errors.ts';
import type { UpdateService } from '../../update-service/update-service.ts';

export function getConfig({ identity, config }: UpdateService, protocolVersion: string | undefined): Config {
  requireProtocolVersion(protocolVersion);
  const properties = {
    MaxExtendedUpdatesPerRequest: String(config.maxExtendedUpdates),
    PackageServerShare: `\\\\${hostname().toUpperCase()}\\UpdateServicesPackages`,
    // 3.2 is what WSUS 3.0 SP2 and everything after it says.
    ProtocolVersion: '3.2',
    IsInventoryRequired: '0',
    ClientReportingLevel: '2',
  };
  return {
    lastChange: identity.lastChange,
    isRegistrationRequired: true,
    authInfo: [{ plugInId: simpleTargeting, serviceUrl: 'SimpleAuthWebService/SimpleAuth.asmx', parameter: '' }],
    allowedEventIds: [],
    properties: Object.entries(properties).map(([name, value]) => ({ name, value })),
  };
}

/** The settings that GetConfig's answer depends on, as text. When this text changes, LastChange changes with it. */
export function configText({ maxExtendedUpdates, targeting }: UpdateService['config']): string {
  return JSON.stringify({ maxExtendedUpdates, targeting });
}

/** Two numbers with a point between. Absent counts as the first there was. Throws InvalidParameters otherwise. */
export function requireProtocolVersion(text: string | undefined): string {
  const version = (text ?? '').trim() || '1.0';
  if (!/^\d{1,5}\.\d{1,5}$/.test(version)) throw new SoapFault('InvalidParameters', 'protocolVersion');
  return version;
}

/** Whether a client of `version` speaks at least `wanted`. */
export function speaksAtLeast(version: string, wanted: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
