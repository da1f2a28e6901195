// The questions to a registry, and the answers from parsed .reg text.
import { fullKeyPath, type RegistryTree, type RegistryValue } from './registry-text.ts';

export interface RegistryView {
  hasKey(key: string): boolean;
  value(key: string, name: string): RegistryValue | undefined;
  /** Names (as written) and values of a key. Empty for no such key. */
  values(key: string): { name: string; value: RegistryValue }[];
  /** Names of the direct sub-keys. */
  subkeys(key: string): string[];
}

/** A view over a parsed tree. A parent of a written key exists too, as in the real registry. */
export function viewOf(tree: RegistryTree): RegistryView {
  const find = (path: string) => tree.get(fullKeyPath(path).toLowerCase());
  return {
    hasKey: (path) => {
      const lower = fullKeyPath(path).toLowerCase();
      return tree.has(lower) || [...tree.keys()].some((known) => known.startsWith(`${lower}\\`));
    },
    value: (path, name) => find(path)?.values.get(name.toLowerCase())?.value,
    values: (path) => [...(find(path)?.values.values() ?? [])],
    subkeys: (path) => {
      const prefix = `${fullKeyPath(path)}\\`;
      const names = new Map<string, string>();
      for (const { path: known } of tree.values()) {
        if (!known.toLowerCase().startsWith(prefix.toLowerCase())) continue;
        const name = known.slice(prefix.length).split('\\')[0] ?? '';
        if (!names.has(name.toLowerCase())) names.set(name.toLowerCase(), name);
      }
      return [...names.values()];
    },
  };
}
