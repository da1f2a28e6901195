export { decide, type Offer } from './decide.ts';
export { type DriverSyncRequest, decideDriverSync } from './decide-driver-sync.ts';
export { decidePrinterSync } from './decide-printer-sync.ts';
export {
  decideSync,
  type SyncDecision,
  type SyncRequest,
} from './decide-sync.ts';
export {
  type DecidedRevision,
  type LicenseTerms,
  type Objection,
  objectionTo,
  readDecidedTerms,
  termsOf,
  undecidableBecause,
} from './decision-rules.ts';
export { type DeployedAction, DeploymentSet, type EffectiveDeployment } from './deployment-set.ts';
export { byUpdate, type Decision, type DecisionsByUpdate, decisionInForce, linesOf } from './merge-deployments.ts';
export { countsDecisions, type SyncedRevision } from './scope.ts';
export {
  allComputers,
  type DeploymentAction,
  type InheritedDeployment,
  type StoredDeployment,
  type TargetGroup,
  unassignedComputers,
} from './target-groups.ts';
export {
  type HoldFacts,
  type HoldReason,
  nothingWithheld,
  type Withholding,
  type WithholdingSource,
} from './withholding.ts';
