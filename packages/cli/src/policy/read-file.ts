// The values of a policy file, each compared with the values that Windows knows.
import { auKey, maintenanceKey, policyKey } from '@moult/administration/policy';
import { isAllowed, policyValueByName } from '@moult/agent';
import { FormatError } from '@moult/formats';
import { parsePolicyFile, parseRegistryText, type RegistryValue } from '@moult/formats/registry';
import { UsageError } from '../terminal.ts';

const keyPaths = { policy: policyKey, au: auKey, maintenance: maintenanceKey } as const;

interface ReadValue {
  key: string;
  /** A value's name, or a command of Registry.pol such as `**del.WUServer`. */
  name: string;
  type: string;
  data: string | number;
  /** Its fault. '' when nothing is. */
  fault: string;
}

/** The values of a Registry.pol or a .reg file, in its order. Throws UsageError for any other file. */
export function readPolicyFile(bytes: Uint8Array, file: string): ReadValue[] {
  const isPolicyFile = Buffer.from(bytes.subarray(0, 4)).toString('latin1') === 'PReg';
  try {
    const found = isPolicyFile
      ? parsePolicyFile(bytes)
      : [...parseRegistryText(bytes).values()].flatMap(({ path, values }) =>
          [...values.values()].map(({ name, value }) => ({ key: path, name, value })),
        );
    return found.map(({ key, name, value }) => judged(key, name, value));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new UsageError(`${file} is neither a Registry.pol nor a .reg file: ${error.message}`, { cause: error });
  }
}

function judged(key: string, name: string, value: RegistryValue): ReadValue {
  const { data, type } = printable(value);
  return { key, name, type, data, fault: name.startsWith('**') ? '' : faultOf(key, name, data) };
}

function faultOf(key: string, name: string, data: string | number): string {
  const place = key.replace(/^HKEY_LOCAL_MACHINE\\/i, '').toLowerCase();
  if (![policyKey, auKey, maintenanceKey].some((one) => one.toLowerCase() === place)) return '';
  const known = policyValueByName.get(name.toLowerCase());
  if (!known) return 'Windows has no such policy value';
  const right = keyPaths[known.key];
  if (place !== right.toLowerCase()) return `it counts only below ${right}`;
  return isAllowed(known, data) ? '' : 'it may not have this data';
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
