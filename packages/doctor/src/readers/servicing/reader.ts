// The logs of Windows servicing and set-up. All have one form: "date time, Level   Component   text".
import type { LogEvent } from '../../story/event.ts';
import type { LogFile, LogHead, LogReader, OpenLog } from '../../story/reader.ts';
import { parseStamp } from '../../text/stamp.ts';
import { eventByRule, type Line, unknownEvent } from '../line-rule.ts';
import { codesIn } from '../words/failure.ts';
import { servicingRules } from './rules.ts';

const entry =
  /^\uFEFF?(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:[.:]\d{3})?), (Info|Warning|Error|Fatal(?: Error)?|Perf|Debug)\s+(?:\[0x[0-9a-f]+\]\s*)?\[?([A-Za-z][\w.]*)?\]?\s*(.*)$/i;

/** How an operation ended. Other errors are met on the way. */
const outcome =
  /\b(?:returned|finali[sz]ed|exit code|Operation result|Result\s*=|processing complete|HRESULT=|failed\. ?HRESULT|command line but failed|Install(?:ation)? failed|Doqe:|SetupHost|Overall)\b/i;

export const servicingReader: LogReader = {
  kind: 'dism-log',
  title: 'log of Windows servicing or set-up',
  recognises: ({ text }: LogHead) => text.split(/\r?\n/, 100).some((line) => entry.test(line)),
  sample: {
    name: 'PC7/CBS.log',
    healthy:
      '2026-01-10 10:11:12, Info                  CBS    Exec: Processing complete.  Session: 1, Package: A, hr: 0x0 [HRESULT = 0x00000000 - S_OK]\r\n',
    errors: [
      '2026-01-10 10:12:12, Error                 CBS    The frobnicator broke down\r\n',
      '2026-01-10 10:12:12, Error                 DISM   Frobnicator: PID=1 TID=2 Frobnicating failed. (hr:0x8feedbee)\r\n',
      '2026-01-10 10:12:12, Fatal                 SP     Frobnicated\r\n',
    ],
  },
  open: (file) => new ServicingLog(file),
};

class ServicingLog implements OpenLog {
  private readonly file: LogFile;
  private readonly isSetup: boolean;

  constructor(file: LogFile) {
    this.file = file;
    this.isSetup = /setup(?:act|err)|panther/i.test(file.path);
  }

  line(text: string, number: number): readonly LogEvent[] {
    // Nearly all lines only inform. Few of them name a result.
    const isInfo = text.startsWith('Info', 21);
    if (isInfo && !/HRESULT|result|exit code|orrupt|HardBlock|0x[8c]\w{7}/i.test(text)) return nothing;
    const found = entry.exec(text);
    if (!found) return nothing;
    const [, stamp = '', word = '', component = '', message = ''] = found;
    const level = /^(?:error|fatal)/i.test(word) ? 'error' : /^warning/i.test(word) ? 'warning' : 'information';
    const source = {
      kind: this.isSetup ? 'setup-log' : 'dism-log',
      file: this.file.path,
      side: 'client',
      component,
    } as const;
    const time = parseStamp(stamp)?.at;
    const event = judge({ source, number, raw: text, time, zone: 'written', from: component, text: message, level });
    return event ? [event] : nothing;
  }
}

const nothing: readonly LogEvent[] = [];

function judge(line: Line): LogEvent | undefined {
  const known = eventByRule(line, servicingRules);
  if (known?.outcome === 'succeeded') return known;
  const decides = outcome.test(line.text) || line.level === 'error';
  if (known) return decides ? known : { ...known, outcome: 'warned' };
  if (line.level === 'error') return unknownEvent(line, 'installation', 'failed');
  if (codesIn(line.text).length > 0 && (line.level === 'warning' || outcome.test(line.text)))
    return unknownEvent(line, 'installation', outcome.test(line.text) ? 'failed' : 'warned');
  return undefined;
}
