// ClientDiag (WSUS Client Diagnostics Tool): dotted lines that end in PASS, FAIL, NONE or a value, in sections. A
// failure is a function with its HRESULT.
import type { RegFacts } from '../../registry/reg-text.ts';
import { registryPlaces as at } from '../settings.ts';
import {
  addValue,
  evidenceAt,
  type ProxySeen,
  type ServiceSeen,
  type SettingsInput,
  type SettingsSeen,
} from './seen.ts';

const none = /^(?:<?\s*(?:none|null|empty)\s*>?|)$/i;

export const clientDiag: SettingsInput = {
  title: 'output of ClientDiag',
  recognises: (head) =>
    /WSUS Client Diagnostics Tool|^\s*Checking Connection to WSUS|^\s*Checking Machine State/im.test(head),
  read(text, source) {
    const lines = text.split(/\r?\n/);
    const registry: RegFacts = new Map();
    const seen: SettingsSeen = { source, registry, isWholePolicy: false, services: [], failures: [] };
    lines.forEach((line, index) => {
      readLine(line.trim(), seen, () => evidenceAt(source, lines, index));
    });
    const winHttp = winHttpOf(lines, source);
    const user = userOf(lines, source);
    if (winHttp) seen.winHttp = winHttp;
    if (user) seen.user = user;
    return seen;
  },
};

function readLine(line: string, seen: SettingsSeen, evidence: () => ReturnType<typeof evidenceAt>): void {
  const { registry = new Map() } = seen;
  const [, name, value = ''] = /^(WUServer|WUStatusServer)\s*=\s*(.*)$/i.exec(line) ?? [];
  if (name !== undefined && !none.test(value.trim()))
    addValue(registry, at.policy, { name, type: 'REG_SZ', data: value.trim() }, evidence());
  const use = /^UseWuServer is (enabled|disabled)/i.exec(line)?.[1]?.toLowerCase();
  if (use !== undefined) {
    const data = use === 'enabled' ? 1 : 0;
    addValue(registry, at.policyAu, { name: 'UseWUServer', type: 'REG_DWORD', data }, evidence());
  }
  const option = /^AU Option is (\d)\b/i.exec(line)?.[1];
  if (option !== undefined)
    addValue(registry, at.policyAu, { name: 'AUOptions', type: 'REG_DWORD', data: Number(option) }, evidence());
  const service = serviceOf(line);
  if (service && service.state !== 'running' && service.start !== 'manual')
    seen.services?.push({ ...service, evidence: evidence() });
  const version = /^Wuaueng\.dll version ([\d.]*\d)/i.exec(line)?.[1];
  if (version !== undefined) seen.version = version;
  if (/^Self-?Update folder is missing\b/i.test(line)) seen.treeMissing = evidence();
  const hresult = /\bhr\s*=\s*(?:0x)?([89a-f][0-9a-f]{7})\b/i.exec(line)?.[1];
  if (hresult !== undefined) seen.failures?.push({ code: Number.parseInt(hresult, 16), evidence: evidence() });
}

/** BITS starts when it is needed: only what the tool calls FAIL counts. */
function serviceOf(line: string): Omit<ServiceSeen, 'evidence'> | undefined {
  const [, title = '', state = ''] =
    /^(Automatic Updates|Windows Update|Background Intelligent Transfer) Service is (not running|disabled|running)\b/i.exec(
      line,
    ) ?? [];
  if (title === '') return undefined;
  const name = /^background/i.test(title) ? 'bits' : 'wuauserv';
  if (/^running/i.test(state)) return { name, state: 'running' };
  if (!/\bFAIL$/.test(line)) return { name, state: 'stopped', start: 'manual' };
  return /disabled/i.test(state)
    ? { name, state: 'stopped', start: 'disabled' }
    : { name, state: 'stopped', start: 'automatic' };
}

function winHttpOf(lines: readonly string[], source: string): ProxySeen | undefined {
  const type = lines.findIndex((line) => /winhttp local machine access type/i.test(line));
  const proxy = valueAfter(lines, /^winhttp local machine proxy\b(?!\s*bypass)/i);
  const bypass = valueAfter(lines, /^winhttp local machine proxy\s*bypass/i);
  if (proxy && !none.test(proxy.value)) {
    const exceptions = bypass && !none.test(bypass.value) ? { bypass: bypass.value } : {};
    return { how: 'proxy', proxy: proxy.value, ...exceptions, evidence: evidenceAt(source, lines, proxy.index) };
  }
  if (type < 0) return undefined;
  const index = lines.findIndex((line, at) => at > type && line.trim() !== '');
  return { how: 'direct', evidence: evidenceAt(source, lines, index < 0 ? type : index) };
}

function userOf(lines: readonly string[], source: string): ProxySeen | undefined {
  const proxy = valueAfter(lines, /^user ie proxy\b(?!\s*bypass)/i);
  const script = valueAfter(lines, /^user ie autoconfig url(?: proxy)?/i);
  const detect = lines.findIndex((line) => /autodetect\s+in use/i.test(line));
  const bypass = valueAfter(lines, /^user ie proxy\s*bypass/i);
  if (proxy && !none.test(proxy.value)) {
    const exceptions = bypass && !none.test(bypass.value) ? { bypass: bypass.value } : {};
    return { how: 'proxy', proxy: proxy.value, ...exceptions, evidence: evidenceAt(source, lines, proxy.index) };
  }
  if (script && !none.test(script.value))
    return { how: 'script', proxy: script.value, evidence: evidenceAt(source, lines, script.index) };
  if (detect >= 0) return { how: 'script', evidence: evidenceAt(source, lines, detect) };
  return proxy ? { how: 'direct', evidence: evidenceAt(source, lines, proxy.index) } : undefined;
}

/** `Winhttp local machine Proxy. . . . . .  NONE` → `NONE`. A long value is on the next line. */
function valueAfter(lines: readonly string[], name: RegExp): { value: string; index: number } | undefined {
  const index = lines.findIndex((line) => name.test(line.trim()) && !/^checking/i.test(line.trim()));
  if (index < 0) return undefined;
  const line = (lines[index] ?? '').trim().replace(name, '');
  const value = line.replace(/^[\s.]+(?=\S|$)/, '').trim();
  if (value !== '') return { value, index };
  const next = (lines[index + 1] ?? '').trim();
  return next === '' || /\. \./.test(next) ? undefined : { value: next, index: index + 1 };
}
