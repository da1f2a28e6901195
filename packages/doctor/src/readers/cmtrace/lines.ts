// The forms of the logs of Configuration Manager. Clients write <![LOG[text]LOG]!><time="…" date="…" component="…" …>,
// servers "text  $$<COMPONENT><date time+bias><thread=…>", and the viewer copies "text, component, date, thread" with
// tabs. A text may be several lines long.
import { readerBounds } from '../../input-bounds.ts';

export interface CmEntry {
  number: number;
  /** The line where it begins, as evidence. */
  raw: string;
  text: string;
  component: string;
  time: number | undefined;
  zone: 'utc' | 'written' | undefined;
  /** As the log has it. Undefined where its form has no level. */
  level: 'error' | 'warning' | 'information' | undefined;
}

const opening = '<![LOG[';
const closing = ']LOG]!>';
const serverTail =
  /~?\s*\$\$<([^<>]{1,80})><(\d{1,2})-(\d{1,2})-(\d{4}) (\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,3})\d*)?([+-]\d{1,4})?><thread=[^<>]*>/;
const viewerTail =
  /^(.*?)\s*([A-Za-z][\w.-]{2,60}?)[\t ]*(\d{1,4})[-./](\d{1,2})[-./](\d{1,4})[,\t ]+(\d{1,2})[:.](\d{2})[:.](\d{2})(?:[.,]\d+)?(?:[\t \u202f]*([AP])\.?M\.?)?[\t ]*\d{1,9} \(0x[0-9A-Fa-f]+\)\s*$/;

/** Logs of set-up: "<MM-DD-YYYY HH:MM:SS> text". */
const setupHead = /^<(\d{1,2})-(\d{1,2})-(\d{4}) (\d{1,2}):(\d{2}):(\d{2})> (.*)$/;

/** Sentences that only these programs write, for lines that are quoted without what stands around them. */
const sentences: readonly (readonly [RegExp, string])[] = [
  [
    /OnSearchComplete - |^Scan failed with error|Update Source for WUAgent|WUA (?:Group Policy|Managed server)|overwritten by a higher authority|Async searching (?:of updates|completed)/i,
    'WUAHandler',
  ],
  [/\bScanJob\(|CScanAgent|CScanJob|ToolUniqueID=/i, 'ScanAgent'],
  [/received for assignment \(|\bciState\w+/i, 'UpdatesDeploymentAgent'],
  [
    /COMP="SMS_WSUS_SYNC_MANAGER"|^(?:sync: .*|Sync failed)(?:$|[:. ])|Uss(?:Communication|Internal)Error/i,
    'SMS_WSUS_SYNC_MANAGER',
  ],
  [
    /COMP="SMS_WSUS_CONFIGURATION_MANAGER"|WSUS_CONFIG_(?:FAILED|SUCCESS)|categories unknown to WSUS|configuration failed on WSUS Server|Failed to set Subscriptions on the WSUS/i,
    'SMS_WSUS_CONFIGURATION_MANAGER',
  ],
  [/WSUS locations? list|\[CCMHTTP\]/i, 'LocationServices'],
];

function componentOf(line: string): string | undefined {
  return sentences.find(([words]) => words.test(line))?.[1];
}

/** True where a text has entries of one of the forms. */
export function hasCmEntries(text: string): boolean {
  if (text.includes(opening) && /\]LOG\]!><time="/.test(text)) return true;
  const lines = text.split(/\r?\n/, 100);
  if (lines.some((line) => serverTail.test(line) || viewerTail.test(line) || setupHead.test(line))) return true;
  return lines.some((line) => !/^\W{0,3}\d{4}[-/]/.test(line) && componentOf(line) !== undefined);
}

/** Puts lines together to entries. */
export class CmLines {
  private open: { number: number; raw: string; text: string; lines: number } | undefined;

  /** A line with what stands around it was seen: those without it continue texts. */
  private seen = false;

  /** The entry that ends with this line, if one does. */
  take(line: string, number: number): CmEntry | undefined {
    const start = line.lastIndexOf(opening);
    if (start >= 0) {
      this.seen = true;
      this.open = { number, raw: line, text: '', lines: 0 };
      return this.close(line.slice(start + opening.length), line);
    }
    if (this.open?.raw.includes(opening)) return this.close(line, line);
    return this.plain(line, number);
  }

  private close(part: string, line: string): CmEntry | undefined {
    const { open } = this;
    if (!open) return undefined;
    const end = part.indexOf(closing);
    open.text =
      open.text === ''
        ? part.slice(0, end < 0 ? undefined : end)
        : `${open.text}\n${part.slice(0, end < 0 ? undefined : end)}`;
    if (end < 0) {
      // A text that never ends costs only itself.
      if (open.lines++ > readerBounds.maxTextLines) this.open = undefined;
      return undefined;
    }
    this.open = undefined;
    const attributes = line.slice(line.indexOf(closing) + closing.length);
    return { number: open.number, raw: open.raw, text: open.text, ...attributesOf(attributes) };
  }

  private plain(line: string, number: number): CmEntry | undefined {
    const setup = setupHead.exec(line);
    if (setup) return setupEntry(setup, number);
    const component = this.seen ? undefined : componentOf(line);
    if (component !== undefined && !serverTail.test(line) && !viewerTail.test(line))
      return { number, raw: line, text: line, component, time: undefined, zone: undefined, level: undefined };
    const server = serverTail.exec(line);
    const viewer = server ? null : viewerTail.exec(line);
    const before = this.open;
    if (!server && !viewer) {
      this.open = before
        ? {
            ...before,
            text: before.lines < readerBounds.maxTextLines ? `${before.text}\n${line}` : before.text,
            lines: before.lines + 1,
          }
        : { number, raw: line, text: line, lines: 0 };
      return undefined;
    }
    this.open = undefined;
    this.seen = true;
    const own = server ? line.slice(0, server.index) : textBefore(line, viewer as RegExpExecArray);
    const text = before && before.text.trim() !== '' ? `${before.text}\n${own}` : own;
    const head = before && before.text.trim() !== '' ? { number: before.number, raw: line } : { number, raw: line };
    const time = server ? serverTime(server) : viewerTime(viewer as RegExpExecArray);
    return { ...head, text: text.replace(/~+\s*$/, '').replaceAll('~~', '\n'), level: undefined, ...time };
  }
}

function setupEntry(
  [raw, month, day, year, hour, minute, second, text = '']: RegExpExecArray,
  number: number,
): CmEntry {
  const time = timeOf([year, month, day, hour, minute, second, '0'], undefined);
  return { number, raw, text, component: 'SUPSetup', level: undefined, ...time };
}

/** If the tabs were lost, the text ends in the component: "… = 0x80244022.WUAHandler". */
function textBefore(line: string, [, text = '', glued = '']: RegExpExecArray): string {
  if (!glued.includes('.')) return text;
  return line.slice(0, line.indexOf(glued, text.length) + glued.lastIndexOf('.'));
}

function attributesOf(text: string): Pick<CmEntry, 'component' | 'time' | 'zone' | 'level'> {
  const value = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1] ?? '';
  const [, hour, minute, second, ms = '0', bias] =
    /^(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,3})\d*)?([+-]\d{1,4})?/.exec(value('time')) ?? [];
  const [, month, day, year] = /^(\d{1,2})-(\d{1,2})-(\d{4})$/.exec(value('date')) ?? [];
  const type = value('type');
  const level = type === '3' ? 'error' : type === '2' ? 'warning' : type === '' ? undefined : 'information';
  return { component: value('component'), level, ...timeOf([year, month, day, hour, minute, second, ms], bias) };
}

function serverTime(found: RegExpExecArray): Pick<CmEntry, 'component' | 'time' | 'zone'> {
  const [, component = '', month, day, year, hour, minute, second, ms = '0', bias] = found;
  return { component, ...timeOf([year, month, day, hour, minute, second, ms], bias) };
}

function viewerTime(found: RegExpExecArray): Pick<CmEntry, 'component' | 'time' | 'zone'> {
  const [, , glued = '', first, second, third, hours, minute, seconds, half] = found;
  const isYearFirst = (first ?? '').length === 4;
  const dayFirst = Number(first) > 12 || /\d\.\d+\.\d/.test(found[0].slice(found[0].lastIndexOf(glued)));
  const [month, day] = dayFirst ? [second, first] : [first, second];
  const hour = half === undefined ? Number(hours) : (Number(hours) % 12) + (half === 'P' ? 12 : 0);
  const date = isYearFirst ? [first, second, third] : [third, month, day];
  const component = glued.split('.').at(-1) ?? glued;
  return { component, ...timeOf([...date, `${hour}`, minute, seconds, '0'], undefined) };
}

/** Local time. The bias, in minutes, added to it gives UTC. */
function timeOf(parts: readonly (string | undefined)[], bias: string | undefined): Pick<CmEntry, 'time' | 'zone'> {
  const [year = Number.NaN, month = 0, day, hour, minute, second, ms] = parts.map((part) => Number(part ?? Number.NaN));
  const written = Date.UTC(year, month - 1, day, hour, minute, second, ms);
  if (Number.isNaN(written)) return { time: undefined, zone: undefined };
  if (bias === undefined) return { time: written, zone: 'written' };
  return { time: written + Number(bias) * 60_000, zone: 'utc' };
}
