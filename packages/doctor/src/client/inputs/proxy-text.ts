// `netsh winhttp show proxy` and `proxycfg`, in any language: a heading with WinHTTP and a proxy in it, then either two
// values (proxy, exceptions) or one sentence (direct access).
import { evidenceAt, type ProxySeen, type SettingsInput, type SettingsSeen } from './seen.ts';

const heading = /winhttp.*(?:prox|プロキシ|代理|프록시|прокси)|(?:prox|プロキシ|代理|프록시|прокси).*winhttp/i;
function isHeading(line: string): boolean {
  return heading.test(line) && /[:：]\s*$/.test(line);
}

const isScript = /https?:\/\/\S+\.(?:pac|dat|js)\b|\.pac\b/i;

export const proxyText: SettingsInput = {
  title: 'proxy settings of WinHTTP',
  recognises(head) {
    const lines = head.split(/\r?\n/).filter((line) => line.trim() !== '');
    return lines.length < 60 && lines.slice(0, 12).some(isHeading) && !/WSUS Client Diagnostics/i.test(head);
  },
  read(text, source): SettingsSeen {
    const lines = text.split(/\r?\n/);
    const start = lines.findIndex(isHeading);
    const winHttp = proxyOf(lines, start + 1, source);
    return { source, ...(winHttp ? { winHttp } : {}) };
  },
};

function proxyOf(lines: readonly string[], from: number, source: string): ProxySeen | undefined {
  const values: { value: string; index: number }[] = [];
  let sentence: number | undefined;
  for (let index = from; index < lines.length; index++) {
    const line = (lines[index] ?? '').trim();
    if (line === '' || /HKEY_|\\\s*$|WinHttpSettings/i.test(line)) continue;
    // A heading ends with its colon, and so does a value that is not there.
    const [, value] = /^[^:]{2,60}?\s*[:：]\s+(\S.*)$/.exec(line) ?? [];
    if (value !== undefined) values.push({ value: value.trim(), index });
    else if (!/[:：]$/.test(line)) sentence ??= index;
  }
  const [proxy, bypass] = values;
  if (proxy && looksLikeProxy(proxy.value)) {
    const how = isScript.test(proxy.value) ? 'script' : 'proxy';
    const exceptions = bypass && !isNone(bypass.value) ? { bypass: bypass.value } : {};
    return { how, proxy: proxy.value, ...exceptions, evidence: evidenceAt(source, lines, proxy.index) };
  }
  return sentence === undefined ? undefined : { how: 'direct', evidence: evidenceAt(source, lines, sentence) };
}

function looksLikeProxy(value: string): boolean {
  return !isNone(value) && /[\w.-]/.test(value);
}

function isNone(value: string): boolean {
  return /^(?:\((?:none|keine?|aucune?|ninguna?|nessuno|geen|なし|无)\)|none|null|-)$/i.test(value.trim());
}
