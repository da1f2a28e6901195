// The real registry, through Windows' own reg.exe. Written from its documentation; not yet run on a real Windows
// machine (docs/agent.md says so too).
import { execFileSync } from 'node:child_process';
import { AgentError } from '../errors.ts';
import { hresult } from '../transport/hresult.ts';
import type { Registry, RegistryChange, RegistryView } from './registry.ts';
import { fullKeyPath, type RegistryValue } from './registry-text.ts';

/** HKLM of this Windows machine, 64-bit view. */
export function windowsRegistry(run: (args: string[]) => string | undefined = runReg): Registry {
  return {
    read: () => viewThrough(run),
    change(changes) {
      for (const change of changes) {
        // Deleting what is not there fails too, and is well.
        if (run(changeArguments(change)) === undefined && change.value) throw refused(change);
      }
    },
  };
}

function refused({ key, name }: RegistryChange): AgentError {
  const text = `${fullKeyPath(key)}\\${name ?? ''} cannot be written. Run this as an administrator, or give --root DIR.`;
  return new AgentError('AGENT_HOST_DISK', text, { hresult: hresult.accessDenied });
}

function viewThrough(run: (args: string[]) => string | undefined): RegistryView {
  // Asked once a key: the view stays what it was, and thousands of rules ask about the same few keys.
  const answers = new Map<string, string | undefined>();
  const ask = (key: string): string | undefined => {
    const path = fullKeyPath(key);
    const known = path.toLowerCase();
    if (!answers.has(known)) answers.set(known, run(['query', path, '/reg:64']));
    return answers.get(known);
  };
  const query = (key: string) => parseQuery(ask(key) ?? '', fullKeyPath(key));
  return {
    hasKey: (key) => ask(key) !== undefined,
    value: (key, name) => query(key).values.find((entry) => entry.name.toLowerCase() === name.toLowerCase())?.value,
    values: (key) => query(key).values,
    subkeys: (key) => query(key).subkeys,
  };
}

/** reg.exe prints each value as four blanks, name, four blanks, type, four blanks, data; sub-keys as full paths. */
function parseQuery(
  output: string,
  key: string,
): { values: { name: string; value: RegistryValue }[]; subkeys: string[] } {
  const values: { name: string; value: RegistryValue }[] = [];
  const subkeys: string[] = [];
  for (const line of output.split(/\r?\n/)) {
    const match = /^ {4}(.*?) {4}(REG_[A-Z_]+)(?: {4}(.*))?$/.exec(line);
    if (match) {
      const value = readValue(match[2] ?? '', match[3] ?? '');
      // In other languages of Windows it is "(Standard)", "(par défaut)": the first one listed.
      const isDefault = match[1] === '(Default)' || (values.length === 0 && /^\(.+\)$/.test(match[1] ?? ''));
      const name = isDefault ? '' : (match[1] ?? '');
      values.push({ name, value });
    } else if (line.toLowerCase().startsWith(`${key.toLowerCase()}\\`)) subkeys.push(line.slice(key.length + 1).trim());
  }
  return { values, subkeys };
}

function readValue(type: string, data: string): RegistryValue {
  switch (type) {
    case 'REG_SZ':
    case 'REG_EXPAND_SZ':
      return { type, data };
    case 'REG_DWORD':
      return { type, data: Number.parseInt(data, 16) };
    case 'REG_QWORD':
      return { type, data: BigInt(data) };
    case 'REG_MULTI_SZ':
      return { type, data: data.split('\\0').filter(Boolean) };
    case 'REG_BINARY':
      return { type, data: Buffer.from(data, 'hex') };
    default:
      // It is there, and of a type that no rule reads.
      return { type: 'other', typeNumber: 0, data: Buffer.from(data, 'hex') };
  }
}

function changeArguments({ key, name, value }: RegistryChange): string[] {
  const path = fullKeyPath(key);
  const which = name === undefined ? [] : name === '' ? ['/ve'] : ['/v', name];
  if (!value) return ['delete', path, ...which, '/f', '/reg:64'];
  const [type, data] = encode(value);
  return ['add', path, ...(which.length === 0 ? ['/ve'] : which), '/t', type, '/d', data, '/f', '/reg:64'];
}

function encode(value: RegistryValue): [string, string] {
  switch (value.type) {
    case 'REG_MULTI_SZ':
      return [value.type, value.data.join('\\0')];
    case 'REG_BINARY':
      return [value.type, Buffer.from(value.data).toString('hex')];
    case 'other':
      return ['REG_NONE', Buffer.from(value.data).toString('hex')];
    default:
      return [value.type, String(value.data)];
  }
}

function runReg(args: string[]): string | undefined {
  try {
    return execFileSync('reg.exe', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], windowsHide: true });
  } catch {
    return undefined;
  }
}
