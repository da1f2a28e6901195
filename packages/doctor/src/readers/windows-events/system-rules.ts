// Events of the services that updating rests on: BITS, the service control manager, IIS, servicing, SQL Server, Group
// Policy. By provider and number, never by words: those are in the language of the machine. Data.
import type { Outcome, Stage } from '../../story/event.ts';
import type { FindingCode } from '../../words/codes.ts';

export interface SystemRule {
  id: string;
  provider: RegExp;
  ids: readonly number[];
  /** Words of names that no language changes: of a service, a pool, a job, a program. */
  about?: RegExp;
  stage: Stage;
  outcome: Outcome;
  /** Without it, stage and code decide. */
  finding?: FindingCode | 'harmless';
  side: 'client' | 'server';
  values?: Readonly<Record<string, string>>;
}

const scm = /^Service Control Manager/i;
const sql = /^MSSQL/i;
const pools = /^(?:Microsoft-Windows-)?WAS$|^Microsoft-Windows-IIS/i;
/** Failed to start, hung, ended with an error or without a word. */
const serviceFailures = [7000, 7001, 7003, 7009, 7011, 7022, 7023, 7024, 7031, 7034, 7038, 7041];
const disabled = /%%1058|0x80070422|\b1058\b/;

const agentService = /\bwuauserv\b|Windows Update|Automatic(?:he)? Updates?|Windows-Update/i;
const databaseService = /MSSQL|SQL Server|Windows Internal Database|Interne Windows-Datenbank|MICROSOFT##WID/i;
const updateServices = /Update Services|WsusService|WSUS/i;
const webServer = /\bW3SVC\b|World Wide Web|WWW-Publi|\bWAS\b|Process Activation|Prozessaktivierung|IISADMIN/i;
const dependencies: readonly (readonly [RegExp, string, string])[] = [
  [
    /\bBITS\b|Background Intelligent|Hintergrundübertragung|transfert intelligent/i,
    'bits',
    'Background Intelligent Transfer Service (bits)',
  ],
  [
    /cryptsvc|Cryptographic Services|Kryptografiedienste|Services de chiffrement/i,
    'cryptsvc',
    'Cryptographic Services (cryptsvc)',
  ],
  [
    /TrustedInstaller|Windows Modules Installer|Windows-Modulinstallation/i,
    'trustedinstaller',
    'Windows Modules Installer (trustedinstaller)',
  ],
  [/UsoSvc|Update Orchestrator/i, 'usosvc', 'Update Orchestrator Service (usosvc)'],
  [
    /wlidsvc|Microsoft Account Sign-in|Anmelde-Assistent für Microsoft/i,
    'wlidsvc',
    'Microsoft Account Sign-in Assistant (wlidsvc)',
  ],
  [/mpssvc|Windows (?:Defender )?Firewall|Windows-Firewall/i, 'mpssvc', 'Windows Defender Firewall (mpssvc)'],
  [/dosvc|Delivery Optimization|Übermittlungsoptimierung/i, 'dosvc', 'Delivery Optimization (dosvc)'],
  [/WaaSMedicSvc|Update Medic/i, 'waasmedicsvc', 'Windows Update Medic Service (waasmedicsvc)'],
];

export const systemRules: readonly SystemRule[] = [
  {
    id: 'service-agent-disabled',
    provider: scm,
    ids: serviceFailures,
    about: new RegExp(`(?=[\\s\\S]*(?:${agentService.source}))(?=[\\s\\S]*(?:${disabled.source}))`, 'i'),
    stage: 'service',
    outcome: 'failed',
    finding: 'DOCTOR_SERVICE_DISABLED',
    side: 'client',
    values: { found: 'Windows Update (wuauserv)' },
  },
  {
    id: 'service-server',
    provider: scm,
    ids: serviceFailures,
    about: updateServices,
    stage: 'service',
    outcome: 'failed',
    finding: 'DOCTOR_WSUS_SERVICE',
    side: 'server',
  },
  {
    id: 'service-agent',
    provider: scm,
    ids: serviceFailures,
    about: agentService,
    stage: 'service',
    outcome: 'failed',
    finding: 'DOCTOR_SERVICE_STOPPED',
    side: 'client',
  },
  {
    id: 'service-database',
    provider: scm,
    ids: serviceFailures,
    about: databaseService,
    stage: 'database',
    outcome: 'failed',
    finding: 'DOCTOR_DATABASE',
    side: 'server',
  },
  {
    id: 'service-web',
    provider: scm,
    ids: serviceFailures,
    about: webServer,
    stage: 'web-service',
    outcome: 'failed',
    finding: 'DOCTOR_SERVICE_UNAVAILABLE',
    side: 'server',
  },
  ...dependencies.map(
    ([about, name, title]): SystemRule => ({
      id: `service-${name}`,
      provider: scm,
      ids: serviceFailures,
      about,
      stage: 'service',
      outcome: 'failed',
      finding: 'DOCTOR_DEPENDENCY_STOPPED',
      side: 'client',
      values: { service: title, serviceName: name, found: title },
    }),
  ),
  {
    id: 'service-other',
    provider: scm,
    ids: [...serviceFailures, 7030, 7035, 7036, 7040, 7042, 7045],
    stage: 'other',
    outcome: 'noted',
    finding: 'harmless',
    side: 'client',
  },
  // BITS carries files for everybody: only its jobs for updates count.
  {
    id: 'bits-ended',
    provider: /Bits-Client/i,
    ids: [60],
    about: /WU Client|Windows ?Update|\/Content\/|SoftwareDistribution|ccm|wsus/i,
    stage: 'download',
    outcome: 'succeeded',
    side: 'client',
  },
  {
    id: 'bits-failed',
    provider: /Bits-Client/i,
    ids: [61],
    about: /WU Client|Windows ?Update|\/Content\/|SoftwareDistribution|ccm|wsus/i,
    stage: 'download',
    outcome: 'failed',
    side: 'client',
  },
  {
    id: 'bits-other',
    provider: /Bits-Client/i,
    ids: [3, 4, 5, 16, 59, 60, 61, 64, 201, 202, 203, 204, 205, 206, 302, 306, 307, 309, 310, 16384, 16403],
    stage: 'other',
    outcome: 'noted',
    finding: 'harmless',
    side: 'client',
  },
  {
    id: 'pool-off',
    provider: pools,
    ids: [5002, 5021, 5022, 5057, 5059, 5139, 5189],
    about: /wsus|update|^$/i,
    stage: 'web-service',
    outcome: 'failed',
    finding: 'DOCTOR_SERVICE_UNAVAILABLE',
    side: 'server',
    values: { server: 'the WSUS server' },
  },
  {
    id: 'pool-other',
    provider: pools,
    ids: [5002, 5009, 5010, 5011, 5012, 5013, 5021, 5022, 5057, 5059, 5074, 5077, 5079, 5117, 5186, 5189],
    stage: 'other',
    outcome: 'noted',
    finding: 'harmless',
    side: 'server',
  },
  {
    id: 'servicing-well',
    provider: /Windows-Servicing$/i,
    ids: [2],
    stage: 'installation',
    outcome: 'succeeded',
    side: 'client',
  },
  {
    id: 'servicing-failed',
    provider: /Windows-Servicing$/i,
    ids: [3],
    stage: 'installation',
    outcome: 'failed',
    side: 'client',
  },
  {
    id: 'servicing-other',
    provider: /Windows-Servicing$/i,
    ids: [1, 4, 7, 8, 9, 10],
    stage: 'installation',
    outcome: 'noted',
    finding: 'harmless',
    side: 'client',
  },
  {
    id: 'sql-full',
    provider: sql,
    ids: [1101, 1105, 1827, 9002],
    stage: 'database',
    outcome: 'failed',
    finding: 'DOCTOR_DATABASE_FULL',
    side: 'server',
  },
  {
    id: 'sql-login',
    provider: sql,
    ids: [4060, 18452, 18456, 18470],
    stage: 'database',
    outcome: 'failed',
    finding: 'DOCTOR_DATABASE_LOGIN',
    side: 'server',
  },
  {
    id: 'sql-down',
    provider: sql,
    ids: [
      823, 824, 825, 701, 802, 926, 945, 3414, 5120, 5123, 5172, 17053, 17058, 17113, 17114, 17120, 17182, 17204, 17207,
      17826, 26011, 26014, 26023,
    ],
    stage: 'database',
    outcome: 'failed',
    finding: 'DOCTOR_DATABASE',
    side: 'server',
  },
  {
    id: 'policy-damaged',
    provider: /GroupPolicy|^Userenv$|^SceCli$/i,
    ids: [1096],
    stage: 'policy',
    outcome: 'failed',
    finding: 'DOCTOR_REGISTRY_POL',
    side: 'client',
  },
  {
    id: 'policy-not-applied',
    provider: /GroupPolicy|^Userenv$|^SceCli$/i,
    ids: [1006, 1007, 1030, 1052, 1053, 1054, 1055, 1058, 1079, 1085, 1097, 1101, 1104, 1129, 7017, 7320, 7326],
    stage: 'policy',
    outcome: 'failed',
    finding: 'DOCTOR_GROUP_POLICY',
    side: 'client',
  },
  {
    id: 'web-configuration',
    provider: /^ASP\.NET|IIS-W3SVC/i,
    ids: [1310, 2307, 2216],
    about: /Service|wsus|update/i,
    stage: 'web-service',
    outcome: 'failed',
    finding: 'DOCTOR_CONFIGURATION_ERROR',
    side: 'server',
  },
  {
    id: 'clock',
    provider: /Time-Service|^W32Time$/i,
    ids: [36, 47, 29, 134, 142],
    stage: 'other',
    outcome: 'noted',
    finding: 'harmless',
    side: 'client',
  },
];

/** Providers whose errors are about something else than updating. */
export const unrelated =
  /^(?:DCOM|(?:Microsoft-Windows-)?DistributedCOM|Microsoft-Windows-Kernel-\S+|EventLog|volmgr|NETLOGON|Perf\w+|SideBySide|Microsoft-Windows-(?:DNS-Client|Security-\S+|TerminalServices\S*|User Profiles\S*|User Profile Service|WMI\S*|Time-Service|Winlogon|PrintService|SpoolerServer|Resource\S*|Search\S*|Immersive-Shell|AppModel\S*|AppX\S*|TWinUI|Perflib|CAPI2|DHCP\S*|Dhcp\S*|WLAN\S*|NDIS\S*|Hyper-V\S*|FilterManager|UserPnp|Diagnostics\S*|DeviceSetupManager|LoadPerf|Defrag|WindowsBackup|Backup|Winsock\S*|Ntfs|Eventlog|TaskScheduler|AAD|BitLocker\S*|Bluetooth\S*|Power\S*)|Schannel|W32Time|TermDD|TermService|Print|LsaSrv|Tcpip|Server|BROWSER|VSS|volsnap|disk|Application (?:Error|Hang|Popup)|Windows Error Reporting|\.NET Runtime\S*|Outlook|Office\S*|Chrome|Edge\S*|gupdate\S*|MsiInstaller|SecurityCenter|ESENT|SQLBrowser|SQLVDI|SQLISPackage\S*|SQLSERVERAGENT|ADSync|Group Policy \S+|Wlclntfy|WinMgmt|iphlpsvc|HTTP|HttpEvent)/i;

/** Programs whose end is about updating, in events of Windows about programs that crashed. */
export const ownPrograms =
  /WsusService|w3wp\.exe|wuau(?:clt|serv|eng)|wsus|TiWorker|TrustedInstaller|usoclient|MoUso|svchost\.exe_wuauserv|sqlservr/i;
