// Decides which value counts, and its layer. The layers are those of Windows, the strongest first: Group Policy, the
// registry's policy keys, mobile device management, a config file, the choice of the local administrator, the default.
// The config file is ours, and counts without Group Policy. A stronger layer hides only the values that it has.
import type { RegistryValue } from '@moult/formats/registry';
import { keys } from '../machine/keys.ts';
import { fullKeyPath } from '../machine/registry-text.ts';
import type { RegistryView } from '../machine/registry-view.ts';
import type { GroupPolicy } from './group-policy.ts';
import { managementNode, unsetNodes } from './management-nodes.ts';
import { isAllowed, type PolicyValue, policyValues } from './values.ts';

type PolicyOrigin = 'group policy' | 'registry' | 'device management' | 'config file' | 'local choice' | 'default';

export interface PolicyFiles {
  /** The Registry.pol of the local Group Policy object. Undefined: the machine does not have one. */
  groupPolicy: GroupPolicy | undefined;
  /** Lower-case name → number or text. */
  config: ReadonlyMap<string, unknown>;
  /** Files that are there and cannot be read, each in one sentence. */
  faults: readonly string[];
}

export const noPolicyFiles: PolicyFiles = { groupPolicy: undefined, config: new Map(), faults: [] };

export interface ResolvedValue {
  name: string;
  /** The full path of its key. */
  key: string;
  /** The value that counts. Undefined when nothing does. */
  value: number | string | undefined;
  origin: PolicyOrigin;
  /** Why it is there and does not count: a missing switch, in the words of `needs`. '' when it counts. */
  idleBecause: string;
  /** Why what is written there is not taken. '' when nothing is wrong. */
  fault: string;
  /** Layers that have it too and lost. */
  hidden: { origin: PolicyOrigin; value: unknown }[];
  obeyed: boolean;
}

/** Every value of the policy keys, in the order of `policyValues`. */
export function resolvePolicy(registry: RegistryView, files: PolicyFiles = noPolicyFiles): ResolvedValue[] {
  const taken = policyValues.map((value) => takeValue(value, layersOf(value, registry, files)));
  const byName = new Map(taken.map((one) => [one.name, one]));
  chooseLocally(byName, registry);
  return taken.map((one, at) => ({ ...one, idleBecause: missingSwitch(policyValues[at]?.needs ?? [], byName, one) }));
}

interface Layer {
  origin: PolicyOrigin;
  data: unknown;
}

function layersOf(value: PolicyValue, registry: RegistryView, files: PolicyFiles): Layer[] {
  const key = keyOf(value);
  const inRegistry = read(registry, key, value.name);
  const word = files.groupPolicy?.(key, value.name);
  const isSet = word?.does === 'set' || (word?.does === 'set if missing' && inRegistry === undefined);
  const group = isSet ? dataOf(word.value) : undefined;
  // An empty text from the file takes the place of what the registry has.
  const isGone = word?.does === 'remove' || (isSet && group === undefined);
  const layers: Layer[] = [
    { origin: 'group policy', data: group },
    { origin: 'registry', data: isGone ? undefined : inRegistry },
    { origin: 'device management', data: fromManagement(value, registry) },
    { origin: 'config file', data: wordOf(files.config.get(value.name.toLowerCase())) },
  ];
  return layers.filter(({ data }) => data !== undefined);
}

const keyPaths = { policy: keys.policy, au: keys.policyAu, maintenance: keys.maintenance } as const;

/** The key of a value, from HKLM on. */
export function keyOf({ key }: PolicyValue): string {
  return keyPaths[key];
}

/** The strongest layer counts. If its value is wrong, the default counts, and not the value of a weaker layer. */
function takeValue(value: PolicyValue, [first, ...others]: Layer[]): ResolvedValue {
  const key = fullKeyPath(keyOf(value));
  const rest = { name: value.name, key, idleBecause: '', obeyed: value.obeyed };
  if (!first) return { ...rest, value: value.fallback, origin: 'default', fault: '', hidden: [] };
  const hidden = others.map(({ origin, data }) => ({ origin, value: data }));
  const { data } = first;
  const isRight = (typeof data === 'number' || typeof data === 'string') && isAllowed(value, data);
  if (isRight) return { ...rest, value: data, origin: first.origin, fault: '', hidden };
  const fault = `${first.origin}: ${JSON.stringify(data)} is not ${describeAllowed(value)}`;
  return { ...rest, value: value.fallback, origin: 'default', fault, hidden };
}

function describeAllowed({ type, ranges, maxCharacters }: PolicyValue): string {
  if (type === 'text') return `a text (REG_SZ) of at most ${maxCharacters} characters`;
  return `a number (REG_DWORD): ${ranges.map(([from, to]) => (from === to ? from : `${from} to ${to}`)).join(', ')}`;
}

function read(view: RegistryView, key: string, name: string): unknown {
  const value = view.value(key, name);
  return value && dataOf(value);
}

/** An empty text counts as no data. */
function dataOf(value: RegistryValue): unknown {
  if (value.type === 'REG_DWORD') return value.data;
  if (value.type !== 'REG_SZ' && value.type !== 'REG_EXPAND_SZ') return { type: value.type };
  return wordOf(value.data);
}

function wordOf(data: unknown): unknown {
  return typeof data === 'string' ? data.trim() || undefined : data;
}

/** Group Policy wins over device management by default, and ControlPolicyConflict does not change it for updates. */
function fromManagement(value: PolicyValue, registry: RegistryView): unknown {
  if (value.name === 'NoAutoUpdate' || value.name === 'AUOptions') return fromAllowAutoUpdate(value.name, registry);
  if (value.name === 'UseWUServer') return fromNode('WUServer', registry) === undefined ? undefined : 1;
  const own = fromNode(value.name, registry);
  if (own !== undefined || value.name === 'AlwaysAutoRebootAtScheduledTime') return own;
  // Device management has no switches: a value that is there counts.
  const opens = policyValues.some(
    (other) =>
      other.needs.some((need) => need.split('|').includes(`${value.name}=1`)) &&
      fromNode(other.name, registry) !== undefined,
  );
  return opens ? 1 : undefined;
}

function fromNode(name: string, registry: RegistryView): unknown {
  const node = managementNode(name);
  const data = node === undefined ? undefined : read(registry, keys.management, node);
  return node !== undefined && data === unsetNodes.get(node) ? undefined : data;
}

/** Its numbers are others: 0 notify, 1 and 2 automatic, 3 and 4 scheduled, 5 off. */
function fromAllowAutoUpdate(name: 'NoAutoUpdate' | 'AUOptions', registry: RegistryView): unknown {
  const option = read(registry, keys.management, 'AllowAutoUpdate');
  if (option === undefined) return undefined;
  if (option === 5) return name === 'NoAutoUpdate' ? 1 : undefined;
  const known = typeof option === 'number' ? [2, 3, 3, 4, 4][option] : undefined;
  if (name === 'NoAutoUpdate') return known === undefined ? undefined : 0;
  return known ?? { AllowAutoUpdate: option };
}

/** The local administrator's choice counts where no policy is set, or where the policy leaves it to them (5). Off is not left to them. */
function chooseLocally(byName: Map<string, ResolvedValue>, registry: RegistryView): void {
  const off = byName.get('NoAutoUpdate');
  for (const name of ['AUOptions', 'ScheduledInstallDay', 'ScheduledInstallTime', 'IncludeRecommendedUpdates']) {
    const known = byName.get(name);
    const value = policyValues.find((one) => one.name === name);
    const data = read(registry, keys.autoUpdate, name);
    if (!known || !value || typeof data !== 'number') continue;
    if (known.origin !== 'default' && !(name === 'AUOptions' && known.value === 5)) continue;
    if (name === 'AUOptions' && data === 1) {
      if (off?.origin === 'default' && known.origin === 'default')
        Object.assign(off, { value: 1, origin: 'local choice' });
    } else if (known.fault === '' && isAllowed(value, data) && !(name === 'AUOptions' && data === 5)) {
      if (known.origin !== 'default') known.hidden.push({ origin: known.origin, value: known.value });
      Object.assign(known, { value: data, origin: 'local choice' });
    }
  }
}

function missingSwitch(
  needs: readonly string[],
  byName: Map<string, ResolvedValue>,
  { origin }: ResolvedValue,
): string {
  if (origin === 'default') return '';
  const isMet = (need: string) => {
    const [, name = '', not, wanted] = /^(\w+?)(!?)=(\d+)$/.exec(need) ?? [];
    const is = byName.get(name)?.value === Number(wanted);
    return not === '!' ? !is : is;
  };
  return needs.filter((need) => !need.split('|').some(isMet)).join(', ');
}
