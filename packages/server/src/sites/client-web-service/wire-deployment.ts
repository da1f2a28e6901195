// A decision as it is sent: the seven members that real WSUS sends for a plain approval (captures), on every update.
import type { EffectiveDeployment } from '@moult/catalog';
import type { Deployment } from '@moult/protocol/client-web-service';
import { speaksAtLeast } from './get-config.ts';

/** `hardwareIds` are those by which a driver was matched: clients that speak 1.6 or later get them (MS-WUSP 3.1.5.7). */
export function wireDeployment(
  deployment: EffectiveDeployment,
  protocolVersion: string,
  hardwareIds: readonly string[] = [],
): Deployment {
  return {
    id: deployment.deploymentId,
    action: deployment.action,
    deadline: deployment.deadline,
    isAssigned: true,
    lastChangeTime: new Date(deployment.lastChangeTime).toISOString().slice(0, 10),
    hardwareIds: speaksAtLeast(protocolVersion, '1.6') ? [...hardwareIds] : [],
    // MS-WUSP 2.2.2.2.4: only for clients that speak 1.8 or later, and then always 0.
    ...(speaksAtLeast(protocolVersion, '1.8') && { autoSelect: '0', autoDownload: '0', supersedenceBehavior: '0' }),
  };
}
