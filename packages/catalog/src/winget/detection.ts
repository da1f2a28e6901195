// Rules that tell whether a program is on a computer, and in which version. They read Windows' list of programs (the
// Uninstall keys), as winget does. They look for the key that the manifest names, else for name and publisher.
import type { RuleTree } from '../publication/rule-tree.ts';

export interface ListedProgram {
  /** Name of its key: a product code in braces, or what the installer chose. */
  key: string | undefined;
  displayName: string;
  publisher: string;
  version: string;
}

interface DetectionRules {
  /** This version or a newer one is in the list. */
  installed: RuleTree;
  /** Any version is. */
  present: RuleTree;
}

const uninstall = String.raw`SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall`;

/** A version that rules can order: one to four numbers. */
export function isOrderedVersion(version: string): boolean {
  return /^\d{1,9}(\.\d{1,9}){0,3}$/.test(version);
}

export function detectPrograms(programs: readonly ListedProgram[]): DetectionRules {
  return {
    installed: any(programs.flatMap((one) => inViews(one, true))),
    present: any(programs.flatMap((one) => inViews(one, false))),
  };
}

/** Programs of 64 and of 32 bits have a list each. */
function inViews(program: ListedProgram, withVersion: boolean): RuleTree[] {
  return [false, true].flatMap((is32) => {
    const byName = loop(program, withVersion, is32);
    return program.key === undefined ? [byName] : [byKey(program.key, program, withVersion, is32), byName];
  });
}

function byKey(key: string, { version }: ListedProgram, withVersion: boolean, is32: boolean): RuleTree {
  const subkey = `${uninstall}\\${key}`;
  if (!withVersion) return base('RegKeyExists', [['Key', 'HKEY_LOCAL_MACHINE'], ['Subkey', subkey], ...view(is32)]);
  return versionRule('HKEY_LOCAL_MACHINE', subkey, version, is32);
}

function loop({ displayName, publisher, version }: ListedProgram, withVersion: boolean, is32: boolean): RuleTree {
  const { name, comparison } = nameWithoutVersion(displayName, version);
  const inside: RuleTree[] = [
    textRule('DisplayName', comparison, name, is32),
    textRule('Publisher', 'EqualTo', publisher, is32),
    ...(withVersion ? [versionRule('HKEY_LOOP_TARGET', '', version, is32)] : []),
  ];
  const attributes: [string, string][] = [
    ['Key', 'HKEY_LOCAL_MACHINE'],
    ['Subkey', uninstall],
    ['TrueIf', 'Any'],
    ...view(is32),
  ];
  return { ...base('RegKeyLoop', attributes), rules: [{ kind: 'all', rules: inside }] };
}

/** Names that carry the version change with it. */
function nameWithoutVersion(displayName: string, version: string): { name: string; comparison: string } {
  const at = displayName.indexOf(version);
  const before = at > 0 ? displayName.slice(0, at).replace(/[\s(v_-]+$/i, '') : '';
  return before.length >= 3 ? { name: before, comparison: 'BeginsWith' } : { name: displayName, comparison: 'EqualTo' };
}

function versionRule(key: string, subkey: string, version: string, is32: boolean): RuleTree {
  const place: [string, string][] = [
    ['Key', key],
    ['Subkey', subkey],
    ['Value', 'DisplayVersion'],
  ];
  return isOrderedVersion(version)
    ? base('RegSzToVersion', [...place, ['Comparison', 'GreaterThanOrEqualTo'], ['Data', version], ...view(is32)])
    : base('RegSz', [...place, ['Comparison', 'EqualTo'], ['Data', version], ...view(is32)]);
}

function textRule(value: string, comparison: string, data: string, is32: boolean): RuleTree {
  const place: [string, string][] = [
    ['Key', 'HKEY_LOOP_TARGET'],
    ['Subkey', ''],
    ['Value', value],
  ];
  return base('RegSz', [...place, ['Comparison', comparison], ['Data', data], ...view(is32)]);
}

function view(is32: boolean): [string, string][] {
  return is32 ? [['RegType32', 'true']] : [];
}

function base(name: string, attributes: [string, string][]): RuleTree & { kind: 'rule' } {
  return { kind: 'rule', prefix: 'bar', name, attributes, items: [] };
}

function any(rules: RuleTree[]): RuleTree {
  const [only] = rules;
  return only && rules.length === 1 ? only : { kind: 'any', rules };
}
