// The agent for code that installs and watches it: the command line and the demo. scripts/build.ts bundles the programs
// that travel from sus/main.ts, wsus/main.ts and host/main.ts.
export { awaitDetection, type DetectionEnd } from './await-detection.ts';
export { AgentError, type AgentErrorCode } from './errors.ts';
export type { Generation } from './host/current.ts';
export { startHost } from './host/host.ts';
export type { Outcome, ProgressEvent, ProgressStep } from './host/messages.ts';
export type { HostOptions, RunningHost } from './host/running-host.ts';
export { type Installed, type InstallOptions, installAgent } from './install-agent.ts';
export { onDisk } from './machine/disk-error.ts';
export { giveMachineLimits } from './machine/limits.ts';
export { lockHolder } from './machine/lock.ts';
export { type MachineRoot, machineRoot, realMachine } from './machine/machine-root.ts';
export { serverUrl } from './machine/policy.ts';
export { managementNode } from './policy/management-nodes.ts';
export { type AgentPolicy, readAgentPolicy } from './policy/read-agent-policy.ts';
export type { ResolvedValue } from './policy/resolve.ts';
export { isAllowed, type PolicyValue, policyValueByName, policyValues } from './policy/values.ts';
export { type AgentStatus, machineAt, readStatus, requestDetection, serviceHolder } from './read-status.ts';
export {
  installService,
  readServiceStatus,
  removeService,
  type ServiceInstalled,
  type ServiceRemoved,
  type ServiceStatus,
  startService,
  stopHost,
  stopService,
} from './service/service.ts';
export type { NetworkOptions } from './transport/network-settings.ts';
export { type TlsTrust, tlsTrusts } from './transport/tls-trust.ts';
export { type Uninstalled, uninstallAgent } from './uninstall/uninstall-agent.ts';
