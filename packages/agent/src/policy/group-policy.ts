// The effect of a Registry.pol on the values of the policy (MS-GPREG 3.2.5.1.2). Windows brings the whole file into the registry.
// The agent only asks for a few values, so it walks through the file once and keeps what concerns them.
import type { PolicyInstruction, RegistryValue } from '@moult/formats/registry';
import { fullKeyPath } from '../machine/registry-text.ts';

/** `set if missing`: only where the registry has no such value. */
type GroupPolicyWord = { does: 'set' | 'set if missing'; value: RegistryValue } | { does: 'remove' };

/** The last word on a value, by its key and name. Undefined: the file does not concern it. */
export type GroupPolicy = (key: string, name: string) => GroupPolicyWord | undefined;

interface KeyWords {
  /** By lower-case name. */
  words: Map<string, GroupPolicyWord>;
  /** All values that have no word of their own are removed. */
  isEmptied: boolean;
}

const remove: GroupPolicyWord = { does: 'remove' };

/** `asked`: the keys that will be asked for, from HKLM on. */
export function groupPolicyOf(instructions: readonly PolicyInstruction[], asked: readonly string[]): GroupPolicy {
  const keys = new Map<string, KeyWords>(asked.map((key) => [pathOf(key), { words: new Map(), isEmptied: false }]));
  for (const instruction of instructions) follow(instruction, keys);
  return (key, name) => {
    const known = keys.get(pathOf(key));
    return known?.words.get(name.toLowerCase()) ?? (known?.isEmptied ? remove : undefined);
  };
}

function follow({ key, name, value }: PolicyInstruction, keys: ReadonlyMap<string, KeyWords>): void {
  const path = pathOf(`HKLM\\${key}`);
  const [, command = '', rest = ''] =
    /^\*\*(del\.|delvals\.|deletevalues|deletekeys|securekey|soft\.)(.*)$/is.exec(name) ?? [];
  if (command.toLowerCase() === 'deletekeys') {
    for (const gone of listed(value)) emptyBelow(`${path}\\${gone}`, keys);
    return;
  }
  const known = keys.get(path);
  if (!known) return;
  const own = rest.toLowerCase();
  switch (command.toLowerCase()) {
    case '':
      known.words.set(name.toLowerCase(), { does: 'set', value });
      break;
    case 'del.':
      known.words.set(own, remove);
      break;
    case 'delvals.':
      empty(known);
      break;
    case 'deletevalues':
      for (const gone of listed(value)) known.words.set(gone, remove);
      break;
    case 'soft.':
      known.words.set(own, softWord(known, own, value));
      break;
    // **SecureKey says who may write the key.
  }
}

/** An earlier word of the file counts as the registry of that moment. */
function softWord({ words, isEmptied }: KeyWords, name: string, value: RegistryValue): GroupPolicyWord {
  const before = words.get(name) ?? (isEmptied ? remove : undefined);
  if (before && before.does !== 'remove') return before;
  return { does: before ? 'set' : 'set if missing', value };
}

function emptyBelow(gone: string, keys: ReadonlyMap<string, KeyWords>): void {
  for (const [path, known] of keys) if (path === gone || path.startsWith(`${gone}\\`)) empty(known);
}

function empty(known: KeyWords): void {
  known.words.clear();
  known.isEmptied = true;
}

/** Names in lower case, with `;` between them. */
function listed(value: RegistryValue): string[] {
  if (value.type !== 'REG_SZ') return [];
  return value.data
    .split(';')
    .map((one) => one.trim().toLowerCase())
    .filter((one) => one !== '');
}

function pathOf(key: string): string {
  return fullKeyPath(key).toLowerCase();
}
