// Policy from files: the Registry.pol of the local Group Policy object, if no Windows applies it, and a config file
// with Windows' names. As Windows does, the agent skips a file that it cannot read, and reports it.
import { existsSync } from 'node:fs';
import { readOutside } from '@moult/disk';
import { applyInstructions, parsePolicyFile, type RegistryTree } from '@moult/formats/registry';
import { programBounds } from '../bounds.ts';
import { brandedTree } from '../machine/brand.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { fullKeyPath } from '../machine/registry-text.ts';
import { noPolicyFiles, type PolicyFiles } from './resolve.ts';
import { policyValueByName } from './values.ts';

/** The values of a machine's policy files. Does not throw: what cannot be read is among the faults. */
export function readPolicyFiles(root: MachineRoot): PolicyFiles {
  const faults: string[] = [];
  const attempt = <Result>(file: string, read: (bytes: Buffer) => Result, otherwise: Result): Result => {
    try {
      return existsSync(file) ? read(readOutside(file, { maxBytes: programBounds.maxPolicyBytes })) : otherwise;
    } catch (error) {
      faults.push(`${file} is skipped: ${error instanceof Error ? error.message : String(error)}`);
      return otherwise;
    }
  };
  // On a real Windows the system itself brings the file into the registry.
  const group = root.registryFile === undefined ? undefined : attempt(root.groupPolicyFile, readGroupPolicy, undefined);
  const config = attempt(root.policyConfig, readConfig, noPolicyFiles.config);
  const tree = group && brandedTree(group.tree, root.brand);
  return { groupPolicy: tree, removed: group?.removed ?? noPolicyFiles.removed, config, faults };
}

function readGroupPolicy(bytes: Buffer): { tree: RegistryTree; removed: Set<string> } {
  const tree: RegistryTree = new Map();
  const removed = new Set<string>();
  const instructions = parsePolicyFile(bytes);
  applyInstructions(tree, instructions);
  for (const { key, name } of instructions) {
    const gone = /^\*\*del\.(.*)$/is.exec(name)?.[1];
    if (gone !== undefined) removed.add(`${fullKeyPath(`HKLM\\${key}`)}\\${gone}`.toLowerCase());
  }
  return { tree, removed };
}

/**
 * `{"WUServer": "http://server:8530", "AUOptions": 4}`. Throws for anything else, and for names that Windows does not
 * have.
 */
function readConfig(bytes: Buffer): ReadonlyMap<string, unknown> {
  const value: unknown = JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, ''));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('it is not one JSON object');
  const entries = Object.entries(value);
  const foreign = entries.map(([name]) => name).filter((name) => !policyValueByName.has(name.toLowerCase()));
  if (foreign.length > 0) throw new Error(`Windows has no policy value called ${foreign.slice(0, 3).join(', ')}`);
  return new Map(entries.map(([name, data]) => [name.toLowerCase(), data]));
}
