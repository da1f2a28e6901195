// The answer of `moult agent policy`.
import type { MachineRoot } from '../machine/machine-root.ts';
import { openRegistry } from '../machine/registry.ts';
import { readPolicyFiles } from './files.ts';
import { type ResolvedValue, resolvePolicy } from './resolve.ts';

export interface AgentPolicy {
  values: ResolvedValue[];
  /** Policy files that are skipped, each in one sentence. */
  faults: readonly string[];
}

/** Every policy value of the machine, what counts and where it comes from. Throws AgentError AGENT_CONFIG_BAD_REGISTRY. */
export function readAgentPolicy(root: MachineRoot): AgentPolicy {
  const files = readPolicyFiles(root);
  return { values: resolvePolicy(openRegistry(root).read(), files), faults: files.faults };
}
