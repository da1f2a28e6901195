// The meaning of the logs of a Configuration Manager client: WUAHandler, ScanAgent, UpdatesDeployment, UpdatesHandler,
// UpdatesStore, LocationServices and those that fetch content. Rules as data, in the order they are tried.
import { publishedCodes as hr } from '@moult/protocol/hresult';
import type { LineRule } from '../line-rule.ts';

const agent = /^WUAHandler$/i;
const scanner = /^(?:WUAHandler|ScanAgent)$/i;
const deployer =
  /^(?:WUAHandler|UpdatesDeployment(?:Agent)?|UpdatesHandler|UpdatesStore|CIAgent|CIDownloader|AppEnforce)$/i;
const locator = /^(?:LocationServices|ClientLocation|ScanAgent)$/i;
const fetcher =
  /^(?:ContentAccess|CAS|ContentTransferManager|DataTransferService|FileBITS|UpdatesHandler|ContentLocation\w*)$/i;

/** Group policy conflict. */
const policyConflict = 0x87d00692;
/** The codes of reading a damaged Registry.pol. */
const damagedPolicy = [
  hr.E_FAIL,
  hr.ERROR_FILE_INVALID,
  hr.ERROR_INVALID_DATA,
  hr.ERROR_FILE_CORRUPT,
  hr.ERROR_BADDB,
  hr.E_INVALIDARG,
];
/** Updates may not be installed outside the service window. No window that is long enough follows. */
const outsideWindow = [0x87d00666, 0x87d00667];
const noContent = [0x87d00607, 0x87d00669, hr.BG_E_HTTP_ERROR_404, hr.WU_E_PT_HTTP_STATUS_NOT_FOUND];

/** The meaning of Configuration Manager's own codes of installations. */
const ownCodes: readonly (readonly [number, string])[] = [
  [0x87d00213, 'a timeout occurred'],
  [0x87d00324, 'the program is not found after it was installed'],
  [0x87d00664, 'the job of the updates handler was cancelled, often since its maximum run time was over'],
  [0x87d00665, 'the job has no updates to process'],
  [0x87d00668, 'the update is still needed after it was installed'],
];

export const configurationClientRules: readonly LineRule[] = [
  {
    id: 'cm-policy-overwritten',
    text: /Group policy settings were overwritten by a higher authority(?:.*?Server (?<found>\S+))?/i,
    stage: 'policy',
    outcome: 'failed',
    finding: 'DOCTOR_POLICY_OVERWRITTEN',
  },
  {
    id: 'cm-policy-conflict',
    codes: [policyConflict],
    stage: 'policy',
    outcome: 'failed',
    finding: 'DOCTOR_POLICY_OVERWRITTEN',
  },
  {
    // Before the first scan it does not exist.
    id: 'cm-policy-not-yet',
    from: agent,
    text: /Unable to (?:find or )?read .*(?:polic|Group Policy)/i,
    codes: [hr.ERROR_FILE_NOT_FOUND, hr.ERROR_PATH_NOT_FOUND],
    stage: 'policy',
    outcome: 'noted',
    finding: 'harmless',
  },
  {
    id: 'cm-policy-unreadable',
    from: agent,
    text: /Unable to (?:open|read|load|save) .*(?:Group Policy object|registry\.pol|resultant .*policy)/i,
    stage: 'policy',
    outcome: 'failed',
    finding: 'DOCTOR_REGISTRY_POL',
  },
  {
    id: 'cm-source-unwritable',
    from: agent,
    text: /Failed to (?:Add|Set|Remove|Enable) .*(?:Update Source|WUA|policy)/i,
    codes: damagedPolicy,
    stage: 'policy',
    outcome: 'failed',
    finding: 'DOCTOR_REGISTRY_POL',
  },
  {
    id: 'cm-no-policy-yet',
    from: agent,
    text: /Unable to find or read WUA Managed server policy/i,
    stage: 'policy',
    outcome: 'noted',
    finding: 'harmless',
  },
  {
    id: 'cm-server-set',
    from: agent,
    text: /(?:policy to use server:|Managed server was already set \()\s*(?<configured>https?:\/\/[^\s),]+)/i,
    stage: 'policy',
    outcome: 'noted',
    finding: 'harmless',
  },
  {
    id: 'cm-source-refused',
    from: agent,
    text: /Failed to (?:Add|Set|Remove|Enable) .*(?:Update Source|WUA|policy)/i,
    stage: 'policy',
    outcome: 'failed',
  },
  // Scans.
  {
    id: 'cm-scan-begins',
    from: agent,
    text: /Async searching of updates using WUAgent started/i,
    stage: 'detection',
    outcome: 'began',
  },
  {
    id: 'cm-scan-well',
    from: scanner,
    text: /Successfully completed (?:scan|synchronous searching)|scan completed success|Scan Succeeded/i,
    stage: 'detection',
    outcome: 'succeeded',
    alsoWell: ['web-service', 'policy'],
    milestone: 'scan well',
  },
  {
    id: 'cm-no-location',
    from: locator,
    text: /empty (?:WSUS )?(?:update )?(?:source )?locations? list|empty WSUS|no (?:WSUS|update source|SUP)s? (?:location|server)|WSUSLocation\w*Timeout|Location Request timed out|OnLocationTimeout|WSUS (?:content )?location not found|(?:could not|failed to) (?:find|get|resolve|retrieve) .*(?:WSUS|scan tool|update source|software update point) ?(?:location|server|url)?/i,
    stage: 'policy',
    outcome: 'failed',
    finding: 'DOCTOR_CONFIGMGR_NO_SERVER',
  },
  {
    id: 'cm-location',
    from: locator,
    text: /(?:WSUS (?:Path|URL)|WSUSLocation|Received Location)\s*=\s*'?(?<configured>https?:\/\/[^\s',]+)/i,
    stage: 'policy',
    outcome: 'succeeded',
  },
  {
    id: 'cm-scan-failed',
    from: scanner,
    text: /Failed to end search job|Scan (?:has )?failed|search(?:ing)? .*failed|Failed to (?:start|initiate|begin) .*s(?:can|earch)/i,
    stage: 'detection',
    outcome: 'failed',
  },
  // The management point, which tells clients where their server is.
  {
    id: 'cm-management-point',
    text: /\[?CCMHTTP\]?.*(?:ERROR|Text=)|ERROR_WINHTTP_\w+|Failed to (?:send|post|retrieve|get|resolve) .*(?:management point|\bMP\b)|SMS_MP\/.*(?:error|fail)/i,
    stage: 'policy',
    outcome: 'failed',
    finding: 'DOCTOR_MANAGEMENT_POINT',
  },
  // Downloads and installations.
  {
    id: 'cm-window',
    from: deployer,
    codes: outsideWindow,
    stage: 'installation',
    outcome: 'failed',
    finding: 'DOCTOR_CONFIGMGR_WINDOW',
  },
  {
    id: 'cm-window-words',
    from: deployer,
    text: /(?:no|not? .*) (?:current or future )?(?:service|maintenance) window .*(?:long enough|available|exist)|cannot be installed outside (?:of )?the (?:service|maintenance) window/i,
    stage: 'installation',
    outcome: 'failed',
    finding: 'DOCTOR_CONFIGMGR_WINDOW',
  },
  {
    id: 'cm-content',
    from: fetcher,
    codes: noContent,
    stage: 'download',
    outcome: 'failed',
    finding: 'DOCTOR_CONFIGMGR_CONTENT',
  },
  {
    id: 'cm-content-words',
    from: /^(?:LocationServices|ContentAccess|CAS|ContentTransferManager|ContentLocation\w*)$/i,
    text: /empty distribution points? list|no (?:matching )?(?:distribution point|DP)s?\b|content (?:location )?(?:is )?not (?:found|available)/i,
    stage: 'download',
    outcome: 'failed',
    finding: 'DOCTOR_CONFIGMGR_CONTENT',
  },
  ...ownCodes.map(
    ([code, meaning]): LineRule => ({
      id: `cm-code-${code.toString(16)}`,
      from: deployer,
      codes: [code],
      stage: 'installation',
      outcome: 'failed',
      finding: 'DOCTOR_INSTALL_FAILED',
      values: { meaning },
    }),
  ),
  {
    id: 'cm-install-failed',
    from: deployer,
    text: /Job error|ciStateError|Failed to install|(?:install\w*|update|execution|apply|enforcement) .*fail|StateError/i,
    stage: 'installation',
    outcome: 'failed',
  },
  {
    id: 'cm-installed',
    from: deployer,
    text: /ciStateInstallComplete|installation (?:completed|succeeded)|Successfully installed/i,
    stage: 'installation',
    outcome: 'succeeded',
    alsoWell: ['download'],
  },
];
