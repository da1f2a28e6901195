// `gpresult /h` (a page) and `/x` (XML), and reports of GPMC. A page is read as rows of cells with the headings between
// them: which row has a reason for being refused tells the object, in any language. XML has names of its own.
import type { RegFacts } from '../../registry/reg-text.ts';
import { registryPlaces as at } from '../settings.ts';
import { refusalOf } from './group-policy.ts';
import { addValue, evidenceAt, type PolicySeen, type SettingsInput, type SettingsSeen } from './seen.ts';

const deniedCell =
  /access denied|security filtering|zugriff verweigert|sicherheitsfilter|acc[eè]s refus[eé]|filtrage de s[eé]curit[eé]|acceso denegado|filtrado de seguridad|accesso negato|filtro di sicurezza|wmi[ -]?filt|filtre wmi|filtro wmi|disabled (?:gpo|link)|deaktiviert|アクセス拒否|セキュリティ フィルター|^\s*(?:empty|leer|vide|vac[ií]o|vuoto|空)\s*$/i;

export const groupPolicyPage: SettingsInput = {
  title: 'report of gpresult /h',
  recognises: (head) =>
    /<html/i.test(head.slice(0, 4000)) &&
    /gpmc|rsop|group ?policy|gruppenrichtlin|stratégie de groupe|directiva de grupo|criteri di gruppo|グループ ?ポリシー/i.test(
      head,
    ),
  read(text, source) {
    const rows = rowsOf(text);
    const lines = text.split(/\r?\n/);
    const refused: PolicySeen[] = [];
    const applied: PolicySeen[] = [];
    let heading = '';
    let section: 'applied' | 'denied' | 'other' = 'other';
    for (const row of rows) {
      const [first = '', ...more] = row.cells;
      if (more.length === 0) {
        if (
          /denied|abgelehn|verweigert|refus|denegad|negat|拒否|拒绝|отклон/i.test(first) &&
          /gpo|gruppen|strat|direct|criteri|ポリシー/i.test(first)
        )
          section = 'denied';
        else if (
          /applied|angewend|appliqu|aplicad|applicat|適用|应用/i.test(first) &&
          /gpo|gruppen|strat|direct|criteri|ポリシー/i.test(first)
        )
          section = 'applied';
        else if (first.length < 120) heading = first;
        continue;
      }
      const reason = more.find((cell) => deniedCell.test(cell));
      const evidence = { ...evidenceAt(source, lines, row.line), text: row.cells.join(' | ').slice(0, 400) };
      if (reason !== undefined && section !== 'applied') {
        const name = more.length >= 2 ? first : heading || first;
        if (!refused.some((each) => each.name === name))
          refused.push({ name, refused: refusalOf(reason), reason, evidence });
      } else if (section === 'applied' && more.length >= 2 && !/^name$/i.test(first))
        applied.push({ name: first, evidence });
      else if (section === 'applied' && heading !== '' && !applied.some((each) => each.name === heading))
        applied.push({ name: heading, evidence });
    }
    const registry = serversOf(rows, source);
    const policies = { scope: 'computer' as const, applied, refused, hasValues: true };
    return { source, policies, ...(registry.size > 0 ? { registry } : {}) };
  },
};

interface Row {
  cells: string[];
  line: number;
}

/** Rows of tables and headings, tags taken away. Bounded by the text, linear in it. */
function rowsOf(text: string): Row[] {
  const rows: Row[] = [];
  let line = 0;
  let counted = 0;
  const pattern =
    /<tr\b[^>]*>|<\/tr>|<t[dh]\b[^>]*>|<\/t[dh]>|<(?:span|div|b|h\d|a)\b[^>]*>|<\/(?:span|div|b|h\d|a)>|<(?:script|style)\b[^>]*>[\s\S]*?<\/(?:script|style)>|<[^>]*>/gi;
  let row: Row | undefined;
  let cell: string | undefined;
  let from = 0;
  const take = (words: string) => {
    const plain = decode(words).replaceAll(/\s+/g, ' ').trim();
    if (plain === '') return;
    if (cell !== undefined) cell = `${cell} ${plain}`.trim();
    else if (!row) rows.push({ cells: [plain], line });
  };
  for (const match of text.matchAll(pattern)) {
    take(text.slice(from, match.index));
    for (; counted < match.index; counted++) if (text.charCodeAt(counted) === 10) line++;
    from = match.index + match[0].length;
    const tag = /^<\/?\s*(\w+)/.exec(match[0])?.[1]?.toLowerCase() ?? '';
    const closes = match[0].startsWith('</');
    if (tag === 'tr' && !closes) row = { cells: [], line };
    else if (tag === 'tr') {
      if (row && row.cells.length > 0) rows.push(row);
      row = undefined;
      cell = undefined;
    } else if ((tag === 'td' || tag === 'th') && !closes) cell = '';
    else if (tag === 'td' || tag === 'th') {
      row ??= { cells: [], line };
      if (cell !== undefined) row.cells.push(cell);
      cell = undefined;
    }
  }
  return rows;
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: ' ', apos: "'" };

function decode(text: string): string {
  return text.replaceAll(/&(?:#(\d{1,6})|#x([0-9a-f]{1,5})|(\w{2,8}));/gi, (whole, decimal, hex, name) => {
    const code = decimal === undefined ? (hex === undefined ? undefined : Number.parseInt(hex, 16)) : Number(decimal);
    if (code !== undefined) return code > 0 && code < 0x110000 ? String.fromCodePoint(code) : ' ';
    return entities[String(name).toLowerCase()] ?? whole;
  });
}

/** The addresses of the policy about the intranet service: the first is WUServer, the second WUStatusServer. */
function serversOf(rows: readonly Row[], source: string): RegFacts {
  const facts: RegFacts = new Map();
  const isUpdate = (label: string) => /updat|aktualis|mise|actualiza|aggiorna|更新|обновл|statisti|upload/i.test(label);
  const found = rows.filter(
    ({ cells: [label = '', value = ''] }) => /^https?:\/\//i.test(value.trim()) && isUpdate(label),
  );
  for (const [index, name] of ['WUServer', 'WUStatusServer'].entries()) {
    const row = found[index];
    const value = row?.cells[1]?.trim();
    if (row && value)
      addValue(
        facts,
        at.policy,
        { name, type: 'REG_SZ', data: value },
        { source, line: row.line + 1, text: row.cells.join(' | ').slice(0, 400) },
      );
  }
  // The policy "Specify intranet Microsoft update service location" sets this with the addresses.
  const [first] = found;
  if (first)
    addValue(
      facts,
      at.policyAu,
      { name: 'UseWUServer', type: 'REG_DWORD', data: 1 },
      { source, line: first.line + 1, text: first.cells.join(' | ').slice(0, 400) },
    );
  return facts;
}

export const groupPolicyXml: SettingsInput = {
  title: 'report of gpresult /x',
  recognises: (head) => /<(?:\w+:)?rsop\b/i.test(head.slice(0, 4000)),
  read(text, source): SettingsSeen {
    const computer = /<(?:\w+:)?ComputerResults\b[\s\S]*?<\/(?:\w+:)?ComputerResults>/i.exec(text);
    const part = computer?.[0] ?? text;
    const lineOf = (index: number) => text.slice(0, (computer?.index ?? 0) + index).split('\n').length;
    const applied: PolicySeen[] = [];
    const refused: PolicySeen[] = [];
    for (const match of part.matchAll(/<(?:\w+:)?GPO>([\s\S]*?)<\/(?:\w+:)?GPO>/gi)) {
      const inner = match[1] ?? '';
      const name = decode(tagOf(inner, 'Name') ?? '').trim();
      if (name === '') continue;
      const why = refusalOfXml(inner);
      const seen = {
        name,
        evidence: { source, line: lineOf(match.index), text: `${name}: ${why?.reason ?? 'applied'}` },
      };
      if (why) refused.push({ ...seen, ...why });
      else applied.push(seen);
    }
    const registry: RegFacts = new Map();
    const addresses = [...part.matchAll(/<(?:\w+:)?Value>\s*(https?:\/\/[^<\s]+)\s*</gi)];
    for (const [index, name] of ['WUServer', 'WUStatusServer'].entries()) {
      const value = addresses[index];
      if (value)
        addValue(
          registry,
          at.policy,
          { name, type: 'REG_SZ', data: decode(value[1] ?? '') },
          { source, line: lineOf(value.index), text: value[0].slice(0, 300) },
        );
    }
    const scope = computer || !/<(?:\w+:)?UserResults\b/i.test(text) ? ('computer' as const) : ('user' as const);
    if (registry.size > 0)
      addValue(
        registry,
        at.policyAu,
        { name: 'UseWUServer', type: 'REG_DWORD', data: 1 },
        { source, text: 'the policy that sets WUServer' },
      );
    return {
      source,
      policies: { scope, applied, refused, hasValues: true },
      ...(registry.size > 0 ? { registry } : {}),
    };
  },
};

function refusalOfXml(inner: string): Pick<PolicySeen, 'refused' | 'reason'> | undefined {
  const is = (name: string, value: string) => tagOf(inner, name)?.trim().toLowerCase() === value;
  if (is('AccessDenied', 'true')) return { refused: 'security', reason: 'AccessDenied' };
  if (is('FilterAllowed', 'false')) return { refused: 'filter', reason: 'FilterAllowed false' };
  if (is('Enabled', 'false')) return { refused: 'disabled', reason: 'Enabled false' };
  if (is('IsValid', 'false')) return { refused: 'other', reason: 'IsValid false' };
  return undefined;
}

function tagOf(text: string, name: string): string | undefined {
  return new RegExp(`<(?:\\w+:)?${name}\\b[^>]*>([^<]*)<`, 'i').exec(text)?.[1];
}
