// `gpresult /r`, `/v` and `/z` as text, in any language: lists of Group Policy objects are told by their shape. Below a
// heading that is underlined stand names. If a name has a reason below it, the object was filtered out. Values of
// policies name their registry value in English.

import { keyName } from '../../registry/key-name.ts';
import type { RegFacts } from '../../registry/reg-text.ts';
import {
  addValue,
  evidenceAt,
  type PoliciesSeen,
  type PolicyRefusal,
  type PolicySeen,
  type SettingsInput,
  type SettingsSeen,
} from './seen.ts';

/**
 * Headings of the applied objects, in the languages that are known. In others the list before the filtered one is it.
 */
const appliedWords =
  /applied group policy objects|angewendete gruppenrichtlinienobjekte|objets stratégie de groupe appliqués|objetos de directiva de grupo aplicad|oggetti criteri di gruppo applicati|objetos de (?:diretiva|política) de grupo aplicad|toegepaste groepsbeleidsobjecten|tillämpade grupprincipobjekt|zastosowane obiekty|примененные объекты|適用されたグループ ?ポリシー|应用的组策略对象|적용된 그룹 정책/i;
const refusedWords =
  /not applied because they were filtered out|nicht angewendet|herausgefiltert|n'ont pas été appliqu|filtrés|no se aplicaron|filtrado|non sono stati applicati|filtrati|não foram aplicad|niet toegepast|filtrerades|odfiltrowan|отфильтрован|フィルター|筛选|필터/i;
const computerWords =
  /computer settings|computereinstellungen|param[eè]tres de l'ordinateur|configuraci[oó]n d(?:e|el) equipo|impostazioni computer|コンピューターの設定|计算机设置|параметры компьютера|computerinstellingen/i;
const userWords =
  /user settings|benutzereinstellungen|param[eè]tres (?:de l')?utilisateur|configuraci[oó]n de usuario|impostazioni utente|ユーザーの?設定|用户设置|параметры пользователя|gebruikersinstellingen/i;
const updateValue = /Software\\Policies\\Microsoft\\Windows\\WindowsUpdate(?:\\AU)?\\[A-Za-z]\w+/i;

export const groupPolicyText: SettingsInput = {
  title: 'output of gpresult',
  recognises: (head) =>
    appliedWords.test(head) ||
    /Group Policy Result tool|gpresult|RSOP data for|RSOP-Daten|RSoP/i.test(head.slice(0, 2000))
      ? !/<html|<\?xml|<rsop/i.test(head.slice(0, 4000))
      : false,
  read(text, source) {
    const lines = text.split(/\r?\n/);
    const lists = listsOf(lines, source);
    const registry = valuesOf(lines, source);
    const policies = policiesOf(lines, lists, registry.size > 0);
    const seen: SettingsSeen = { source, policies };
    return registry.size > 0 ? { ...seen, registry } : seen;
  },
};

interface List {
  heading: number;
  items: PolicySeen[];
}

/** All underlined lists. An item with a deeper line `label:  words` below it has a reason. */
function listsOf(lines: readonly string[], source: string): List[] {
  const lists: List[] = [];
  for (let index = 1; index < lines.length; index++) {
    if (!/^\s*-{5,}\s*$/.test(lines[index] ?? '')) continue;
    lists.push({ heading: index - 1, items: itemsBelow(lines, index + 1, source) });
  }
  return lists;
}

function itemsBelow(lines: readonly string[], from: number, source: string): PolicySeen[] {
  const items: PolicySeen[] = [];
  let depth = -1;
  for (let index = from; index < lines.length; index++) {
    const line = lines[index] ?? '';
    if (line.trim() === '') {
      // A blank line ends a list, unless its items stand apart.
      const next = lines.slice(index + 1).find((each) => each.trim() !== '');
      if (next === undefined || indentOf(next) < Math.max(depth, 1) || isUnderlined(lines, index)) break;
      continue;
    }
    if (isUnderlined(lines, index - 1)) break;
    const indent = indentOf(line);
    if (depth < 0) depth = indent;
    if (indent < depth) break;
    const last = items.at(-1);
    if (indent === depth) items.push({ name: line.trim(), evidence: evidenceAt(source, lines, index) });
    else if (last) noteReason(last, line.trim(), evidenceAt(source, lines, index));
  }
  return items;
}

function noteReason(item: PolicySeen, line: string, evidence: PolicySeen['evidence']): void {
  const [, label = '', words] = /^([^:]{2,40})[:：]\s*(\S.*)$/.exec(line) ?? [];
  if (words === undefined) return;
  // The name of a WMI filter is on a line of its own, with "WMI" in its label.
  if (/wmi/i.test(label)) {
    item.reason = `${item.reason ?? ''} (${words})`.trim();
    return;
  }
  if (item.refused !== undefined) return;
  item.refused = refusalOf(words);
  item.reason = words;
  item.evidence = { ...item.evidence, text: `${item.evidence.text} ${evidence.text}` };
}

/** Why an object does not apply, by words that reports have in several languages. */
export function refusalOf(words: string): PolicyRefusal {
  if (/wmi/i.test(words)) return 'filter';
  if (
    /secur|sicherh|sécur|segur|sicur|beveilig|säkerhet|zabezp|безопас|セキュリティ|安全|보안|access denied|inaccess|zugriff/i.test(
      words,
    )
  )
    return 'security';
  if (/disabl|deakt|désact|deshab|desact|disatt|disabil|uitgesch|inaktiv|wyłącz|отключ|無効|禁用|사용 안/i.test(words))
    return 'disabled';
  if (/empty|\bleer|\bvide|vac[ií]|vuot|leeg|\btom|pust|пуст|空/i.test(words)) return 'empty';
  return 'other';
}

function policiesOf(lines: readonly string[], lists: readonly List[], hasValues: boolean): PoliciesSeen {
  const headingOf = ({ heading }: List) => lines[heading] ?? '';
  const isRefused = (list: List) =>
    list.items.some(({ refused }) => refused !== undefined) || refusedWords.test(headingOf(list));
  const scopeAt = (heading: number) => {
    for (let index = heading; index >= 0; index--) {
      if (computerWords.test(lines[index] ?? '')) return 'computer';
      if (userWords.test(lines[index] ?? '')) return 'user';
    }
    return 'computer';
  };
  const ofComputer = lists.filter(({ heading }) => scopeAt(heading) === 'computer');
  const scope = ofComputer.some(
    (list) => list.items.length > 0 && (isRefused(list) || appliedWords.test(headingOf(list))),
  )
    ? 'computer'
    : lists.length > 0 && ofComputer.length === 0
      ? 'user'
      : 'computer';
  const wanted = scope === 'computer' ? ofComputer : lists;
  // Without their headings, of two such pairs the first is the computer's.
  const refusedAt = wanted.findIndex(isRefused);
  const appliedAt = wanted.findIndex((list) => appliedWords.test(headingOf(list)));
  const applied = wanted[appliedAt >= 0 ? appliedAt : refusedAt - 1];
  return {
    scope,
    applied: applied?.items.filter(({ refused }) => refused === undefined) ?? [],
    refused: refusedAt < 0 ? [] : (wanted[refusedAt]?.items ?? []).map((item) => ({ refused: 'other', ...item })),
    hasValues,
  };
}

/** `KeyName: Software\…\WUServer` and below it `Value: 104, 0, 116, 0, …` (the bytes of the data). */
function valuesOf(lines: readonly string[], source: string): RegFacts {
  const facts: RegFacts = new Map();
  lines.forEach((line, index) => {
    const place = updateValue.exec(line)?.[0];
    if (place === undefined) return;
    const bytes = lines
      .slice(index + 1, index + 4)
      .map((next) => /[:：]\s*((?:\d{1,3},\s*)*\d{1,3})\s*$/.exec(next)?.[1])
      .find((found) => found !== undefined);
    if (bytes === undefined) return;
    const data = Buffer.from(bytes.split(',').map(Number));
    const cut = place.lastIndexOf('\\');
    const name = place.slice(cut + 1);
    const value =
      data.length === 4 && !isText(data)
        ? { type: 'REG_DWORD', data: data.readUInt32LE() }
        : { type: 'REG_SZ', data: textOf(data) };
    addValue(facts, keyName(`HKLM\\${place.slice(0, cut)}`), { name, ...value }, evidenceAt(source, lines, index));
  });
  return facts;
}

function isText(data: Buffer): boolean {
  return (data[0] ?? 0) >= 0x20 && data[1] === 0 && (data[2] ?? 0) >= 0x20;
}

function textOf(data: Buffer): string {
  return data.toString('utf16le').replace(/\0+$/, '');
}

function indentOf(line: string): number {
  return /^\s*/.exec(line)?.[0].replaceAll('\t', '    ').length ?? 0;
}

/** True where the line after `index` is the heading of the next list. */
function isUnderlined(lines: readonly string[], index: number): boolean {
  return /^\s*-{5,}\s*$/.test(lines[index + 2] ?? '');
}
