// Logs as people post them, invented: other codes, other words, other languages and generations than the samples.
import type { FindingCode } from '../../words/codes.ts';

const wua = (...lines: string[]) =>
  lines
    .map((line, index) => {
      const [component, ...text] = line.split('|');
      return `2014-07-08\t08:30:${String(index).padStart(2, '0')}:100\t 932\t1164\t${component}\t${text.join('|')}\r\n`;
    })
    .join('');
const ten = (...lines: string[]) =>
  lines
    .map((line, index) => {
      const [component = '', ...text] = line.split('|');
      return `2024.03.14 09:12:${String(index).padStart(2, '0')}.1234567 1276  3628  ${component.padEnd(16)}${text.join('|')}\r\n`;
    })
    .join('');
const reported = (id: string, result: string, outcome: string, category: string, text: string) =>
  `{68D698EE-B4A7-4CA5-9D33-EFB2EDE6CD36}\t2019-02-11 10:37:22:371+0100\t1\t${id}\t101\t{A67661EB-2423-451D-BF5D-13199E37DF28}\t0\t${result}\tUpdateOrchestrator\t${outcome}\t${category}\t${text}\r\n`;

const yours =
  'ProtocolTalker|ServiceId = {3DA21691-E39D-4DA6-8A4B-B43877BCB1B7}, Server URL = https://wsus.corp.example:8531/ClientWebService/client.asmx';
const plainYours = yours.replace('https', 'http').replace('8531', '8530');
const microsoft =
  'ProtocolTalker|ServiceId = {9482F4B4-E343-43B6-B170-9A65BC822C77}, Server URL = https://fe2cr.update.microsoft.com/v6/ClientWebService/client.asmx';
const found = (count: number) =>
  `Agent|Found ${count} updates and 83 categories in search; evaluated appl. rules of 617 out of 1473 deployed entities`;

export interface Variant {
  text: string;
  name?: string;
  verdict: 'findings' | 'undecided' | 'healthy';
  /** The first finding. */
  says?: FindingCode;
  never?: RegExp;
}

/** What is wrong → the log, and what the doctor says and never says of it. */
export const variants: Record<string, Variant> = {
  'the issuer of the TLS certificate is not trusted': {
    text: ten(
      yours,
      'WebServices|WS error: A certificate chain processed, but terminated in a root certificate which is not trusted by the trust provider.',
      'WebServices|*FAILED* [800B0109] Web service call',
      'Agent|Exit code = 0x800B0109',
    ),
    verdict: 'findings',
    says: 'DOCTOR_TLS_UNTRUSTED',
    never: /w32tm|signed by the wrong party/,
  },
  'the name in the TLS certificate is another one': {
    text: ten(yours, 'WebServices|*FAILED* [800B010F] Web service call', 'ProtocolTalker|*FAILED* [800B010F] PTError'),
    verdict: 'findings',
    says: 'DOCTOR_TLS_NAME',
    never: /w32tm/,
  },
  'a third-party update whose publisher is not trusted': {
    text: ten(
      yours,
      found(1),
      'Handler|*FAILED* [800B0109] CBS called Error',
      'Agent|*FAILED* [800B0109] Installing update',
    ),
    verdict: 'findings',
    says: 'DOCTOR_UPDATE_SIGNATURE',
    never: /certificate of wsus\.|w32tm/i,
  },
  'a self-update file whose signer is not trusted': {
    text: wua(
      'Setup|Checking for agent SelfUpdate',
      'Misc|Validating signature for C:\\Windows\\SoftwareDistribution\\SelfUpdate\\wuident.cab:',
      'Misc|WARNING: Error: 0x800b0109 when verifying trust for C:\\Windows\\SoftwareDistribution\\SelfUpdate\\wuident.cab',
      'Setup|FATAL: IsUpdateRequired failed with error 0x800b0109',
    ),
    verdict: 'findings',
    says: 'DOCTOR_CABINET_WRONG_SIGNER',
    never: /w32tm/,
  },
  'TLS refused, without a reason': {
    text: wua(
      'PT|  + ServiceId = {3DA21691-E39D-4DA6-8A4B-B43877BCB1B7}, Server URL = https://wsus:8531/ClientWebService/client.asmx',
      'Misc|WARNING: Send failed with hr = 80072f8f.',
      'PT|WARNING: GetConfig failure, error = 0x80072F8F, soap client error = 5, soap error code = 0, HTTP status code = 200',
      'Agent|  * WARNING: Exit code = 0x80072F8F',
    ),
    verdict: 'findings',
    says: 'DOCTOR_TLS_REFUSED',
    never: /self-update file/,
  },
  'the scan of your server is 404': {
    text: ten(
      plainYours,
      "WebServices|WS error: The server returned HTTP status code '404 (0x194)' with text 'Not Found'.",
      'WebServices|*FAILED* [80244019] Web service call',
      'Agent|Exit code = 0x80244019',
    ),
    verdict: 'findings',
    says: 'DOCTOR_CLIENT_WEB_SERVICE',
    never: /self-update file|self-update tree is missing/,
  },
  'the scan of your server is 403': {
    text: ten(plainYours, 'WebServices|*FAILED* [80244018] Web service call', 'Agent|Exit code = 0x80244018'),
    verdict: 'findings',
    says: 'DOCTOR_FORBIDDEN',
    never: /self-update file|13042/,
  },
  'the scan of your server is 500': {
    text: ten(plainYours, 'WebServices|*FAILED* [8024401F] Web service call', 'Agent|Exit code = 0x8024401F'),
    verdict: 'findings',
    says: 'DOCTOR_CLIENT_WEB_SERVICE',
    never: /self-update file/,
  },
  'the pool of your server is stopped': {
    text: wua(
      'PT|  + ServiceId = {3DA21691-E39D-4DA6-8A4B-B43877BCB1B7}, Server URL = http://wsus:8530/ClientWebService/client.asmx',
      'PT|WARNING: SyncUpdates failure, error = 0x80244022, soap client error = 10, soap error code = 0, HTTP status code = 503',
      'Agent|  * WARNING: Failed to synchronize, error = 0x80244022',
    ),
    verdict: 'findings',
    says: 'DOCTOR_SERVICE_UNAVAILABLE',
    never: /self-update file/,
  },
  'Microsoft answers 503 where no server is set': {
    text: ten(
      'Agent|WSUS server: <NULL>',
      'WebServices|*FAILED* [80244022] Web service call',
      'Agent|Exit code = 0x80244022',
    ),
    verdict: 'findings',
    says: 'DOCTOR_MICROSOFT_UNREACHABLE',
    never: /set WUServer|WsusPool/,
  },
  "Microsoft's name does not resolve": {
    text: ten(microsoft, 'WebServices|*FAILED* [80072EE7] Web service call', 'Agent|Exit code = 0x80072EE7'),
    verdict: 'findings',
    says: 'DOCTOR_MICROSOFT_UNREACHABLE',
    never: /FQDN in WUServer/,
  },
  'SyncUpdates ends in a fault of the server': {
    text: wua(
      'PT|WARNING: SOAP Fault: 0x00012c',
      'PT|WARNING:     faultstring:Fault occurred',
      'PT|WARNING:     ErrorCode:InternalServerError(5)',
      'PT|WARNING:     Message:(null)',
      'PT|WARNING:     Method:"http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService/SyncUpdates"',
      'PT|WARNING:     ID:4cb4d6c4-8c0d-4b5a-9d0e-3c7a8a7d3a11',
      'PT|WARNING: PTError: 0x80244007',
      'Agent|  * WARNING: Failed to synchronize, error = 0x80244007',
    ),
    verdict: 'findings',
    says: 'DOCTOR_SERVICE_FAULT',
    never: /SusClientId|www\.microsoft\.com (?:is|does)/,
  },
  'the cookie is refused and nothing follows': {
    text: wua(
      'PT|WARNING:     ErrorCode:InvalidCookie(4)',
      'PT|WARNING:     Message:(null)',
      'PT|WARNING:     Method:"http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService/SyncUpdates"',
      'Agent|  * WARNING: Failed to synchronize, error = 0x80244007',
    ),
    verdict: 'findings',
    says: 'DOCTOR_COOKIE_REFUSED',
  },
  'the cookie is refused and the scan goes well all the same': {
    text: wua(
      'PT|WARNING:     ErrorCode:ConfigChanged(2)',
      'PT|WARNING:     Message:(null)',
      'PT|WARNING:     Method:"http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService/GetCookie"',
      'PT|WARNING: PTError: 0x80244007',
      'PT|WARNING: GetCookie_WithRecovery failed : 0x80244007',
      found(2),
    ),
    verdict: 'healthy',
  },
  'too many cached updates': {
    text: ten(
      'WebServices|WS error: <detail><ErrorCode>InvalidParameters</ErrorCode><Message>parameters.OtherCachedUpdateIDs</Message><ID>1</ID><Method>"http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService/SyncUpdates"</Method></detail>"',
      'ProtocolTalker|*FAILED* [80244007] SyncUpdates_WithRecovery failed',
    ),
    verdict: 'findings',
    says: 'DOCTOR_TOO_MANY_INSTALLED',
    never: /maxInstalledPrerequisites/,
  },
  'the server refuses another parameter': {
    text: ten(
      'WebServices|WS error: <detail><ErrorCode>InvalidParameters</ErrorCode><Message>parameters.ComputerInfo</Message><ID>1</ID><Method>"http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService/RegisterComputer"</Method></detail>"',
      'ProtocolTalker|*FAILED* [80244007] RegisterComputer failed',
    ),
    verdict: 'findings',
    says: 'DOCTOR_PARAMETERS_REFUSED',
    never: /maxInstalledPrerequisites|maxCachedUpdates/,
  },
  'too many round trips': {
    text: wua(
      'PT|WARNING: Exceeded max server round trips: 0x80244010',
      'PT|WARNING: Sync of Updates: 0x80244010',
      'Agent|  * WARNING: Failed to synchronize, error = 0x80244010',
    ),
    verdict: 'findings',
    says: 'DOCTOR_TOO_MANY_TRIPS',
  },
  'reports time out': {
    text: wua(found(2), 'Report|WARNING: Failed to upload events to the server with hr = 8024401c.'),
    verdict: 'findings',
    says: 'DOCTOR_REPORTS_REFUSED',
    never: /self-update/,
  },
  'BITS is stopped': {
    text: wua(
      found(2),
      'DnldMgr|FATAL: DM:CBitsManager::CreateJob: GetBitsManager failed with error 0x80070426',
      'DnldMgr|WARNING: Download job failed, error = 0x80070426',
    ),
    verdict: 'findings',
    says: 'DOCTOR_DEPENDENCY_STOPPED',
    never: /The agent on .* is not running|net start wuauserv/,
  },
  'the installer service is missing': {
    text: ten(found(1), 'Handler|*FAILED* [80070424] CBS session', 'Agent|*FAILED* [80070424] Installing update'),
    verdict: 'findings',
    says: 'DOCTOR_SERVICE_MISSING',
  },
  'the download stands still': {
    text: ten(
      'DownloadManager|DO job {A4AC06DD-D6E6-4420-8720-7407734FDAF2} hit a transient error, updateId = {D053C08A-6250-4C43-A111-56C5198FE142}.200, error = 0x80D02002',
      'DownloadManager|Error 0x80d02002 occurred while downloading update; notifying dependent calls.',
    ),
    verdict: 'findings',
    says: 'DOCTOR_DOWNLOAD_INTERRUPTED',
    never: /missing on the server/,
  },
  'the file is not on your server': {
    text: wua(
      'DnldMgr|WARNING: BITS job {A0000000-0000-0000-0000-000000000000} failed, updateId = {B0000000-0000-0000-0000-000000000000}.100, hr = 0x80190194. File URL = http://wsus:8530/Content/6F/1234.cab, local path = C:\\x',
      'DnldMgr|Error 0x80244019 occurred while downloading update; notifying dependent calls.',
    ),
    verdict: 'findings',
    says: 'DOCTOR_CONTENT_MISSING',
    never: /self-update tree/,
  },
  'an installation ends with MSI 1603': {
    text: wua(
      'Handler|  : WARNING: First failure for update {F0F5E2F0-0000-0000-0000-000000000000}, transaction error = 0x80070643, MSI result = 0x00000643, MSI action = InstallFinalize',
      'Handler|  : WARNING: Operation failed for update {F0F5E2F0-0000-0000-0000-000000000000}, hr = 0x80070643',
    ),
    verdict: 'findings',
    says: 'DOCTOR_INSTALL_FAILED',
  },
  'an installation that is not applicable': {
    text: reported(
      '182',
      '80240017',
      'Failure',
      'Content Install',
      'Installationsfehler: Fehler 0x80240017 beim Installieren.',
    ),
    name: 'pc/ReportingEvents.log',
    verdict: 'findings',
    says: 'DOCTOR_INSTALL_FAILED',
  },
  'a Japanese event of a scan that timed out': {
    text: reported('148', '80072ee2', 'Failure', 'Software Synchronization', '更新プログラムを検索できませんでした。'),
    name: 'pc/ReportingEvents.log',
    verdict: 'findings',
    says: 'DOCTOR_NO_ANSWER',
  },
  'a German event that a later one took back': {
    text:
      reported('161', '80240438', 'Failure', 'Content Download', 'Fehler: Download fehlgeschlagen.') +
      reported('162', '0', 'Success', 'Content Download', 'Download erfolgreich.').replace('10:37:22', '11:37:22'),
    name: 'pc/ReportingEvents.log',
    verdict: 'healthy',
  },
  'a scan of Windows 10 that ends with 404, without an address': {
    text: reported(
      '148',
      '80244019',
      'Failure',
      'Software Synchronization',
      'Windows Update Client failed to detect with error 0x80244019.',
    ),
    name: 'pc/ReportingEvents.log',
    verdict: 'findings',
    says: 'DOCTOR_NOT_FOUND',
    never: /self-update tree is missing/,
  },
  'a failed installation, echoed in WindowsUpdate.log with its tabs lost': {
    text: '2014-07-08 08:30:00:100  932 1164 Report REPORT EVENT: {0F2D1A3B-64A3-4B4B-9B69-5B7C4E1DB7A1} 2014-07-08 08:29:55:100+0200 1 182 101 {A67661EB-2423-451D-BF5D-13199E37DF28} 200 80070643 AutomaticUpdates Failure Content Install Installation Failure: Windows failed to install the following update with error 0x80070643: Update.\r\n',
    verdict: 'findings',
    says: 'DOCTOR_INSTALL_FAILED',
  },
  'the proxy whose name does not resolve': {
    text: wua(
      'Misc|WARNING: SendRequest failed with hr = 80072ee7. Proxy List used: <proxy.corp:8080> Bypass List used : <(null)> Auth Schemes used : <>',
      'PT|WARNING: GetConfig failure, error = 0x8024402C, soap client error = 5, soap error code = 0, HTTP status code = 200',
      'Agent|  * WARNING: Exit code = 0x8024402C',
    ),
    verdict: 'findings',
    says: 'DOCTOR_PROXY_UNREACHABLE',
    never: /The name of the server does not resolve/,
  },
  'a feature update whose file type IIS does not know': {
    text: ten(
      found(1),
      'DownloadManager|BITS job {A4AC06DD-D6E6-4420-8720-7407734FDAF2} failed, hr = 0x80190194. File URL = http://wsus:8530/Content/AB/1234.esd, local path = C:\\x',
    ),
    verdict: 'findings',
    says: 'DOCTOR_MIME_MISSING',
    never: /self-update tree/,
  },
  'a feature update that was fetched encrypted': {
    text: ten(found(1), 'Handler|*FAILED* [C1800118] Upgrade'),
    verdict: 'findings',
    says: 'DOCTOR_UPGRADE_ENCRYPTED',
  },
  'a HRESULT that a script printed in decimal': {
    text: 'Exception from HRESULT: -2145107934\r\n',
    name: 'pc/output.txt',
    verdict: 'findings',
    says: 'DOCTOR_SERVICE_UNAVAILABLE',
  },
  'an installation of a feature update that fails behind a good scan': {
    text: ten(found(1), 'Agent|Installing updates failed, hr = 0xC1900208'),
    verdict: 'findings',
    says: 'DOCTOR_INSTALL_FAILED',
  },
  "your server's failure beside a good scan of the Store in another thread": {
    text: [
      '2022/03/14 09:12:01.1234567 1276  3628  Agent           * START * Finding updates CallerId = A  Id = 1',
      '2022/03/14 09:12:01.1234567 1276  3628  Agent           ServiceID = {3DA21691-E39D-4DA6-8A4B-B43877BCB1B7} Managed',
      '2022/03/14 09:12:01.2234567 1276  4000  Agent           * START * Finding updates CallerId = B  Id = 2',
      '2022/03/14 09:12:01.3234567 1276  4000  Agent           ServiceID = {855E8A7C-ECB4-4CA3-B045-1DFA50104289} Third party service',
      '2022/03/14 09:12:02.1234567 1276  3628  ProtocolTalker  *FAILED* [80244022] SyncUpdates',
      '2022/03/14 09:12:02.2234567 1276  3628  Agent           Exit code = 0x80244022',
      '2022/03/14 09:12:02.3234567 1276  4000  Agent           Found 0 updates and 3 categories in search; evaluated appl. rules of 1 out of 2 deployed entities',
    ].join('\r\n'),
    verdict: 'findings',
    says: 'DOCTOR_SERVICE_UNAVAILABLE',
    never: /Microsoft Store/,
  },
  'the servicing store': {
    text: reported('182', '800f081f', 'Failure', 'Content Install', "Échec de l'installation : erreur 0x800f081f."),
    name: 'pc/ReportingEvents.log',
    verdict: 'findings',
    says: 'DOCTOR_COMPONENT_STORE',
  },
  'a scan that is cut off': {
    text: wua(
      'Agent|** START **  Agent: Finding updates [CallerId = AutomaticUpdates]',
      'Agent|  * Online = Yes; Ignore download priority = No',
      'PT|  + ServiceId = {3DA21691-E39D-4DA6-8A4B-B43877BCB1B7}, Server URL = http://wsus:8530/ClientWebService/client.asmx',
    ),
    verdict: 'undecided',
    says: 'DOCTOR_LOG_ENDS_EARLY',
  },
  'an installation that does not end': {
    text: ten(found(1), 'Agent|* START * Installing updates CallerId = UpdateOrchestrator'),
    verdict: 'undecided',
    says: 'DOCTOR_LOG_ENDS_EARLY',
  },
  'a code that nobody knows': {
    text: ten(
      'Agent|* START * Finding updates CallerId = Update  Id = 3',
      plainYours,
      'ProtocolTalker|*FAILED* [87FE0001] Method failed [CAgentProtocolTalker::Frob:1]',
      'Agent|Exit code = 0x87FE0001',
      'Agent|* END * Finding updates CallerId = Update  Id = 3',
    ),
    verdict: 'undecided',
    says: 'DOCTOR_NOT_UNDERSTOOD',
  },
  'lines of a start and no more': {
    text: ten('Shared|* START * Service startup', 'Agent|WU client version 10.0.19041.844'),
    verdict: 'undecided',
    says: 'DOCTOR_NO_OUTCOME',
  },
  'a proxy that wants a logon': {
    text: wua(
      'Misc|WARNING: SendRequest failed with hr = 8024401b. Proxy List used: <proxy:8080> Bypass List used : <(null)> Auth Schemes used : <Negotiate>',
      'PT|WARNING: PTError: 0x8024401b',
      'Agent|  * WARNING: Exit code = 0x8024401B',
    ),
    verdict: 'findings',
    says: 'DOCTOR_PROXY_AUTHENTICATION',
  },
  'nobody listens, or a proxy is missing': {
    text: wua(
      'PT|  + ServiceId = {3DA21691-E39D-4DA6-8A4B-B43877BCB1B7}, Server URL = http://wsus:8530/ClientWebService/client.asmx',
      'Misc|WARNING: Send failed with hr = 80072efd.',
      'PT|WARNING: GetConfig failure, error = 0x80072EFD, soap client error = 5, soap error code = 0, HTTP status code = 200',
      'Agent|  * WARNING: Exit code = 0x80072EFD',
    ),
    verdict: 'findings',
    says: 'DOCTOR_CANNOT_CONNECT',
  },
};
