// The interface to the system that looks after the agent's service. Three systems implement it. None of them throws if
// a program of the system fails. They answer sentences.
import type { MachineRoot } from '../machine/machine-root.ts';
import type { RunProgram } from './commands.ts';
import type { ServiceNames, ServiceSpec } from './identity.ts';

export interface ServiceParts {
  root: MachineRoot;
  /** The machine is this one, and not a folder that plays one. */
  isReal: boolean;
  /** Where `/etc` and `/Library` are. */
  system: string;
  spec: ServiceSpec;
  names: ServiceNames;
  run: RunProgram;
  now(): Date;
}

export interface ServiceManager {
  readonly kind: 'systemd' | 'launchd' | 'Windows service' | 'Task Scheduler';
  /** The path of the definition. */
  readonly file: string;
  /** Why the system cannot be asked to start and stop it now. Undefined when it can. */
  unavailable(): string | undefined;
  look(): ServiceLook;
  /** Writes and switches on, so that the service starts with the system. Throws AgentError. */
  install(force: boolean): { written: boolean; copy: string | undefined; problems: string[] };
  /** Switches off and removes. Throws AgentError. */
  remove(force: boolean): { removed: string[]; copy: string | undefined; problems: string[] };
  start(): string[];
  stop(): string[];
}

export interface ServiceLook {
  /** The definition is there. */
  isInstalled: boolean;
  /** `ours` or `changed`: the agent wrote it. */
  author: 'ours' | 'changed' | 'foreign' | 'masked' | undefined;
  /** Whose agent it starts. `other-program`: this machine's, with another program or other arguments than now. */
  serves: 'this' | 'other-program' | 'other-machine' | undefined;
  isEnabled: boolean;
  /** In the words of the system. Undefined when it cannot be asked. */
  state: string | undefined;
  /** The system must keep it running at this moment. */
  isWanted: boolean;
  /** Files of the administrator that add to the definition. They stay. */
  additions: readonly string[];
}
