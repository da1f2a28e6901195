// The real registry, through reg.exe of Windows. Changes are imported as .reg text, all in one run. The agent's own
// keys are exported as .reg text, which holds each value exactly and in any language. A key that an applicability rule
// asks about may have half the registry below it: such a key is listed, and exported only when the list cannot be
// exact.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hresult } from '@moult/protocol/hresult';
import { type Brand, moultBrand } from '@moult/protocol/self-update';
import { AgentError } from '../errors.ts';
import { ownKeys, slowKeys } from './brand.ts';
import { rememberingReg } from './reg-memory.ts';
import type { Registry, RegistryChange } from './registry.ts';
import {
  encodeRegistryChanges,
  fullKeyPath,
  parseRegistryText,
  type RegistryTree,
  type RegistryValue,
} from './registry-text.ts';
import { type RegistryView, viewOf } from './registry-view.ts';

/** The work of reg.exe for the agent. Undefined: it refused, or the key is missing. */
export interface RegProgram {
  /** The printed list of one key. */
  query(key: string): Uint8Array | undefined;
  /** The .reg text of a key and all that is below it. */
  export(key: string): Uint8Array | undefined;
  /** `changed`: the whole paths of the keys in the text. */
  import(text: Uint8Array, changed: readonly string[]): true | undefined;
}

/** HKLM of this Windows machine, 64-bit view. */
export function windowsRegistry(reg: RegProgram | undefined = undefined, brand: Brand = moultBrand): Registry {
  // Whole trees of a few hundred values at most.
  const ownTrees = ownKeys(brand).map((key) => key.toLowerCase());
  const asked = reg ?? regOf(brand);
  return {
    read: () => viewThrough(asked, ownTrees),
    change(changes) {
      if (changes.length === 0) return;
      const changed = changes.map(({ key }) => fullKeyPath(key));
      if (asked.import(encodeRegistryChanges(changes), changed) === undefined) throw refused(changes);
    },
  };
}

function refused(changes: RegistryChange[]): AgentError {
  const { key, name } = changes.find(({ value }) => value !== undefined) ?? changes[0] ?? { key: 'HKLM' };
  const text = `${fullKeyPath(key)}\\${name ?? ''} cannot be written. Run this as an administrator, or give --root DIR.`;
  return new AgentError('AGENT_HOST_DISK', text, { hresult: hresult.accessDenied });
}

interface ListedKey {
  values: { name: string; value: RegistryValue }[];
  subkeys: string[];
}

/** Asked once a key: the view stays what it was, and thousands of rules ask about the same few keys. */
function viewThrough(reg: RegProgram, ownTrees: readonly string[]): RegistryView {
  const trees = new Map<string, RegistryView>();
  const lists = new Map<string, ListedKey | undefined>();
  const treeOf = (root: string): RegistryView => {
    const known = trees.get(root) ?? viewOf(readOwn(reg, root));
    trees.set(root, known);
    return known;
  };
  const list = (path: string): ListedKey | undefined => {
    const known = path.toLowerCase();
    if (!lists.has(known)) lists.set(known, listKey(reg, path));
    return lists.get(known);
  };
  const viewFor = (key: string): RegistryView => {
    const path = fullKeyPath(key);
    const own = ownTrees.find((root) => `${path.toLowerCase()}\\`.startsWith(`${root}\\`));
    return own === undefined ? listView(list) : treeOf(own);
  };
  return {
    hasKey: (key) => viewFor(key).hasKey(key),
    value: (key, name) => viewFor(key).value(key, name),
    values: (key) => viewFor(key).values(key),
    subkeys: (key) => viewFor(key).subkeys(key),
  };
}

/**
 * A key that is listed and cannot be exported is there: its values are unknown, not missing. A full disk is the usual
 * reason.
 */
function readOwn(reg: RegProgram, root: string): RegistryTree {
  const text = reg.export(root);
  if (text !== undefined || reg.query(root) === undefined) return readExport(text);
  const why = `${root} is there and reg.exe cannot export it. Look for room in the folder for temporary files.`;
  throw new AgentError('AGENT_CONFIG_BAD_REGISTRY', why, { hresult: hresult.setupUnexpected });
}

function readExport(text: Uint8Array | undefined): RegistryTree {
  return text === undefined ? new Map() : parseRegistryText(text);
}

function listView(list: (path: string) => ListedKey | undefined): RegistryView {
  const find = (key: string) => list(fullKeyPath(key));
  return {
    hasKey: (key) => find(key) !== undefined,
    value: (key, name) => find(key)?.values.find((entry) => entry.name.toLowerCase() === name.toLowerCase())?.value,
    values: (key) => find(key)?.values ?? [],
    subkeys: (key) => find(key)?.subkeys ?? [],
  };
}

/** reg.exe prints in the code page of the system: what is not plain there is read once more from an export. */
function listKey(reg: RegProgram, path: string): ListedKey | undefined {
  const printed = reg.query(path);
  if (printed === undefined) return undefined;
  const listed = parseQuery(Buffer.from(printed).toString('latin1'), path);
  const isPlain = printed.every((byte) => byte < 0x80 && byte !== 0x3f);
  if (isPlain || listed.subkeys.length > 0) return listed;
  const tree = readExport(reg.export(path));
  return tree.size === 0 ? listed : { values: viewOf(tree).values(path), subkeys: [] };
}

/** reg.exe prints each value as four blanks, name, four blanks, type, four blanks, data. Sub-keys as full paths. */
function parseQuery(output: string, key: string): ListedKey {
  const listed: ListedKey = { values: [], subkeys: [] };
  for (const line of output.split(/\r?\n/)) {
    const match = /^ {4}(.*?) {4}(REG_[A-Z_]+)(?: {4}(.*))?$/.exec(line);
    if (match) {
      const value = readValue(match[2] ?? '', match[3] ?? '');
      // In other languages of Windows it is "(Standard)", "(par défaut)": the first one listed.
      const isDefault = match[1] === '(Default)' || (listed.values.length === 0 && /^\(.+\)$/.test(match[1] ?? ''));
      listed.values.push({ name: isDefault ? '' : (match[1] ?? ''), value });
    } else if (line.toLowerCase().startsWith(`${key.toLowerCase()}\\`)) {
      listed.subkeys.push(line.slice(key.length + 1).trim());
    }
  }
  return listed;
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

/** A policy that changes counts this much later. */
const keptMs = 5000;
const programs = new Map<string, RegProgram>();

/** The same for all registries of this process: each remembers what the others asked, and forgets when one changes. */
function regOf(brand: Brand): RegProgram {
  const known = programs.get(brand.id);
  if (known) return known;
  const made = rememberingReg(regProgram(), {
    slowKeys: slowKeys(brand).map((key) => key.toLowerCase()),
    keptMs,
    clock: () => performance.now(),
    afterTurn: (forget) => setImmediate(forget).unref(),
  });
  programs.set(brand.id, made);
  return made;
}

/** The reg.exe of this Windows: by its path, because a name alone is looked for in the current folder first. */
function regProgram(env: NodeJS.ProcessEnv = process.env): RegProgram {
  const program = join(env.SystemRoot ?? env.windir ?? 'C:\\Windows', 'System32', 'reg.exe');
  const run = (...args: string[]): Uint8Array | undefined => {
    try {
      return execFileSync(program, [...args, '/reg:64'], {
        stdio: ['ignore', 'pipe', 'ignore'],
        windowsHide: true,
        maxBuffer: 64 * 1024 * 1024,
      });
    } catch {
      return undefined;
    }
  };
  return {
    query: (key) => run('query', key),
    export: (key) => inScratch((file) => (run('export', key, file, '/y') ? readFileSync(file) : undefined)),
    import: (text) =>
      inScratch((file) => {
        writeFileSync(file, text, { flag: 'wx' });
        return run('import', file) ? true : undefined;
      }),
  };
}

/** A file in a folder of its own, whose name cannot be known before. */
function inScratch<T>(use: (file: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'moult-registry-'));
  try {
    return use(join(folder, 'keys.reg'));
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
