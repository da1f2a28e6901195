// RegisterComputer (MS-WUSP 3.1.5.5): the facts of a computer. They are informational, so none is refused. The store
// cuts them.
import type { ComputerInfo } from '@moult/protocol/client-web-service';
import { SoapFault } from '../../errors.ts';
import type { UpdateService } from '../../update-service/update-service.ts';

export async function registerComputer(
  { store, admission, now }: UpdateService,
  computerId: string,
  info: ComputerInfo | undefined,
  address: string,
): Promise<void> {
  if (!info) throw new SoapFault('InvalidParameters', 'computerInfo');
  // A computer that was removed comes back with the cookie that it has.
  const isKnown = (await store.loadTargeting(computerId)) !== undefined;
  if (!isKnown && !admission.admit('new-computer', address)) throw new SoapFault('ServerBusy', '');
  await store.registerComputer({
    computerId,
    dnsName: info.dnsName ?? '',
    address,
    agentVersion: [
      info.clientVersionMajorNumber,
      info.clientVersionMinorNumber,
      info.clientVersionBuildNumber,
      info.clientVersionQfeNumber,
    ].join('.'),
    osVersion: `${info.osMajorVersion}.${info.osMinorVersion}.${info.osBuildNumber}`,
    osDescription: info.osDescription ?? '',
    architecture: info.processorArchitecture ?? '',
    manufacturer: info.computerManufacturer ?? '',
    model: info.computerModel ?? '',
    registration: { ...info },
    at: now(),
  });
}
