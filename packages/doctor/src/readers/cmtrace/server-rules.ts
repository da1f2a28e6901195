// The meaning of the logs of a Configuration Manager site server: wsyncmgr, WCM, WSUSCtrl and SUPSetup. Rules as data,
// in the order they are tried.
import type { Causes, LineRule } from '../line-rule.ts';
import { databaseCauses, downloadCauses, upstreamCauses } from '../software-distribution/causes.ts';

const sync = /^(?:SMS_WSUS_SYNC_MANAGER|wsyncmgr|WSyncMgr|WSyncAct)/i;
const config = /^(?:SMS_WSUS_CONFIGURATION_MANAGER|SMS_WSUS_CONTROL_MANAGER|WCM|WSUSCtrl)/i;
const setup = /^(?:SUPSetup|SMSWSUSSetup|SMSSUPSetup)/i;
const any = /WSUS|SUP|wsync|^WCM/i;

/** Configuration Manager talks to its WSUS server. */
const ownWsus: Causes = {
  ...databaseCauses,
  trust: 'DOCTOR_SERVER_CERTIFICATE',
  tls: 'DOCTOR_SERVER_CERTIFICATE',
  proxy: 'DOCTOR_SUP_CONNECTION',
  name: 'DOCTOR_SUP_CONNECTION',
  refused: 'DOCTOR_SUP_CONNECTION',
  timeout: 'DOCTOR_SUP_CONNECTION',
  cut: 'DOCTOR_SUP_CONNECTION',
  status: 'DOCTOR_SUP_CONNECTION',
  denied: 'DOCTOR_SUP_CONNECTION',
};

/** The WSUS server talks to its upstream. */
const uss =
  /Uss(?:Communication|Internal)?\w*Error|UssNotFound|EULA|license terms|sws\.update\.microsoft|update\.microsoft\.com/i;

export const configurationServerRules: readonly LineRule[] = [
  {
    id: 'cm-stopping',
    text: /Thread was being aborted|ThreadAbortException/i,
    stage: 'other',
    outcome: 'noted',
    finding: 'harmless',
  },
  {
    id: 'cm-pool-stopped',
    from: any,
    text: /HTTP status 503|\(503\)/i,
    stage: 'web-service',
    outcome: 'failed',
    finding: 'DOCTOR_SERVICE_UNAVAILABLE',
    values: { status: '503', server: 'the WSUS server' },
  },
  {
    id: 'cm-sync-begins',
    from: sync,
    text: /^(?:sync: )?(?:Starting Sync|SMS synchronizing|WSUS synchronizing|Synchronizing WSUS)/i,
    stage: 'server-sync',
    outcome: 'began',
  },
  {
    id: 'cm-sync-well',
    from: sync,
    text: /Sync succeeded|sync(?:hronization)? completed success|Done synchronizing (?:SMS|WSUS)|ID=6702\b/i,
    stage: 'server-sync',
    outcome: 'succeeded',
    alsoWell: ['web-service', 'server-setup'],
    milestone: 'catalog synchronised',
  },
  {
    id: 'cm-no-update-source',
    from: sync,
    text: /(?:WSUS )?update source not found/i,
    stage: 'server-setup',
    outcome: 'failed',
    finding: 'DOCTOR_SUP_CONNECTION',
  },
  {
    id: 'cm-database-unhealthy',
    from: sync,
    text: /LocalDBServerUnhealthy|DatabaseUnhealthy/i,
    stage: 'database',
    outcome: 'failed',
    finding: 'DOCTOR_DATABASE',
  },
  ...upstream(),
  {
    id: 'cm-patch-download',
    from: /PatchDownloader|Software Updates Patch/i,
    stage: 'download',
    outcome: 'failed',
    finding: downloadCauses,
  },
  { id: 'cm-own-wsus', from: any, stage: 'web-service', outcome: 'failed', finding: ownWsus },
  {
    id: 'cm-unknown-categories',
    from: config,
    text: /Subscription contains categories unknown to WSUS|Failed to set Subscriptions on the WSUS/i,
    stage: 'server-setup',
    outcome: 'failed',
    finding: 'DOCTOR_SUP_CATEGORIES',
  },
  {
    id: 'cm-no-wsus',
    from: any,
    text: /Supported WSUS (?:Server )?version .*(?:not|isn't)|(?:did not|could not|unable to) find (?:a )?supported version|WSUS (?:server )?version is not supported|WSUS .{0,40}(?:is not|isn't|not) installed|FileNotFoundException.*UpdateServices\.Administration|Failed to load .*UpdateServices/i,
    stage: 'server-setup',
    outcome: 'failed',
    finding: 'DOCTOR_SUP_NO_WSUS',
  },
  {
    id: 'cm-configured',
    from: config,
    text: /WSUS_CONFIG_SUCCESS|Configuration successful|no unhealthy WSUS Server components|Successfully (?:configured|connected)/i,
    stage: 'server-setup',
    outcome: 'succeeded',
    alsoWell: ['web-service'],
  },
  {
    id: 'cm-not-configured',
    from: config,
    text: /WSUS_CONFIG_FAILED|Remote configuration failed|failed to (?:monitor|configure)|ID=(?:6600|6602|6603|6606|6613|7000|7003)\b/i,
    stage: 'server-setup',
    outcome: 'failed',
    finding: 'DOCTOR_SUP_CONNECTION',
  },
  {
    id: 'cm-setup-failed',
    from: setup,
    text: /set-?up failed|installation failed|prerequisites/i,
    stage: 'server-setup',
    outcome: 'failed',
    finding: 'DOCTOR_SUP_NO_WSUS',
  },
  {
    id: 'cm-setup-well',
    from: setup,
    text: /Installation was successful|successfully installed/i,
    stage: 'server-setup',
    outcome: 'succeeded',
  },
  {
    id: 'cm-sync-failed',
    from: sync,
    text: /Sync failed[: ]*(?<message>[\s\S]*?)(?:\. Source:|$)|Failed to sync (?:some of the )?updates?|ID=6703\b/i,
    stage: 'server-sync',
    outcome: 'failed',
    finding: 'DOCTOR_SYNCHRONIZATION',
  },
];

/** The words of the exception tell the WSUS server's trouble with its upstream. */
function upstream(): LineRule[] {
  return [
    { id: 'cm-upstream', from: sync, text: uss, stage: 'server-sync', outcome: 'failed', finding: upstreamCauses },
  ];
}
