// Events as labelled lines: Event Viewer's "copy as text", wevtutil /f:text, PowerShell's lists. Labels are in the
// language of the machine, so events are told by position: provider, date, number (Event Viewer since Vista and
// wevtutil), or type, source, category, number (before). PowerShell's property names are the same everywhere.
import { readerBounds } from '../../input-bounds.ts';
import { levelOf, timeOf, type WindowsEvent } from './event.ts';

interface Label {
  name: string;
  value: string;
}

const label = /^[>\s]*([^:：]{1,48}?)[ \t\u00a0\u202f]*[:：]\s*(.*?)\s*$/;
const dateLike = /\d{1,4}[-./]\s?\d{1,2}[-./]\s?\d{1,4}|\d{4}年/;
type Open = { -readonly [Key in keyof WindowsEvent]: WindowsEvent[Key] };

/** Takes lines and gives an event when the next one begins. */
export class BlockForm {
  private readonly labels: Label[] = [];
  private open: Open | undefined;
  /** Labelled lines since the number: task, level, keywords, user, computer. */
  private after = 0;
  private inText = false;
  private record: Record<string, string> = {};
  private recordLine: WindowsEvent['line'] | undefined;
  private lastKey = '';

  /** The events that end with this line. */
  take(line: string, number: number): WindowsEvent[] {
    const found = label.exec(line);
    const name = found?.[1]?.trim() ?? '';
    // French labels have a blank before their colon, too: "Source :" follows the name of its log there.
    const isProperty = powerShell.test(name) && /^\w+\s+:(?: \S| ?$)/.test(line) && this.labels.length === 0;
    if (found && isProperty) return this.takeProperty(name, found[2] ?? '', line, number);
    if (this.lastKey !== '' && /^\s{6,}\S/.test(line)) {
      this.record[this.lastKey] = `${this.record[this.lastKey]} ${line.trim()}`.slice(0, readerBounds.maxEventText);
      return [];
    }
    if (this.lastKey !== '' && line.trim() === '') this.lastKey = '';
    if (!found) {
      if (this.open) this.addText(line);
      // "Event[0]:" and blank lines may be between. Other text ends a row of labels.
      else if (line.trim() !== '') this.labels.length = 0;
      return [];
    }
    this.labels.push({ name, value: found[2] ?? '' });
    if (this.labels.length > 6) this.labels.shift();
    return this.takeLabel(line, number);
  }

  end(): WindowsEvent[] {
    const record = this.flushRecord();
    const last = this.close();
    return [...record, ...last];
  }

  private takeLabel(line: string, number: number): WindowsEvent[] {
    const [fourth, third, second, first] = this.labels.slice(-4).reverse();
    const id = /^\d{1,5}$/.test(fourth?.value ?? '') ? Number(fourth?.value) : undefined;
    if (id !== undefined && third && second?.value && dateLike.test(third.value) && !levelOf(second.value)) {
      return this.begin({ provider: second.value, id, ...timeOf(third.value), level: undefined }, line, number);
    }
    const old =
      id !== undefined && second?.value && first && levelOf(first.value) !== undefined && /\D/.test(first.value);
    if (old)
      return this.begin(
        { provider: second.value, id, time: undefined, zone: undefined, level: levelOf(first.value) },
        line,
        number,
      );
    this.detail(line, fourth);
    return [];
  }

  private begin(
    what: Pick<WindowsEvent, 'provider' | 'id' | 'time' | 'zone' | 'level'>,
    line: string,
    number: number,
  ): WindowsEvent[] {
    const done = this.close();
    const text = this.labels
      .map(({ name, value }) => `${name}: ${value}`)
      .slice(-4)
      .join(' ');
    this.open = { ...what, data: {}, values: [], text: '', line: { number, text: text || line } };
    this.after = 0;
    this.inText = false;
    this.labels.length = 0;
    return done;
  }

  /** The text behind the number: the level is a word that no other field has. */
  private detail(line: string, { value }: Label = { name: '', value: '' }): void {
    const { open } = this;
    if (!open) return;
    this.after++;
    if (open.level === undefined && this.after <= 4 && /\D/.test(value)) open.level = levelOf(value);
    if (open.time === undefined && this.after <= 2 && dateLike.test(value))
      open.time = timeOf(`${value} 00:00:00`).time;
    // The last label, for the description, has nothing behind it.
    if (this.inText) this.addText(line);
    else this.inText = value === '' && this.after >= 5;
  }

  private addText(line: string): void {
    const { open } = this;
    this.inText = true;
    if (open && open.text.length < readerBounds.maxEventText)
      open.text = `${open.text}${open.text === '' ? '' : '\n'}${line.trim()}`;
  }

  private close(): WindowsEvent[] {
    const { open } = this;
    this.open = undefined;
    if (!open) return [];
    const message = open.text.replace(/\s+/g, ' ').trim();
    return [{ ...open, line: { ...open.line, text: `${open.line.text} ${message}`.slice(0, 500) } }];
  }

  private takeProperty(name: string, value: string, line: string, number: number): WindowsEvent[] {
    const key = name.toLowerCase();
    const done = this.record[key] === undefined ? [] : this.flushRecord();
    this.recordLine ??= { number, text: line };
    this.record[key] = value;
    this.lastKey = key;
    return done;
  }

  private flushRecord(): WindowsEvent[] {
    const { record, recordLine } = this;
    this.record = {};
    this.recordLine = undefined;
    this.lastKey = '';
    const event = recordLine && eventOfProperties(record, recordLine);
    return event ? [event] : [];
  }
}

const powerShell =
  /^(?:Index|EntryType|InstanceId|EventID|Id|Message|Category|CategoryNumber|ReplacementStrings|Source|TimeGenerated|TimeWritten|UserName|MachineName|ProviderName|ProviderId|LogName|TimeCreated|LevelDisplayName|Level|RecordId|Version|Qualifiers|Task|Opcode|Keywords|ProcessId|ThreadId|UserId|RelatedActivityId|ActivityId|ContainerLog|MatchedQueryIds|Bookmark|OpcodeDisplayName|TaskDisplayName|KeywordsDisplayNames|Properties|Data|Site|Container)$/i;

/** An event of a row with PowerShell's names, in lower case. Undefined where it has no number or no provider. */
export function eventOfProperties(
  row: Readonly<Record<string, string>>,
  line: WindowsEvent['line'],
): WindowsEvent | undefined {
  const id = Number(row.id || row.eventid || row.instanceid || Number.NaN);
  const provider = row.providername || row.source || '';
  if (!Number.isInteger(id) || provider === '') return undefined;
  const text = row.message ?? '';
  const strings = (row.replacementstrings ?? '').replace(/^\{|\}$/g, '');
  return {
    provider,
    id: id & 0xffff,
    level: levelOf(row.leveldisplayname || row.entrytype || row.level || ''),
    ...timeOf(row.timecreated || row.timegenerated || row.timewritten || ''),
    data: {},
    values: strings === '' ? [] : strings.split(/, (?![^{]*\})/),
    text,
    line: { ...line, text: `${provider} ${id} ${text}`.replace(/\s+/g, ' ').slice(0, 500) },
  };
}
