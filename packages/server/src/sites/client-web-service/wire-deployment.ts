// A decision as it is sent: the seven members that real WSUS sends for a plain approval (captures), on every update.
import type { EffectiveDeployment } from '@moult/catalog';
import type { Deployment } from '@moult/protocol/client-web-service';
import type { WireForm } from '../../update-service/ready-updates.ts';
import { speaksAtLeast } from './get-config.ts';

/** `hardwareIds` are those that matched a driver: clients that speak 1.6 or later get them (MS-WUSP 3.1.5.7). */
export function wireDeployment(
  deployment: EffectiveDeployment,
  protocolVersion: string,
  hardwareIds: readonly string[] = [],
): Deployment {
  const isOffer = deployment.action === 'OptionalInstall';
  return {
    id: deployment.deploymentId,
    // MS-WUSP note 22: clients before Windows 10 1903 do not know OptionalInstall. IsAssigned says the same to them.
    action: isOffer && !speaksAtLeast(protocolVersion, knowsOptionalInstall) ? 'Install' : deployment.action,
    deadline: deployment.deadline,
    // MS-WUSP 2.2.2.2.4: false is offered to the user, and not installed by itself.
    isAssigned: !isOffer,
    lastChangeTime: new Date(deployment.lastChangeTime).toISOString().slice(0, 10),
    hardwareIds: speaksAtLeast(protocolVersion, '1.6') ? [...hardwareIds] : [],
    // MS-WUSP 2.2.2.2.4: only for clients that speak 1.8 or later, and then always 0.
    ...(speaksAtLeast(protocolVersion, '1.8') && { autoSelect: '0', autoDownload: '0', supersedenceBehavior: '0' }),
  };
}

/** Of Windows 10 1903. */
const knowsOptionalInstall = '2.0';

/** The part of a deployment that depends on the protocol of the client, apart from a driver's hardware ids. */
export function wireFormOf(protocolVersion: string): WireForm {
  if (speaksAtLeast(protocolVersion, knowsOptionalInstall)) return '2.0';
  return speaksAtLeast(protocolVersion, '1.8') ? '1.8' : 'before 1.8';
}
