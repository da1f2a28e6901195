// The meaning of the event numbers of MS-WUSP 2.2.2.3.1, and the tags of an event's MiscData.

/** The numbers that Moult itself reports, reads or decides by. The others are in the table below. */
export const eventNumbers = {
  scanSucceeded: 147,
  scanFailed: 148,
  connectionFailed: 149,
  statusOfUpdates: 156,
  downloadFailed: 161,
  downloadSucceeded: 162,
  downloadStarted: 167,
  installStarted: 181,
  installFailed: 182,
  installSucceeded: 183,
  installPendsRestart: 184,
  installCancelled: 186,
  readyToInstall: 189,
  scheduledInstallFailed: 195,
  installedAtShutdown: 197,
  installAtShutdownFailed: 198,
  uninstallFailed: 221,
  /** Windows 11 reports "installed, restart pending" under the number that once announced a self-update (captures). */
  selfUpdate: 201,
} as const;

type ReportKind = 'scan' | 'download' | 'install' | 'other';
type ReportOutcome = 'succeeded' | 'failed' | 'pending' | 'information';

interface ReportMeaning {
  kind: ReportKind;
  outcome: ReportOutcome;
  headline: string;
  /** Says little more than that a client is at work: kept for a shorter time. */
  isRoutine: boolean;
}

/** The meaning of an event. A number that was never published is described by its result code alone. */
export function describeReport(eventNumber: number, win32HResult: number): ReportMeaning {
  if (eventNumber === eventNumbers.selfUpdate && win32HResult === 0) {
    return { kind: 'other', outcome: 'pending', headline: 'Client is about to update itself', isRoutine: false };
  }
  const known = meanings.get(eventNumber);
  if (known) return known;
  const outcome = win32HResult === 0 ? 'information' : 'failed';
  return { kind: 'other', outcome, headline: `Reported event ${eventNumber}`, isRoutine: false };
}

/** The numbers of routine events. */
export function routineReports(): number[] {
  return [...meanings].filter(([, { isRoutine }]) => isRoutine).map(([number]) => number);
}

interface MiscDatum {
  tag: string;
  /** In words. '' for a tag that was never published. */
  meaning: string;
  value: string;
}

/** The `tag=value` strings of an event, in their order. A string without a tag has the tag ''. */
export function readMiscData(lines: readonly string[]): MiscDatum[] {
  return lines.map((line) => {
    const tag = /^([A-Za-z])=/.exec(line)?.[1] ?? '';
    return { tag, meaning: miscDataTags[tag] ?? '', value: tag === '' ? line : line.slice(2) };
  });
}

type Row = [number, ReportKind, ReportOutcome, string, 'routine'?];

const rows: Row[] = [
  [141, 'scan', 'pending', 'Scan started', 'routine'],
  [145, 'scan', 'pending', 'Scan is tried again', 'routine'],
  [146, 'scan', 'information', 'Scan cancelled', 'routine'],
  [147, 'scan', 'succeeded', 'Scan finished', 'routine'],
  [148, 'scan', 'failed', 'Scan failed'],
  [149, 'scan', 'failed', 'Could not connect'],
  [150, 'scan', 'information', 'Reported how well scans work', 'routine'],
  [153, 'scan', 'information', 'Reported status as old clients do', 'routine'],
  [154, 'scan', 'failed', 'Product id is not valid'],
  [156, 'scan', 'information', 'Reported the status of all updates', 'routine'],
  [157, 'scan', 'failed', 'Scan could not be prepared'],
  [158, 'scan', 'failed', 'Update service could not be registered'],
  [161, 'download', 'failed', 'Download failed'],
  [162, 'download', 'succeeded', 'Downloaded', 'routine'],
  [163, 'download', 'information', 'Download cancelled', 'routine'],
  [164, 'download', 'succeeded', 'Downloaded, in part from other computers', 'routine'],
  [165, 'download', 'pending', 'Download paused', 'routine'],
  [166, 'download', 'pending', 'Download resumed', 'routine'],
  [167, 'download', 'pending', 'Download started', 'routine'],
  [168, 'download', 'pending', 'Download waits in a queue', 'routine'],
  [169, 'download', 'pending', 'Download goes on', 'routine'],
  [170, 'download', 'pending', 'Download has come further', 'routine'],
  [181, 'install', 'pending', 'Installation started', 'routine'],
  [182, 'install', 'failed', 'Installation failed'],
  [183, 'install', 'succeeded', 'Installed'],
  [184, 'install', 'pending', 'Installed, waits for a restart'],
  [185, 'other', 'information', 'Update hidden'],
  [186, 'install', 'information', 'Installation cancelled'],
  [187, 'install', 'failed', 'Installation killed'],
  [188, 'install', 'information', 'Ready to install, at a set time', 'routine'],
  [189, 'install', 'information', 'Ready to install', 'routine'],
  [190, 'install', 'succeeded', 'Installed at the set time'],
  [191, 'install', 'pending', 'Installed at the set time, waits for a restart'],
  [192, 'install', 'failed', 'Installation at the set time killed'],
  [193, 'install', 'pending', 'Restart is needed'],
  [194, 'install', 'pending', 'Restart is planned'],
  [195, 'install', 'failed', 'Installation at the set time failed'],
  [196, 'other', 'information', 'Update no longer hidden'],
  [197, 'install', 'succeeded', 'Installed at shutdown'],
  [198, 'install', 'failed', 'Installation at shutdown failed'],
  [199, 'install', 'pending', 'Installed at shutdown, waits for a restart'],
  [200, 'install', 'failed', 'Installation at shutdown killed'],
  [eventNumbers.selfUpdate, 'install', 'pending', 'Installed, waits for a restart'],
  [202, 'install', 'succeeded', 'Restarted'],
  [203, 'install', 'succeeded', 'Installed after a restart'],
  [204, 'install', 'failed', 'Installation failed after a restart'],
  [221, 'install', 'failed', 'Uninstallation failed'],
  [222, 'install', 'succeeded', 'Uninstalled'],
  [223, 'install', 'information', 'Uninstallation cancelled'],
  [224, 'install', 'pending', 'Uninstalled, waits for a restart'],
  [225, 'install', 'failed', 'Uninstallation killed'],
  [226, 'install', 'pending', 'Uninstallation started', 'routine'],
  [521, 'install', 'pending', 'Commit started', 'routine'],
  [522, 'install', 'failed', 'Commit failed'],
  [523, 'install', 'succeeded', 'Committed'],
  [524, 'install', 'information', 'Commit cancelled'],
  [525, 'install', 'failed', 'Commit killed'],
  [541, 'install', 'failed', 'Revert failed'],
  [542, 'install', 'succeeded', 'Reverted'],
  [543, 'install', 'information', 'Revert cancelled'],
  [544, 'install', 'pending', 'Reverted, waits for a restart'],
  [545, 'install', 'failed', 'Revert killed'],
  [546, 'install', 'pending', 'Revert started', 'routine'],
];

const meanings: ReadonlyMap<number, ReportMeaning> = new Map(
  rows.map(([number, kind, outcome, headline, routine]) => [
    number,
    { kind, outcome, headline, isRoutine: routine !== undefined },
  ]),
);

const miscDataTags: Readonly<Record<string, string>> = {
  A: 'service pack build of the operating system',
  B: 'bytes downloaded',
  C: 'failures in a row',
  D: 'number of updates that apply',
  F: 'second error',
  G: 'version of the client',
  J: 'sampling value',
  K: 'BIOS name',
  L: 'BIOS release date',
  Q: 'about a bundle (2) or not (1)',
  S: 'version that the client updates itself to',
  U: 'updates that can be installed',
  V: 'updates that are installed',
  W: 'updates that are installed and wait for a restart',
  X: 'Windows Installer action',
  Y: 'Windows Installer transaction',
  Z: 'Windows Installer product code',
  a: 'name of the self-update package',
  c: 'product type of the operating system',
  f: 'Windows Installer extended error',
  g: 'updates that failed',
  h: 'updates that are downloaded',
};
