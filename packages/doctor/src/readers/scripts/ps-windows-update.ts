// The output and the log of the PowerShell module PSWindowsUpdate: its table of updates with their results, and the
// errors of its commands.
import { publishedCodes as hr } from '@moult/protocol/hresult';
import type { LogEvent, Stage } from '../../story/event.ts';
import type { LogFile, LogHead, LogReader, OpenLog } from '../../story/reader.ts';
import { parseStamp } from '../../text/stamp.ts';
import { eventOf, type Line, unknownEvent } from '../line-rule.ts';
import { saysFailed } from '../words/failed.ts';
import { codesIn } from '../words/failure.ts';

const cmdlet =
  /\b(?:Get|Install|Download|Hide|Remove|Add)-(?:WindowsUpdate|WUInstall(?:er)?|WUList|WUServiceManager|WUHistory)\b|\bGet-WUInstall\b/i;
const header = /^\s*(?:X\s+)?ComputerName\s+(?:Result|Status)\s+KB\s+Size\s+Title/i;
const row =
  /^\s*(?:[1-9]\s+)?(?<computer>[\w.-]{1,63})\s+(?<result>Accepted|Downloaded|Installed|Failed|Rejected|Aborted|InstalledWithErrors|SucceededWithErrors|NotStarted)\s+(?:(?<kb>KB\d{5,8})\s+)?(?:[\d.,]+ ?[KMG]?B\s+)?(?<title>.*)$/i;

export const psWindowsUpdateReader: LogReader = {
  kind: 'ps-windows-update',
  title: 'log of PSWindowsUpdate',
  recognises: ({ text }: LogHead) =>
    text.split(/\r?\n/, 200).some((line) => cmdlet.test(line) || header.test(line) || /PSWindowsUpdate/i.test(line)),
  sample: {
    name: 'PC7/PSWindowsUpdate.log',
    healthy:
      'X ComputerName Result     KB          Size Title\r\n1 PC7          Installed  KB5000001   3MB  2026-01 Cumulative Update\r\n',
    errors: [
      'Install-WindowsUpdate : The frobnicator failed\r\n',
      'Get-WindowsUpdate : Exception from HRESULT: 0x8FEEDBEE\r\n',
      '2 PC7          Failed     KB5000002   3MB  2026-02 Frobnication\r\n',
    ],
  },
  open: (file) => new PsWindowsUpdateLog(file),
};

/** Codes of the way to the server: whatever command met them, its scan failed. */
function isOfScan(code: number): boolean {
  return (
    code >>> 12 === 0x80072 ||
    code >>> 12 === 0x80244 ||
    (code >= hr.WU_E_PT_CATALOG_SYNC_REQUIRED && code <= hr.WU_E_PT_SECURITY_SYSTEM_FAILURE)
  );
}

class PsWindowsUpdateLog implements OpenLog {
  private readonly file: LogFile;
  private stage: Stage = 'detection';

  constructor(file: LogFile) {
    this.file = file;
  }

  line(text: string, number: number): readonly LogEvent[] {
    const stamp = parseStamp(text);
    const message = (stamp ? text.slice(stamp.length) : text).trim();
    if (message === '' || header.test(message)) return [];
    const codes = codesIn(message);
    const line: Line = {
      source: { kind: 'ps-windows-update', file: this.file.path, side: 'client' },
      number,
      raw: text,
      time: stamp?.at,
      zone: stamp?.zone,
      from: '',
      text: message,
      level: codes.length > 0 || saysFailed(message) ? 'error' : 'information',
    };
    return this.rowEvents(line) ?? this.wordEvents(line, codes[0]);
  }

  private rowEvents(line: Line): LogEvent[] | undefined {
    const groups = row.exec(line.text)?.groups;
    if (!groups) return undefined;
    const { result = '', kb, title } = groups;
    const named = { groups: { updateId: kb?.toUpperCase() ?? title, file: kb ?? title } };
    // Of a choice of updates nothing follows but that the scan went well.
    if (/^(?:Accepted|Rejected|NotStarted)$/i.test(result)) {
      this.stage = 'download';
      return [eventOf({ ...line, level: 'information' }, { id: 'ps-found', stage: 'detection', outcome: 'succeeded' })];
    }
    const plain = { ...line, level: 'information' } as const;
    if (/^Downloaded$/i.test(result)) {
      this.stage = 'installation';
      return [eventOf(plain, { id: 'ps-downloaded', stage: 'download', outcome: 'succeeded' }, named)];
    }
    if (/^Installed$/i.test(result))
      return [eventOf(plain, { id: 'ps-installed', stage: 'installation', outcome: 'succeeded' }, named)];
    const code = codesIn(line.text)[0];
    const stage = this.stage === 'detection' ? 'installation' : this.stage;
    const finding =
      code === undefined ? (stage === 'download' ? 'DOCTOR_DOWNLOAD_FAILED' : 'DOCTOR_INSTALL_FAILED') : undefined;
    return [
      eventOf({ ...line, level: 'error' }, { id: 'ps-failed', stage, outcome: 'failed' }, { ...named, code, finding }),
    ];
  }

  private wordEvents(line: Line, code: number | undefined): LogEvent[] {
    const { text } = line;
    if (/\b(?:Get-WindowsUpdate|Get-WUList|Get-WUInstall)\b|Connecting to .*server/i.test(text))
      this.stage = 'detection';
    else if (/\bInstall-(?:WindowsUpdate|WUInstall)/i.test(text)) this.stage = 'installation';
    if (line.level === 'error') {
      // PowerShell repeats what it said first: place, category, id of the error.
      if (code === undefined && /^(?:At |\+|~|In Zeile|Au caractère|CategoryInfo|FullyQualifiedErrorId)/i.test(text))
        return [];
      const stage = code !== undefined && isOfScan(code) ? 'detection' : this.stage;
      return [unknownEvent(line, stage, 'failed')];
    }
    const found = /Found \[?(?<found>\d+)\]? Updates/i.exec(text);
    if (found)
      return [eventOf(line, { id: 'ps-found', stage: 'detection', outcome: 'succeeded' }, { groups: found.groups })];
    return [];
  }
}
