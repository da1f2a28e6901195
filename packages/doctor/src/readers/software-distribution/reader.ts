// SoftwareDistribution.log and Change.log of a WSUS server: time in UTC, level, process and thread, class and method,
// text. Stack traces, and messages of several lines, continue the entry before them.
import { clientLogBounds } from '../../bounds.ts';
import { readerBounds } from '../../input-bounds.ts';
import type { LogEvent, Stage } from '../../story/event.ts';
import type { LogFile, LogHead, LogReader, OpenLog } from '../../story/reader.ts';
import { parseStamp } from '../../text/stamp.ts';
import { eventByRule, eventOf, type Line, unknownEvent } from '../line-rule.ts';
import { saysFailed } from '../words/failed.ts';
import { ownCheckEvent, wsusEvent } from './health-events.ts';
import { serverRules } from './rules.ts';
import { soapEvent } from './soap.ts';

const entry =
  /^\uFEFF?\W{0,3}(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}[ T\t]+\d{1,2}[:.]\d{2}[:.]\d{2}(?:[.,:]\d{1,7})?)(?:\s*UTC|Z)[\t ]+(Info|Information|Change|Warning|Error|Debug|Verbose|Fatal|Critical|ThreadEntry)[\t ]+(\S+)[\t ]+(\S+)(?:[\t ]+(.*))?$/i;

/** The same as it is quoted: without its time. */
const quoted =
  /^\W{0,3}()(Info|Change|Warning|Error)[\t ]+((?:w3wp|WsusService|wsusutil|mmc|UpdateServices|<Unknown>)\.\d+)[\t ]+(\S+\.\S+)(?:[\t ]+(.*))?$/i;

export const softwareDistributionReader: LogReader = {
  kind: 'software-distribution-log',
  title: 'SoftwareDistribution.log of a WSUS server',
  recognises: ({ text }: LogHead) =>
    text.split(/\r?\n/, 200).some((line) => {
      const [, , , process = '', method = ''] = entry.exec(line) ?? quoted.exec(line) ?? [];
      return /\.\d+$|^[\w.]+$/.test(process) && /[a-z]\w*\.{1,2}\w|ThreadEntry/i.test(method);
    }),
  sample: {
    name: 'SoftwareDistribution.log',
    healthy: written(
      'Info',
      'EventLogEventReporter.ReportEvent',
      'EventId=384,Type=Information,Category=Synchronization,Message=Synchronization completed successfully.',
    ),
    errors: [
      written('Error', 'Frobnicator.Frobnicate', 'The frobnicator broke down'),
      written('Error', 'Frobnicator.Frobnicate', 'Stopped with 0x8feedbee'),
      written('Warning', 'Frobnicator.Frobnicate', 'Frobnicating failed'),
      written(
        'Info',
        'EventLogEventReporter.ReportEvent',
        'EventId=19999,Type=Error,Category=Frobnication,Message=It is broken.',
      ),
    ],
  },
  open: (file) => new ServerLog(file),
};

function written(level: string, method: string, text: string): string {
  return `2026-01-16 18:53:56.168 UTC\t${level}\tWsusService.15\t${method}\t${text}\r\n`;
}

class ServerLog implements OpenLog {
  private readonly file: LogFile;
  private pending: (Line & { continued: number }) | undefined;
  private seen = false;

  constructor(file: LogFile) {
    this.file = file;
  }

  line(text: string, number: number): readonly LogEvent[] {
    const found = entry.exec(text) ?? quoted.exec(text);
    if (!found) {
      this.continue(text);
      return nothing;
    }
    const events = this.end();
    this.pending = this.begin(found, text, number);
    return events;
  }

  end(): readonly LogEvent[] {
    const { pending } = this;
    this.pending = undefined;
    return pending ? eventsOf(pending) : nothing;
  }

  private begin(found: RegExpExecArray, raw: string, number: number): ServerLog['pending'] {
    const [, stamp = '', word = '', process = '', method = '', text = ''] = found;
    const level = levelOf(word);
    // Most lines tell of work that goes well.
    const isPlain = level === 'information' && !/EventId=|fail|exception|error|constructor/i.test(text);
    if (isPlain && this.seen) return undefined;
    this.seen = true;
    return {
      source: {
        kind: 'software-distribution-log',
        file: this.file.path,
        side: 'server',
        component: `${process} ${method}`,
      },
      number,
      raw,
      time: stamp === '' ? undefined : parseStamp(`${stamp} UTC`)?.at,
      zone: 'utc',
      from: method,
      text,
      level,
      continued: 0,
    };
  }

  private continue(text: string): void {
    const { pending } = this;
    if (!pending || text === '' || pending.continued++ > readerBounds.maxContinued) return;
    pending.text = `${pending.text}\n${text.slice(0, clientLogBounds.maxLine)}`;
  }
}

const nothing: readonly LogEvent[] = [];

function levelOf(word: string): LogEvent['level'] {
  if (/^(?:error|fatal|critical)$/i.test(word)) return 'error';
  return /^warning$/i.test(word) ? 'warning' : 'information';
}

function eventsOf(line: Line): readonly LogEvent[] {
  const mirrored = /\bEventId=(\d+)(?:,\s*Type=(\w+))?(?:,\s*Category=[^,]*)?(?:,\s*Message=([\s\S]*))?/.exec(
    line.text,
  );
  if (mirrored) {
    const [, id, type = '', message = ''] = mirrored;
    // Some servers leave the message out. The number says the same.
    const level = /^(?:error|failure)/i.test(type) ? 'error' : /^warning/i.test(type) ? 'warning' : 'information';
    return wsusEvent({ ...line, text: message || line.text, level }, Number(id));
  }
  const soap = soapEvent(line);
  if (soap) return [soap];
  const check = ownCheckEvent(line);
  if (check) return [check];
  const known = eventByRule(line, serverRules);
  if (known && (line.level !== 'information' || !isOnlyWords(known))) return [known];
  if (line.level === 'error') return [unknownEvent(line, stageOf(line.from), 'failed')];
  if (line.level === 'warning' && saysFailed(line.text)) return [unknownEvent(line, stageOf(line.from), 'failed')];
  return [eventOf(line, { stage: stageOf(line.from), outcome: 'noted' })];
}

/** A name in a line of level Info is not a trouble. The check of certificates writes nothing higher. */
function isOnlyWords({ rule }: LogEvent): boolean {
  return rule !== 'wsus-signer-expired' && rule !== 'wsus-signature-refused';
}

const stages: readonly (readonly [RegExp, Stage])[] = [
  [
    /CatalogSync|ServerSync|WebServiceCommunication|Subscription|DssAuth|Rollup|DataSync|ConfigurationSync/i,
    'server-sync',
  ],
  [/ContentSync|CabUtil|FileUtil/i, 'download'],
  [/Reporting|EventDispatch|ReportEvent/i, 'reporting'],
  [/DataAccess|DBConnection|Database|SqlC/i, 'database'],
  [/Soap|WebService|Client|SimpleAuth|ApiRemoting|^Hmt/i, 'web-service'],
];

function stageOf(method: string): Stage {
  return stages.find(([pattern]) => pattern.test(method))?.[1] ?? 'other';
}
