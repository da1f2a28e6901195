// A decision as it is sent: the seven members that real WSUS sends for a plain approval (captures), on every update.
import type { EffectiveDeployment } from '@moult/catalog';
import type { Deployment } from '@moult/protocol/client-web-service';
import { speaksAtLeast } from './get-config.ts';

export function wireDeployment(deployment: EffectiveDeployment, protocolVersion: string): Deployment {
  return {
    id: deployment.deploymentId,
    action: deployment.action,
    deadline: deployment.deadline,
    isAssigned: true,
    lastChangeTime: new Date(deployment.lastChangeTime).toISOString().slice(0, 10),
    hardwareIds: [],
    // MS-WUSP 2.2.2.2.4: only for clients that speak 1.8 or later, and then always 0.
    ...(speaksAtLeast(protocolVersion, '1.8') && { autoSelect: '0', autoDownload: '0', supersedenceBehavior: '0' }),
  };
}
