// The registry values that `moult agent install` found and wrote. The uninstallation restores a value if it was not
// changed since. Kept as .reg text inside of JSON, which holds every type of value exactly.
import { isRecord } from '../host/state-file.ts';
import { readKept, writeFileAtomically } from './atomic-file.ts';
import { keys } from './keys.ts';
import type { MachineRoot } from './machine-root.ts';
import type { RegistryChange, RegistryView } from './registry.ts';
import { encodeRegistryChanges, parseRegistryText, type RegistryValue } from './registry-text.ts';
import { viewOf } from './registry-view.ts';

export interface RecordedValue {
  key: string;
  name: string;
  /** Undefined: the value did not exist. */
  before: RegistryValue | undefined;
  /** Undefined: the installation removed it. */
  after: RegistryValue | undefined;
}

/**
 * The recorded values, oldest first. Empty without a record, or with a damaged one. Throws what the disk says when it
 * cannot read the record.
 */
export function readInstallRecord({ installRecord }: MachineRoot): RecordedValue[] {
  const bytes = readKept(installRecord);
  try {
    const fields: unknown = JSON.parse(bytes?.toString('utf8') ?? '{}');
    if (!isRecord(fields) || !Array.isArray(fields.values)) return [];
    const [before, after] = [viewOfText(fields.before), viewOfText(fields.after)];
    return fields.values.flatMap((one) => {
      const [key, name] = Array.isArray(one) ? one : [];
      if (typeof key !== 'string' || typeof name !== 'string') return [];
      return [{ key, name, before: before.value(key, name), after: after.value(key, name) }];
    });
  } catch {
    return [];
  }
}

/**
 * Notes what `changes` will do, before it is done, and the state that the agent writes. A policy that is as the last installation
 * left it was there before the first one as that noted it. Any other was set by an administrator since. Throws what the disk says.
 */
export function recordInstallation(
  root: MachineRoot,
  registry: RegistryView,
  changes: readonly RegistryChange[],
): void {
  const known = readInstallRecord(root);
  const values = [...changes, ...agentState].flatMap(({ key, name, value: after }): RecordedValue[] => {
    if (name === undefined) return [];
    const now = registry.value(key, name);
    const last = known.find((one) => isSame(one, { key, name }));
    // The agent changes its own state all the time: what was there before is known from the first installation alone.
    const isAsLeft = last !== undefined && (!isPolicy(key) || isEqualValue(last.after, now));
    return [{ key, name, before: isAsLeft ? last.before : now, after }];
  });
  const kept = known.filter((one) => !values.some((value) => isSame(one, value)));
  write(root, [...kept, ...values]);
}

/** Values of Automatic Updates that the agent writes while it runs. Windows has values of these names, too. */
const agentState: readonly RegistryChange[] = [
  { key: keys.windowsUpdate, name: 'SusClientId' },
  ...['AUState', 'DetectionStartTime', 'LastWaitTimeout', 'NextDetectionTime', 'ScheduledInstallDate'].map((name) => ({
    key: keys.autoUpdate,
    name,
  })),
  ...['Detect', 'Download', 'Install'].flatMap((phase) =>
    ['LastSuccessTime', 'LastError'].map((name) => ({ key: `${keys.results}\\${phase}`, name })),
  ),
];

/** Whether a key holds decisions of an administrator. */
export function isPolicy(key: string): boolean {
  return key === keys.policy || key === keys.policyAu;
}

/** Whether both are the same value of the registry, or both are missing. */
export function isEqualValue(one: RegistryValue | undefined, other: RegistryValue | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  const text = (value: RegistryValue) => encodeRegistryChanges([{ key: 'HKLM\\x', name: 'x', value }]);
  return Buffer.compare(text(one), text(other)) === 0;
}

function write({ installRecord }: MachineRoot, values: readonly RecordedValue[]): void {
  const text = (which: 'before' | 'after') => {
    const there = values.flatMap((one) => (one[which] ? [{ key: one.key, name: one.name, value: one[which] }] : []));
    return Buffer.from(encodeRegistryChanges(there)).toString('base64');
  };
  const names = values.map(({ key, name }) => [key, name]);
  writeFileAtomically(
    installRecord,
    JSON.stringify({ format: 1, values: names, before: text('before'), after: text('after') }),
  );
}

function viewOfText(base64: unknown): RegistryView {
  return viewOf(typeof base64 === 'string' ? parseRegistryText(Buffer.from(base64, 'base64')) : new Map());
}

function isSame(one: { key: string; name: string }, other: { key: string; name: string }): boolean {
  return one.key.toLowerCase() === other.key.toLowerCase() && one.name.toLowerCase() === other.name.toLowerCase();
}
