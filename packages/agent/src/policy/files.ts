// Policy from files: the Registry.pol of the local Group Policy object, if no Windows applies it, and a config file
// with Windows' names. As Windows does, the agent skips a file that it does not understand, and reports it. The agent
// decides nothing while the disk cannot read a file that is there.
import { isDiskFault, readIfThere } from '@moult/disk';
import { parsePolicyFile } from '@moult/formats/registry';
import { programBounds } from '../bounds.ts';
import { keyOfBrand } from '../machine/brand.ts';
import { keys } from '../machine/keys.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { type GroupPolicy, groupPolicyOf } from './group-policy.ts';
import { noPolicyFiles, type PolicyFiles } from './resolve.ts';
import { policyValueByName } from './values.ts';

/**
 * The values of a machine's policy files. One that is damaged is among the faults. Throws DiskError DISK_UNREADABLE for
 * one that is there and cannot be read.
 */
export function readPolicyFiles(root: MachineRoot): PolicyFiles {
  const faults: string[] = [];
  const attempt = <Result>(file: string, read: (bytes: Buffer) => Result, otherwise: Result): Result => {
    try {
      const bytes = readIfThere(file, { maxBytes: programBounds.maxPolicyBytes });
      return bytes ? read(bytes) : otherwise;
    } catch (error) {
      if (isDiskFault(error)) throw error;
      faults.push(`${file} is skipped: ${error instanceof Error ? error.message : String(error)}`);
      return otherwise;
    }
  };
  // On a real Windows the system itself brings the file into the registry.
  const group =
    root.registryFile === undefined
      ? undefined
      : attempt(root.groupPolicyFile, (bytes) => readGroupPolicy(bytes, root), undefined);
  const config = attempt(root.policyConfig, readConfig, noPolicyFiles.config);
  return { groupPolicy: group, config, faults };
}

/** The file has the keys of the brand. The code asks for those of Windows. */
function readGroupPolicy(bytes: Buffer, { brand }: MachineRoot): GroupPolicy {
  const its = (key: string) => keyOfBrand(brand, key);
  const policy = groupPolicyOf(parsePolicyFile(bytes), [keys.policy, keys.policyAu, keys.maintenance].map(its));
  return (key, name) => policy(its(key), name);
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
