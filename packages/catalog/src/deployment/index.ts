export {
  type DriverSyncDecision,
  type DriverSyncRequest,
  decideDriverSync,
  type SyncedDriver,
} from './decide-driver-sync.ts';
export { decidePrinterSync } from './decide-printer-sync.ts';
export {
  decideSync,
  effectiveDeployment,
  type SyncDecision,
  type SyncRequest,
} from './decide-sync.ts';
export {
  type DeployedAction,
  type Deployment,
  DeploymentSet,
  type DeploymentSetOptions,
  type EffectiveAction,
  type EffectiveDeployment,
} from './deployment-set.ts';
export type { SyncedRevision } from './scope.ts';
