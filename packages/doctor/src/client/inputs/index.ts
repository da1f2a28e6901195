// Texts of settings that administrators send: each kind is recognised by what is in it. A new kind is a line in the
// list.
import { FormatError } from '@moult/formats';
import { applyInstructions, parsePolicyFile, type RegistryTree } from '@moult/formats/registry';
import type { Observation } from '../../finding.ts';
import { keyName } from '../../registry/key-name.ts';
import { type RegFacts, readRegText } from '../../registry/reg-text.ts';
import { decodeText } from '../../text/encoding.ts';
import { clientDiag } from './client-diag.ts';
import { groupPolicyText } from './group-policy.ts';
import { groupPolicyPage, groupPolicyXml } from './group-policy-report.ts';
import { observeSettings } from './judge.ts';
import { updateServices, updateSettings } from './powershell.ts';
import { proxyText } from './proxy-text.ts';
import { addValue, type SettingsInput, type SettingsSeen } from './seen.ts';
import { servicesText } from './services-text.ts';

export { observeSettings };

/** The title of plain values of a registry. */
export const registryTitle = 'registry values';

const registryText: SettingsInput = {
  title: registryTitle,
  recognises: (head) =>
    /^\uFEFF?\s*(?:Windows Registry Editor|REGEDIT4)/.test(head) ||
    (/^\s*(?:HKEY_[A-Z_]+|HKLM|HKCU)\\/im.test(head) &&
      /^\s+\S.*\sREG_(?:SZ|DWORD|EXPAND_SZ|BINARY|MULTI_SZ|QWORD)\b/m.test(head)) ||
    /^PSPath\s*:\s*Microsoft\.PowerShell\.Core\\Registry::/im.test(head),
  read: (text, source) => ({ source, registry: readRegText(Buffer.from(text, 'utf8'), source) }),
};

/** In the order they are asked. */
const settingsInputs: readonly SettingsInput[] = [
  clientDiag,
  groupPolicyXml,
  groupPolicyPage,
  proxyText,
  registryText,
  groupPolicyText,
  updateServices,
  updateSettings,
  servicesText,
];

/** The kind of text that begins like this. Undefined for anything else, logs among them. */
export function settingsInputOf(head: string): SettingsInput | undefined {
  return settingsInputs.find((input) => input.recognises(head));
}

/** True for the bytes of a Registry.pol, and for a file of that name whatever is in it. */
export function isPolicyFile(head: Buffer, path: string): boolean {
  return head.subarray(0, 4).toString('latin1') === 'PReg' || /(?:^|[\\/])registry\.pol$/i.test(path);
}

/** The values of a Registry.pol. One that cannot be read is a finding: a client skips it. */
export function readPolicyFile(bytes: Buffer, source: string): SettingsSeen {
  try {
    const tree: RegistryTree = new Map();
    applyInstructions(tree, parsePolicyFile(bytes));
    return { source, registry: factsOfTree(tree, source), isWholePolicy: false };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { source, damaged: { why: error.message, evidence: { source, text: error.message } } };
  }
}

function factsOfTree(tree: RegistryTree, source: string): RegFacts {
  const facts: RegFacts = new Map();
  for (const { path, values } of tree.values()) {
    const key = keyName(path);
    facts.set(key, facts.get(key) ?? new Map());
    for (const { name, value } of values.values()) {
      const data =
        value.type === 'REG_SZ' || value.type === 'REG_EXPAND_SZ'
          ? { type: 'REG_SZ', data: value.data }
          : value.type === 'REG_DWORD'
            ? { type: 'REG_DWORD', data: value.data }
            : undefined;
      if (data) addValue(facts, key, { name, ...data }, { source, text: `${path}\\${name} = ${data.data}` });
    }
  }
  return facts;
}

/** Judges a whole file of settings. Undefined if it is not one. */
export function observeSettingsFile(bytes: Buffer, source: string, client: string): Observation[] | undefined {
  if (isPolicyFile(bytes, source)) return observeSettings(readPolicyFile(bytes, source), client);
  const text = decodeText(bytes);
  const input = settingsInputOf(text.slice(0, 65_536));
  return input && observeSettings(input.read(text, source), client);
}
