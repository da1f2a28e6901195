// The operator's signed statements about updates.
import type { TargetFile } from '@moult/releases/metadata';
import type { MachineRoot } from '../machine/machine-root.ts';
import { type OperatorClient, openOperatorClient } from './operator-client.ts';
import type { TrustRootSource } from './trust-root.ts';

export interface OperatorMetadata extends Pick<OperatorClient, 'state' | 'alarms'> {
  /** `updates/UPDATEID/REVISION` → what is signed of it. */
  updates: ReadonlyMap<string, TargetFile>;
}

/** Never throws for what a server, a cache or a clock did. */
export async function readOperatorMetadata(root: MachineRoot, source: TrustRootSource): Promise<OperatorMetadata> {
  const client = await openOperatorClient(root, source, { pins: true });
  const updates = new Map([...(await client.list('updates'))].map(([path, { file }]) => [path, file]));
  return { state: client.state, alarms: client.alarms, updates };
}
