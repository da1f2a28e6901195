// HKLM behind one small interface: a .reg file in a root, the real registry on Windows.

import { dirname } from 'node:path';
import { readIfThere } from '@moult/disk';
import { hresult } from '@moult/protocol/hresult';
import { programBounds } from '../bounds.ts';
import { AgentError } from '../errors.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { brandedRegistry } from './brand.ts';
import { onDisk } from './disk-error.ts';
import { lockWaiting } from './lock.ts';
import type { MachineRoot } from './machine-root.ts';
import {
  encodeRegistryText,
  fullKeyPath,
  parseRegistryText,
  type RegistryTree,
  type RegistryValue,
} from './registry-text.ts';
import { type RegistryView, viewOf } from './registry-view.ts';
import { windowsRegistry } from './windows-registry.ts';

export { type RegistryView, viewOf } from './registry-view.ts';

export interface RegistryChange {
  key: string;
  /** Undefined: the key itself is meant. */
  name?: string;
  /** Undefined: delete. */
  value?: RegistryValue;
}

export interface Registry {
  /** A view of the registry as it is now. It does not change under the reader. */
  read(): RegistryView;
  /** All changes in one step, or none. */
  change(changes: RegistryChange[]): void;
}

/** The registry of a machine. */
export function openRegistry(root: MachineRoot): Registry {
  const { brand, registryFile } = root;
  return brandedRegistry(
    registryFile === undefined ? windowsRegistry(undefined, brand) : fileRegistry(registryFile),
    brand,
  );
}

export function text(data: string): RegistryValue {
  return { type: 'REG_SZ', data };
}

export function number(data: number): RegistryValue {
  return { type: 'REG_DWORD', data };
}

function fileRegistry(file: string): Registry {
  const load = (): RegistryTree => {
    const bytes = readIfThere(file);
    return bytes ? parseRegistryText(bytes) : new Map();
  };
  return {
    read: () => viewOf(load()),
    change(changes) {
      onDisk(dirname(file), () => {
        const lock = lockWaiting(`${file}.lock`, programBounds.registryLockMs);
        if (!lock)
          throw new AgentError('AGENT_HOST_LOCKED', `${file} stays locked.`, { hresult: hresult.accessDenied });
        try {
          const tree = load();
          for (const change of changes) apply(tree, change);
          writeFileAtomically(file, encodeRegistryText(tree));
        } finally {
          lock.release();
        }
      });
    },
  };
}

function apply(tree: RegistryTree, { key: path, name, value }: RegistryChange): void {
  const full = fullKeyPath(path);
  const lower = full.toLowerCase();
  if (name === undefined && value === undefined) {
    for (const known of [...tree.keys()]) if (known === lower || known.startsWith(`${lower}\\`)) tree.delete(known);
    return;
  }
  let key = tree.get(lower);
  if (name !== undefined && value === undefined) key?.values.delete(name.toLowerCase());
  if (value === undefined) return;
  if (!key) {
    key = { path: full, values: new Map() };
    tree.set(lower, key);
  }
  const written = name ?? '';
  key.values.set(written.toLowerCase(), { name: key.values.get(written.toLowerCase())?.name ?? written, value });
}
