// WindowsUpdate.log of a machine that scans many times a day, for years: the texts are those that agents write,
// with ids, addresses and times of their own. Each fifth scan fails at the self-update check, as behind a broken server.
import { closeSync, openSync, writeSync } from 'node:fs';

const server = 'http://wsus.corp.example:8530';
const managed = '{3DA21691-E39D-4DA6-8A4B-B43877BCB1B7}';
const package6 = 'WUClient-SelfUpdate-Core~31bf3856ad364e35~x86~~7.6.7600.256';

/** Writes `sizeBytes` of log, with a byte order mark where it is UTF-16. */
export function writeClientLog(path: string, sizeBytes: number, encoding: 'utf8' | 'utf16le'): void {
  const file = openSync(path, 'w');
  let size = encoding === 'utf16le' ? writeSync(file, Buffer.from([0xff, 0xfe])) : 0;
  for (let scan = 0; size < sizeBytes; ) {
    const texts = Array.from({ length: 1000 }, () => scanAt(scan++));
    size += writeSync(file, Buffer.from(texts.join(''), encoding));
  }
  closeSync(file);
}

function scanAt(scan: number): string {
  const lines = [...begin(scan), ...(scan % 5 === 4 ? failed() : searched(scan))];
  const start = Date.UTC(2009, 4, 25, 10, 20, 33) + scan * 3_600_000;
  return lines
    .map((line, index) => {
      const cut = line.indexOf('|');
      const at = new Date(start + index * 137).toISOString();
      const ids = `${1000 + (scan % 7)}\t${(0x1a4 + (scan % 97)).toString(16).padStart(4)}`;
      const stamp = `${at.slice(0, 10)}\t${at.slice(11, 19)}:${at.slice(20, 23)}`;
      return `${stamp}\t${ids}\t${line.slice(0, cut)}\t${line.slice(cut + 1)}\r\n`;
    })
    .join('');
}

/** As good as random, the same in each run. */
function guid(number: number): string {
  const part = (salt: number) =>
    (Math.imul(number ^ salt, 2654435761) >>> 0).toString(16).toUpperCase().padStart(8, '0');
  const all = `${part(1)}${part(77)}${part(4711)}${part(90001)}`;
  return `{${all.slice(0, 8)}-${all.slice(8, 12)}-${all.slice(12, 16)}-${all.slice(16, 20)}-${all.slice(20)}}`;
}

function begin(scan: number): string[] {
  return [
    'AU|#############',
    'AU|## START ##  AU: Search for updates',
    'AU|#########',
    `AU|<<## SUBMITTED ## AU: Search for updates [CallId = ${guid(scan)}]`,
    'Agent|*************',
    'Agent|** START **  Agent: Finding updates [CallerId = AutomaticUpdates]',
    'Agent|*********',
    'Agent|  * Online = Yes; Ignore download priority = No',
    `Agent|  * Criteria = "IsInstalled=0 and DeploymentAction='Installation' or IsPresent=1 and DeploymentAction='Uninstallation'"`,
    `Agent|  * ServiceID = ${managed} Managed`,
    'Agent|  * Search Scope = {Machine}',
    'Setup|Checking for agent SelfUpdate',
    'Setup|Client version: Core: 7.6.7600.256  Aux: 7.6.7600.256',
  ];
}

function failed(): string[] {
  return [
    'Misc|WARNING: Send failed with hr = 80072ee2.',
    'Misc|WARNING: SendRequest failed with hr = 80072ee2. Proxy List used: <(null)> Bypass List used : <(null)> Auth Schemes used : <>',
    `Misc|WARNING: WinHttp: SendRequestUsingProxy failed for <${server}/selfupdate/wuident.cab>. error 0x80072ee2`,
    'Misc|WARNING: WinHttp: SendRequestToServerForFileInformation MakeRequest failed. error 0x80072ee2',
    'Misc|WARNING: WinHttp: SendRequestToServerForFileInformation failed with 0x80072ee2',
    'Misc|WARNING: WinHttp: ShouldFileBeDownloaded failed with 0x80072ee2',
    `Misc|WARNING: DownloadFileInternal failed for ${server}/selfupdate/wuident.cab: error 0x80072ee2`,
    'Setup|FATAL: DownloadCab failed, err = 0x80072EE2',
    'Setup|WARNING: SelfUpdate check failed to download package information, error = 0x80072EE2',
    'Setup|FATAL: SelfUpdate check failed, err = 0x80072EE2',
    'Agent|  * WARNING: Skipping scan, self-update check returned 0x80072EE2',
    'Agent|  * WARNING: Exit code = 0x80072EE2',
    'Agent|*********',
    'Agent|**  END  **  Agent: Finding updates [CallerId = AutomaticUpdates]',
    'Agent|WARNING: WU client failed Searching for update with error 0x80072ee2',
    'AU|  # WARNING: Search callback failed, result = 0x80072EE2',
  ];
}

function searched(scan: number): string[] {
  const updates = Array.from({ length: 9 }, (_, index) => `${guid(scan * 9 + index)}.${100 + index}`);
  const hash = guid(scan).replaceAll(/[{}-]/g, '').padEnd(40, '0');
  return [
    'Misc|Validating signature for C:\\Windows\\SoftwareDistribution\\SelfUpdate\\wuident.cab:',
    'Misc| Microsoft signed: Yes',
    'Setup|Determining whether a new setup handler needs to be downloaded',
    'Setup|SelfUpdate handler is not found.  It will be downloaded',
    `Setup|Evaluating applicability of setup package "${package6}"`,
    `Setup|Setup package "${package6}" is already installed.`,
    'Setup|SelfUpdate check completed.  SelfUpdate is NOT required.',
    'PT|+++++++++++  PT: Synchronizing server updates  +++++++++++',
    `PT|  + ServiceId = ${managed}, Server URL = ${server}/ClientWebService/client.asmx`,
    'PT|+++++++++++  PT: Synchronizing extended update info  +++++++++++',
    ...updates.map((update) => `Agent|  * Added update ${update} to search result`),
    `Agent|Update ${guid(scan + 7)}.100 is pruned out due to potential supersedence`,
    `Agent|  * Found ${scan % 40} updates and 62 categories in search; evaluated appl. rules of 812 out of 1311 deployed entities`,
    'Agent|*********',
    'Agent|**  END  **  Agent: Finding updates [CallerId = AutomaticUpdates]',
    `AU|>>##  RESUMED  ## AU: Search for updates [CallId = ${guid(scan)}]`,
    `AU|  # ${scan % 40} updates detected`,
    `AU|AU setting next detection timeout to ${new Date(Date.UTC(2009, 4, 26) + scan * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')}`,
    'DnldMgr|*************',
    'DnldMgr|** START **  DnldMgr: Downloading updates [CallerId = AutomaticUpdates]',
    `DnldMgr|  * Call ID = ${guid(scan + 3)}`,
    `DnldMgr|*********** DnldMgr: New download job [UpdateId = ${updates[0]}] ***********`,
    `DnldMgr|  * BITS job initialized, JobId = ${guid(scan + 5)}`,
    `DnldMgr|  * Downloading from ${server}/Content/${hash.slice(38)}/${hash}.cab to C:\\Windows\\SoftwareDistribution\\Download\\${hash} (full file).`,
    `Report|REPORT EVENT: ${guid(scan + 11)}\t2009-05-25 10:21:08:093-0500\t1\t147\t101\t{00000000-0000-0000-0000-000000000000}\t0\t0\tAutomaticUpdates\tSuccess\tSoftware Synchronization\tWindows Update Client successfully detected ${scan % 40} updates.`,
    `Report|Uploading 2 events using cached cookie, reporting URL = ${server}/ReportingWebService/ReportingWebService.asmx`,
    'Report|Reporter successfully uploaded 2 events.',
  ];
}
