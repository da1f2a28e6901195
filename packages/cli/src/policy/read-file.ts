// The values of a policy file, each compared with the values that Windows knows.
import { auKey, maintenanceKey, policyKey } from '@moult/administration/policy';
import { isAllowed, policyValueByName } from '@moult/agent';
import { FormatError } from '@moult/formats';
import {
  parsePolicyFile,
  parseRegistryChanges,
  type RegistryTextChange,
  type RegistryValue,
} from '@moult/formats/registry';
import { decodeText } from '@moult/formats/text';
import { UsageError } from '../terminal.ts';
import { readJsonPolicy } from './read-json.ts';

const keyPaths = { policy: policyKey, au: auKey, maintenance: maintenanceKey } as const;

export interface ReadValue {
  key: string;
  /** A value's name, or a command of Registry.pol such as `**del.WUServer`. '' with `key removed`. */
  name: string;
  /** Of the registry, or `removed` and `key removed` in a .reg file, or of JSON. */
  type: string;
  data: string | number;
  /** Its fault. '' when nothing is. */
  fault: string;
}

/**
 * The values of a Registry.pol, a .reg file, a profile of device management or a policy.json, in its order. Throws
 * UsageError for any other file.
 */
export function readPolicyFile(bytes: Uint8Array, file: string): ReadValue[] {
  if (Buffer.from(bytes.subarray(0, 4)).toString('latin1') === 'PReg')
    return attempt(file, () => parsePolicyFile(bytes).map(({ key, name, value }) => judged(key, name, value)));
  const start = decodeText(bytes.subarray(0, 4096)).trimStart();
  if (start.startsWith('{')) return readJsonPolicy(decodeText(bytes), file);
  if (start.startsWith('<')) throw new UsageError(`${file} holds no values of the policy: ${whatXmlIs(start)}`);
  return attempt(file, () => parseRegistryChanges(bytes).map(ofChange));
}

function attempt(file: string, read: () => ReadValue[]): ReadValue[] {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const isOther = error.code === 'FORMAT_BAD_HEADER' || error.message.startsWith('line 1:');
    const what = isOther ? 'is neither a Registry.pol nor a .reg file' : 'cannot be read';
    throw new UsageError(`${file} ${what}: ${error.message}`, { cause: error });
  }
}

function whatXmlIs(text: string): string {
  if (/<policyDefinition/.test(text)) return 'it is a template, which names settings for an editor.';
  return 'it is XML. In a backup of Group Policy they are in registry.pol: name the folder of the backup.';
}

function ofChange({ key, name, value }: RegistryTextChange): ReadValue {
  if (name === undefined) return { key, name: '', type: 'key removed', data: '', fault: '' };
  if (value !== undefined) return judged(key, name, value);
  return { key, name, type: 'removed', data: '', fault: faultOfName(key, name) };
}

function judged(key: string, name: string, value: RegistryValue): ReadValue {
  const { data, type } = printable(value);
  return { key, name, type, data, fault: name.startsWith('**') ? '' : faultOf(key, name, data) };
}

function faultOf(key: string, name: string, data: string | number): string {
  const known = policyValueByName.get(name.toLowerCase());
  const wrong = faultOfName(key, name);
  return wrong === '' && known && isOfPolicy(key) && !isAllowed(known, data) ? 'it may not have this data' : wrong;
}

function faultOfName(key: string, name: string): string {
  if (!isOfPolicy(key)) return '';
  const known = policyValueByName.get(name.toLowerCase());
  if (!known) return 'Windows has no such policy value';
  const right = keyPaths[known.key];
  return placeOf(key) === right.toLowerCase() ? '' : `it counts only below ${right}`;
}

function isOfPolicy(key: string): boolean {
  return [policyKey, auKey, maintenanceKey].some((one) => one.toLowerCase() === placeOf(key));
}

function placeOf(key: string): string {
  return key.replace(/^HKEY_LOCAL_MACHINE\\/i, '').toLowerCase();
}

function printable(value: RegistryValue): { type: string; data: string | number } {
  switch (value.type) {
    case 'REG_SZ':
    case 'REG_EXPAND_SZ':
    case 'REG_DWORD':
      return value;
    case 'REG_MULTI_SZ':
      return { type: value.type, data: value.data.join(';') };
    case 'REG_QWORD':
      return { type: value.type, data: String(value.data) };
    default:
      return {
        type: value.type === 'other' ? `type ${value.typeNumber}` : value.type,
        data: Buffer.from(value.data).toString('hex'),
      };
  }
}
