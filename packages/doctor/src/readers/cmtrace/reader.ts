// Logs of Configuration Manager, clients' and site servers', in each of their forms.
import type { LogEvent, Stage } from '../../story/event.ts';
import type { LogFile, LogReader, OpenLog } from '../../story/reader.ts';
import { eventByRule, type Line, unknownEvent } from '../line-rule.ts';
import { saysFailed } from '../words/failed.ts';
import { configurationClientRules } from './client-rules.ts';
import { type CmEntry, CmLines, hasCmEntries } from './lines.ts';
import { configurationServerRules } from './server-rules.ts';

export const cmTraceReader: LogReader = {
  kind: 'configuration-manager',
  title: 'log of Configuration Manager',
  recognises: ({ text }) => hasCmEntries(text),
  sample: {
    name: 'PC7/WUAHandler.log',
    healthy: written('WUAHandler', 1, 'Successfully completed scan.'),
    errors: [
      written('WUAHandler', 3, 'The frobnicator broke down.'),
      written('Frobnicator', 3, 'Frobnicated with 0x8feedbee.'),
      written('UpdatesHandler', 2, 'Frobnicating failed.'),
    ],
  },
  open: (file) => new ConfigurationLog(file),
};

function written(component: string, type: number, text: string): string {
  const place = `time="10:00:00.000+000" date="08-19-2026" component="${component}" context="" type="${type}"`;
  return `<![LOG[${text}]LOG]!><${place} thread="4120" file="x.cpp:1">\r\n`;
}

const serverComponents =
  /^SMS_|^(?:wsyncmgr|WSyncAct|WCM|WSUSCtrl|SUPSetup|SMSWSUSSetup|SMSSUPSetup|PatchDownloader|Software Updates Patch Downloader)/i;

const stages: readonly (readonly [RegExp, Stage])[] = [
  [/^(?:WUAHandler|ScanAgent|SmsWusHandler)/i, 'detection'],
  [/^(?:UpdatesDeployment|UpdatesHandler|UpdatesStore|CIAgent|AppEnforce|execmgr|wuahandler)/i, 'installation'],
  [/^(?:ContentTransfer|DataTransfer|ContentAccess|CAS$|FileBITS|PatchDownloader|Software Updates Patch)/i, 'download'],
  [/^(?:StateMessage|StatusAgent|CcmMessaging)/i, 'reporting'],
  [/^(?:LocationServices|ClientLocation|PolicyAgent|PolicyEvaluator|ClientIDManager)/i, 'policy'],
  [/SYNC|wsync/i, 'server-sync'],
  [/^(?:SMS_WSUS|WCM|WSUSCtrl|SUPSetup|SMSWSUSSetup|SMSSUPSetup)/i, 'server-setup'],
];

/** The words that the rules search in lines of information. */
const interesting =
  /fail|unable|error|overwritten|polic|already set|async|succe|complete|location|CCMHTTP|WINHTTP|window|distribution|ciState|empty|0x[8c]\w{7}|sync|categor|version|prereq|config|uss|denied|refused/i;

class ConfigurationLog implements OpenLog {
  private readonly file: LogFile;
  private readonly lines = new CmLines();

  constructor(file: LogFile) {
    this.file = file;
  }

  line(text: string, number: number): readonly LogEvent[] {
    // Most lines inform of work that goes well, and are whole: they are passed over as they are.
    if (text.startsWith('<![LOG[') && text.includes('type="1" ') && !interesting.test(text) && text.includes(']LOG]!>'))
      return nothing;
    const entry = this.lines.take(text, number);
    if (!entry) return nothing;
    const event = judge(this.toLine(entry), entry.level);
    return event ? [event] : nothing;
  }

  private toLine(entry: CmEntry): Line {
    const { component, number, raw, time, zone, text } = entry;
    const side = serverComponents.test(component) ? 'server' : 'client';
    const level = entry.level ?? levelInWords(text);
    const source = { kind: 'configuration-manager', file: this.file.path, side, component } as const;
    return { source, number, raw, time, zone, from: component, text, level };
  }
}

const nothing: readonly LogEvent[] = [];

/** Logs of servers have no column for it. Their status messages name one, other lines say it in words. */
function levelInWords(text: string): Line['level'] {
  const severity = /\bSTATMSG: .*?\bSEV=([EWI])\b/.exec(text)?.[1];
  if (severity) return severity === 'E' ? 'error' : severity === 'W' ? 'warning' : 'information';
  return saysFailed(text) ? 'error' : 'information';
}

function judge(line: Line, written: Line['level']): LogEvent | undefined {
  const rules = line.source.side === 'server' ? configurationServerRules : configurationClientRules;
  const known = eventByRule(line, rules);
  // A line that its log calls information may name a code without having failed.
  const only = known?.outcome === 'failed' && written === 'information' && !saysFailed(line.text);
  if (known && !only) return known;
  if (line.level === 'error') return unknownEvent(line, stageOf(line.from), written ? 'failed' : 'warned');
  return line.level === 'warning' && saysFailed(line.text)
    ? unknownEvent(line, stageOf(line.from), 'failed')
    : undefined;
}

function stageOf(component: string): Stage {
  return stages.find(([pattern]) => pattern.test(component))?.[1] ?? 'other';
}
