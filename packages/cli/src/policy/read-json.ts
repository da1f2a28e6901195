// The policy in JSON: a profile of device management as "moult policy export --format intune" makes it, and the agent's own
// policy.json.
import { isAllowed, managementNode, type PolicyValue, policyValueByName, policyValues } from '@moult/agent';
import { UsageError } from '../terminal.ts';
import type { ReadValue } from './read-file.ts';

/** Throws UsageError for other JSON. */
export function readJsonPolicy(text: string, file: string): ReadValue[] {
  const known = parsed(text);
  if (typeof known !== 'object' || known === null || Array.isArray(known))
    throw new UsageError(`${file} is not a policy: it is not one JSON object.`);
  const { omaSettings } = known as { omaSettings?: unknown };
  if (Array.isArray(omaSettings)) return omaSettings.map((one: unknown) => ofProfile(one, file));
  return Object.entries(known).map(([name, data]) => ({
    ...{ key: '', name, ...printed(data) },
    fault: faultOf(policyValueByName.get(name.toLowerCase()), data, 'Windows has no such policy value'),
  }));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function ofProfile(one: unknown, file: string): ReadValue {
  const { omaUri, value } = (one ?? {}) as { omaUri?: unknown; value?: unknown };
  if (typeof omaUri !== 'string') throw new UsageError(`${file} is not a profile: a setting of it has no omaUri.`);
  const [, node] = /^(?:\.\/)?(?:Device\/)?Vendor\/MSFT\/Policy\/Config\/Update\/(\w+)$/i.exec(omaUri) ?? [];
  return { key: '', name: omaUri, ...printed(value), fault: node === undefined ? '' : faultOfNode(node, value) };
}

function faultOfNode(node: string, data: unknown): string {
  const is = (name: string | undefined) => name?.toLowerCase() === node.toLowerCase();
  if (is('AllowAutoUpdate')) return typeof data === 'number' && data >= 0 && data <= 5 ? '' : wrongData;
  const known = policyValues.find(({ name }) => is(managementNode(name)));
  return faultOf(known, data, 'it stands for no value of the update policy');
}

const wrongData = 'it may not have this data';

function faultOf(known: PolicyValue | undefined, data: unknown, unknown: string): string {
  if (!known) return unknown;
  return (typeof data === 'number' || typeof data === 'string') && isAllowed(known, data) ? '' : wrongData;
}

function printed(data: unknown): { type: string; data: string | number } {
  if (typeof data === 'number') return { type: 'number', data };
  return typeof data === 'string' ? { type: 'text', data } : { type: 'other', data: JSON.stringify(data) ?? '' };
}
