// Masks what a report should not carry outside: computer, user and server names, addresses, GUIDs, keys and cookies.
// The same name gets the same mask everywhere, so that the story stays readable.
import { readPageText } from '../words/page.ts';
import { type DoctorReport, namesIn } from './report.ts';

/** A copy of the report with secrets and names masked. */
export function redactReport(report: DoctorReport): DoctorReport {
  const mask = new Mask(pathsOfPages(report), new Set(report.stories.flatMap(({ versions }) => versions)));
  for (const story of report.stories) mask.learn('computer', story.client);
  for (const name of namesIn(report)) mask.learn('server', name.replace(/^https?:\/\//i, '').replace(/[:/].*$/, ''));
  const text = JSON.stringify(report);
  for (const [, name = ''] of text.matchAll(/Proxy List used: <(?:https?:\/\/)?([\w.-]+)/g)) mask.learn('proxy', name);
  for (const [, host = ''] of text.matchAll(/https?:\/\/([\w.-]+)/g)) mask.learn('server', host);
  for (const [, name = ''] of text.matchAll(/DNS name = ([\w.-]+)/g)) mask.learn('computer', name);
  return mapStrings(report, (value, key) => (safeKeys.has(key) ? value : mask.apply(value))) as DoctorReport;
}

/** `DOMAIN\user`, and any other two words around a backslash. */
const account = /\b[A-Z][A-Z0-9-]{1,14}\\[\w.$-]+/gi;

/** In the words of the pages, a text that looks like an account is a place on a disk. */
function pathsOfPages({ findings, passes }: DoctorReport): ReadonlySet<string> {
  const codes = [...findings, ...passes].flatMap(({ code, consequences }) => [
    code,
    ...consequences.map((each) => each.code),
  ]);
  const paths = codes.flatMap((code) => readPageText(code).match(account) ?? []);
  return new Set(paths.map((path) => path.toLowerCase().replace(/\.$/, '')));
}

const safeKeys = new Set(['code', 'verdict', 'outcome', 'generation', 'stage', 'versions']);
const publicHost = /(^|\.)(microsoft\.com|windowsupdate\.com|localhost|example\.(com|org|net))$/i;

/** Words of our own sentences and names of files. A mask makes them unreadable. */
const ordinary =
  /\s|^(https?|ftp|server|host|inner|client|proxy|your-server|port|wsus|sus|www|updates?)$|\.(log|txt|reg|dat|gz)$/i;

/** The domain behind a computer's name goes with it. The ending of a file does not. */
const domain = /(?:\.(?!(?:log|txt|reg|dat|gz|cab|exe|html?|json|asmx)\b)[a-z][\w-]*)*/.source;

/** cs-username is between the port and the client's address in the columns that IIS writes by default. */
const userColumn = /( \d{2,5} )(?!-)([\w.$@-]+)( (?:address-\d+|\d{1,3}(?:\.\d{1,3}){3}) )/g;

class Mask {
  private readonly names = new Map<string, string>();
  private readonly paths: ReadonlySet<string>;
  private readonly counts = new Map<string, number>();

  /** Versions of agents, which look like addresses and are what a supporter needs first. */
  private readonly versions: ReadonlySet<string>;

  constructor(paths: ReadonlySet<string>, versions: ReadonlySet<string>) {
    this.paths = paths;
    this.versions = versions;
  }

  /** Remembers a name, to mask it wherever it occurs. */
  learn(kind: string, name: string): void {
    const isOpen = publicHost.test(name) || ordinary.test(name) || /^[\d.]+$/.test(name);
    if (name.length < 2 || isOpen || this.names.has(name.toLowerCase())) return;
    const mask = this.fresh(kind);
    this.names.set(name.toLowerCase(), mask);
    const [label = ''] = name.toLowerCase().split('.');
    if (label.length > 3 && !ordinary.test(label) && !this.names.has(label)) this.names.set(label, mask);
  }

  apply(text: string): string {
    let masked = text;
    for (const [name, replacement] of this.names) {
      masked = masked.replaceAll(new RegExp(`(?<![\\w-])${escapeRegExp(name)}(?![\\w-])${domain}`, 'gi'), replacement);
    }
    return masked
      .replaceAll(/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi, (id) => this.named('id', id))
      .replaceAll(/(?<=[?&]U=)[0-9a-f]{32}/gi, (id) => this.named('id', id))
      .replaceAll(
        /(?<![\d.])(?!127\.|0\.0\.0\.0)\d{1,3}(?:\.\d{1,3}){3}(?![\d.])(?!\.)/g,
        (ip, offset: number, whole: string) =>
          this.versions.has(ip) || isVersion(whole, offset, ip) ? ip : this.named('address', ip),
      )
      .replaceAll(
        /(?<![\w:])(?:(?:[0-9a-f]{1,4}:){5,7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:)+:(?:[0-9a-f]{1,4}:?)*)(?![\w:])/gi,
        (ip) => this.named('address', ip),
      )
      .replaceAll(/\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b/g, (mail) => this.named('mail', mail))
      .replaceAll(
        /([\\/](?:Users|home|Documents and Settings)[\\/])([^\\/\s]+(?: [^\\/\s]+){1,3}(?=[\\/])|[^\\/\s]+)/gi,
        (_, before, user) => `${before}${this.named('user', user)}`,
      )
      .replaceAll(account, (user, offset: number, whole: string) =>
        isPath(whole.slice(0, offset), user) || this.paths.has(user.toLowerCase().replace(/\.$/, ''))
          ? user
          : this.named('user', user),
      )
      .replaceAll(
        /((?:authorization|cookie|password|pwd|secret|token|EncryptedData)["']?\s*[:=>]\s*)(?:Basic |Bearer |NTLM |Negotiate )?[^\s"'<,;]+/gi,
        '$1(masked)',
      )
      .replaceAll(/(https?:\/\/)[^\s/@]+@/gi, '$1(masked)@')
      .replaceAll(
        /(?<=(?:^|[\s"'<=(]))(\\{2,4})([\w.-]+)(?=\\)/g,
        (_, lead, name) => `${lead}${this.named('server', name)}`,
      )
      .replaceAll(
        /(target group = |Target group: |"TargetGroup"=")([^,"\r\n]+)/gi,
        (_, lead, name) => `${lead}${this.named('group', name)}`,
      )
      .replaceAll(/(Bypass List used : <)[^>]+(>)/gi, '$1(masked)$2')
      .replaceAll(userColumn, (_, before, user, after) => `${before}${this.named('user', user)}${after}`);
  }

  private named(kind: string, name: string): string {
    const key = name.toLowerCase();
    const known = this.names.get(key) ?? this.fresh(kind);
    this.names.set(key, known);
    return known;
  }

  private fresh(kind: string): string {
    const count = (this.counts.get(kind) ?? 0) + 1;
    this.counts.set(kind, count);
    return `${kind}-${count}`;
  }
}

/**
 * Four-part versions look like addresses: 7.6.7600.256 has a part above 255, others follow a word. The versions of our
 * own agents (5.4.0.N, 7.9.0.N) are versions unless they are in the place of an address: in a URL or a column of a
 * request log.
 */
function isVersion(text: string, offset: number, candidate: string): boolean {
  if (candidate.split('.').some((part) => Number(part) > 255)) return true;
  const before = text.slice(Math.max(0, offset - 80), offset);
  if (versionBefore.test(before)) return true;
  return /^(?:5\.4|7\.9)\.0\.\d+$/.test(candidate) && !/(?::\/\/|\/\/|@|\d |- )$/.test(before);
}

/** A version is behind such a word, perhaps as one of several. */
const versionBefore =
  /(?:versions?|build|core:|aux:|agent|protocol|bits|wuaueng\.dll|sus client|wsus client|sus|wsus|target version:|required:)(?:\s*(?:=|:|\/|%2f|is|was|now|from|to|\(|")\s*|\s+)?(?:"|v)?(?:\d+(?:\.\d+){3}\s*(?:,|→|->|and|to|then)\s*)*$/i;

function isPath(before: string, candidate: string): boolean {
  return (
    /[\\/:%\w]$/.test(before) ||
    /^(HKEY|HKLM|HKCU|SOFTWARE|SYSTEM|Windows|Microsoft|SoftwareDistribution|Program)/i.test(candidate)
  );
}

function mapStrings(value: unknown, change: (text: string, key: string) => string, key = ''): unknown {
  if (typeof value === 'string') return change(value, key);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapStrings(item, change, name)]));
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
