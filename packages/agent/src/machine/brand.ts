// The agent of a vendor has registry keys of its own, so that several agents live on one machine. The code knows the keys of
// Windows and of Moult alone. Here they become the vendor's, on the way in and out.
import { readOutside } from '@moult/disk';
import { type Brand, moultBrand, parseBrand } from '@moult/protocol/self-update';
import { hostBounds } from '../bounds.ts';
import { keys } from './keys.ts';
import type { Registry } from './registry.ts';
import { fullKeyPath } from './registry-text.ts';
import type { RegistryView } from './registry-view.ts';

/** The brand that an installation wrote down. Throws DiskError, SyntaxError, and PROTOCOL_RELEASE_MALFORMED. */
export function readBrand(file: string): Brand {
  return parseBrand(JSON.parse(readOutside(file, { maxBytes: hostBounds.maxReleaseJsonBytes }).toString('utf8')));
}

/** Whether it is the agent of this project, whose keys are those of Windows. */
export function isMoult({ id }: Brand): boolean {
  return id === moultBrand.id;
}

/** The text of a message for people: a vendor's machine has the vendor's command and package, and not those of Moult. */
export function inWordsOf(brand: Brand, text: string): string {
  return isMoult(brand) ? text : text.replaceAll(/\bmoult[ -]agent (?=[a-z\d])/g, `${brand.id} `);
}

/** The registry as the agent of this brand sees it. */
export function brandedRegistry(registry: Registry, brand: Brand): Registry {
  if (isMoult(brand)) return registry;
  const its = (key: string) => keyOfBrand(brand, key);
  return {
    read: () => brandedView(registry.read(), its),
    change: (changes) => registry.change(changes.map((change) => ({ ...change, key: its(change.key) }))),
  };
}

/** The keys of the agent of this brand, by their whole paths: its state, its settings, its policy. */
export function ownKeys(brand: Brand): string[] {
  return [keys.policy, keys.windowsUpdate, keys.management, keys.agent].map((key) =>
    fullKeyPath(keyOfBrand(brand, key)),
  );
}

/** Keys that a person or a management system writes, or a restart, by their whole paths. */
export function slowKeys(brand: Brand): string[] {
  const { policy, management, maintenance, deliveryOptimization, connections, product, system } = keys;
  const all = [policy, management, maintenance, deliveryOptimization, connections, product, system];
  return all.map((key) => fullKeyPath(keyOfBrand(brand, key)));
}

/** The vendor's key in place of `key`. Any other key as it is. */
export function keyOfBrand(brand: Brand, key: string): string {
  if (isMoult(brand)) return key;
  const full = fullKeyPath(key);
  for (const [from, to] of moves(brand)) {
    if (`${full}\\`.toLowerCase().startsWith(`${from}\\`.toLowerCase())) return to + full.slice(from.length);
  }
  return key;
}

function moves({ vendor, product }: Brand): [from: string, to: string][] {
  const below = `${vendor}\\${product}`;
  return [
    [fullKeyPath(keys.agent), fullKeyPath(`HKLM\\SOFTWARE\\${below}`)],
    [fullKeyPath(keys.policy), fullKeyPath(`HKLM\\SOFTWARE\\Policies\\${below}`)],
    [fullKeyPath(keys.management), fullKeyPath(`HKLM\\SOFTWARE\\Policies\\${below}\\DeviceManagement`)],
    [fullKeyPath(keys.windowsUpdate), fullKeyPath(`HKLM\\SOFTWARE\\${below}\\WindowsUpdate`)],
  ];
}

function brandedView(view: RegistryView, its: (key: string) => string): RegistryView {
  return {
    hasKey: (key) => view.hasKey(its(key)),
    value: (key, name) => view.value(its(key), name),
    values: (key) => view.values(its(key)),
    subkeys: (key) => view.subkeys(its(key)),
  };
}
