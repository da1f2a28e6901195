// The log of Ansible's win_updates ("2017-06-08 11:29:34Z Create Windows Update searcher…"), and what a play prints of
// it.
import type { LogEvent, Stage } from '../../story/event.ts';
import type { LogFile, LogHead, LogReader, OpenLog } from '../../story/reader.ts';
import { parseStamp } from '../../text/stamp.ts';
import { eventOf, type Line, unknownEvent } from '../line-rule.ts';
import { saysFailed } from '../words/failed.ts';
import { codesIn } from '../words/failure.ts';

const own =
  /Creat(?:e|ing) Windows Update (?:searcher|session|download|install)|Searching for updates to install|Search criteria: |win_updates|failed_update_count|(?:Creating|Create) update collection|filtered_updates/i;

export const ansibleReader: LogReader = {
  kind: 'ansible',
  title: "log of Ansible's win_updates",
  recognises: ({ text }: LogHead) => text.split(/\r?\n/, 200).some((line) => own.test(line)),
  sample: {
    name: 'PC7/win_updates.log',
    healthy:
      '2026-06-08 11:29:34Z Searching for updates to install in category IDs x...\r\n2026-06-08 11:29:44Z Found 0 updates\r\n',
    errors: [
      '2026-06-08 11:29:54Z Fatal exception: the frobnicator broke down\r\n',
      '2026-06-08 11:29:54Z Exception from HRESULT: 0x8FEEDBEE\r\n',
    ],
  },
  open: (file) => new AnsibleLog(file),
};

class AnsibleLog implements OpenLog {
  private readonly file: LogFile;
  /** The current task of the module. Each step says so before it begins. */
  private stage: Stage = 'detection';

  constructor(file: LogFile) {
    this.file = file;
  }

  line(text: string, number: number): readonly LogEvent[] {
    if (text.trim() === '') return [];
    const stamp = parseStamp(text);
    const message = stamp ? text.slice(stamp.length).trim() : text.trim();
    const level = saysFailed(message) || codesIn(message).length > 0 ? 'error' : 'information';
    const line: Line = {
      source: { kind: 'ansible', file: this.file.path, side: 'client' },
      number,
      raw: text,
      time: stamp?.at,
      zone: stamp?.zone,
      from: '',
      text: message,
      level,
    };
    const event = this.judge(line);
    return event ? [event] : [];
  }

  private judge(line: Line): LogEvent | undefined {
    const { text } = line;
    // The output of a play holds settings and counts beside the message. The message says what failed.
    if (line.level === 'error') {
      const isOfSearch =
        /search/i.test(text) && !/download|install(?:ing|ation)/i.test(text.replace(/to install|IsInstalled/gi, ''));
      return unknownEvent(line, isOfSearch ? 'detection' : this.stage, 'failed');
    }
    if (/^(?:Create Windows Update searcher|Creating Windows Update session|Searching for updates)/i.test(text)) {
      this.stage = 'detection';
      return /^Searching/i.test(text)
        ? eventOf(line, { id: 'ansible-search', stage: 'detection', outcome: 'began' })
        : undefined;
    }
    const found = /^Found (?<found>\d+) updates/i.exec(text);
    if (found) {
      this.stage = 'download';
      return eventOf(
        line,
        { id: 'ansible-found', stage: 'detection', outcome: 'succeeded', milestone: 'scan well' },
        { groups: found.groups },
      );
    }
    if (/^(?:Downloading|Creat(?:e|ing) .*downloader|Starting download)/i.test(text)) this.stage = 'download';
    if (/^(?:Installing|Creat(?:e|ing) .*installer|Starting install)/i.test(text)) this.stage = 'installation';
    if (/^Installation of updates completed|successfully installed|^Update .* installed/i.test(text))
      return eventOf(line, {
        id: 'ansible-installed',
        stage: 'installation',
        outcome: 'succeeded',
        alsoWell: ['download'],
      });
    return undefined;
  }
}
