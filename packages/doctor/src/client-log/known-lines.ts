// The lines of client logs that are known, by what they say. Texts are those of published logs, and of our own agents.
// To add one: give it an id, words that every match has, a pattern whose named groups become parameters, and its
// meaning (known-line.ts).
import { publishedCodes as hr } from '@moult/protocol/hresult';
import type { KnownLine } from './known-line.ts';
import { toolLines } from './tool-lines.ts';

/** In the order they are tried. Several may match one line. At most 62: two numbers of 31 bits say which may match. */
export const knownLines: readonly KnownLine[] = [
  {
    id: 'not-decoded',
    words: ['no format information found', 'update logs are now generated'],
    pattern: /No Format Information found|Windows Update logs are now generated using ETW/i,
    says: {},
  },
  {
    id: 'check-begins',
    words: ['checking for agent selfupdate', 'checking whether self-update'],
    pattern: /Checking for agent SelfUpdate|Checking whether self-update is required/i,
    says: { stage: 'self-update', outcome: 'began' },
    context: 'check-begins',
  },
  {
    id: 'check-failed',
    words: ['isupdaterequired failed', 'skipping scan, self-update'],
    pattern: /IsUpdateRequired failed|Skipping scan, self-update check returned/i,
    says: { stage: 'self-update', outcome: 'ended' },
    context: 'scan-skipped',
  },
  {
    // WU_E_SETUP_SKIP_UPDATE: the same as /SKIP, said as an error.
    id: 'check-skipped-by-code',
    words: ['8024d009'],
    pattern: /(?:self-?update|IsUpdateRequired).*0x8024d009/i,
    says: { stage: 'self-update', outcome: 'succeeded', milestone: 'self-update skipped as the server asks (/SKIP)' },
  },
  {
    id: 'client-version',
    words: ['client version', 'agent version'],
    pattern: /(?:Client version: Core:|WU client version|Agent version|Client version:?)\s*(?<version>[\d.]+)/i,
    says: {},
  },
  {
    id: 'agent-started',
    words: ['logging initialized'],
    pattern: /Logging initialized \(build: (?<version>[\d.]+), tz: (?<zone>[+-]\d{4})\)/i,
    says: { milestone: 'agent {version} started' },
  },
  {
    id: 'sus-agent-started',
    words: ['(sus client)', 'this is version'],
    pattern: /(?:\(SUS client\)|This is version) (?<version>[\d.]+) started\b/i,
    says: { milestone: 'agent {version} started' },
  },
  {
    id: 'sus-agent-replaced',
    words: ['(sus client)', 'this is version'],
    pattern: /(?:\(SUS client\)|This is version) (?<version>[\d.]+) now\b/i,
    says: { stage: 'self-update', outcome: 'succeeded', milestone: 'agent replaced: {version}' },
  },
  {
    id: 'check-nothing-to-do',
    words: ['selfupdate check completed', 'isupdaterequired = '],
    pattern: /SelfUpdate check completed\.\s+SelfUpdate is NOT required|^\W*IsUpdateRequired = No\b/i,
    says: { stage: 'self-update', outcome: 'succeeded', milestone: 'self-update check: nothing to do' },
  },
  {
    id: 'check-newer-offered',
    words: ['selfupdate check completed', 'isupdaterequired = '],
    pattern: /SelfUpdate check completed\.\s+SelfUpdate is required|^\W*IsUpdateRequired = Yes\b/i,
    says: { stage: 'self-update', outcome: 'ended', milestone: 'self-update check: a newer agent is offered' },
  },
  {
    id: 'check-skipped',
    words: ['skipping selfupdate', 'wuident says'],
    pattern:
      /Skipping SelfUpdate check based on the \/SKIP|not quorum-signed\. Skipping selfupdate|wuident says \/SKIP/i,
    says: { stage: 'self-update', outcome: 'succeeded', milestone: 'self-update skipped as the server asks (/SKIP)' },
  },
  {
    id: 'unsupported',
    words: ['/unsupported'],
    pattern: /\/UNSUPPORTED\b/,
    says: { outcome: 'failed', finding: 'DOCTOR_CLIENT_UNSUPPORTED', code: hr.WU_E_SETUP_UNSUPPORTED_CONFIGURATION },
  },
  {
    id: 'validates',
    words: ['validating signature for'],
    pattern: /Validating signature for (?<validated>.+?)(?: with dwProvFlags.*)?:?$/i,
    says: {},
    context: 'validates',
  },
  {
    id: 'not-signed',
    words: ['signed:'],
    pattern: /(?:Microsoft|Operator) signed:\s*No\b/i,
    says: { outcome: 'warned', finding: 'DOCTOR_SIGNATURE_REFUSED' },
  },
  {
    id: 'agent-package-installed',
    words: ['install of setup package'],
    pattern: /Install of setup package "(?:[^"]*[\\/])?(?<name>[^"\\/]+)" succeeded/i,
    says: { stage: 'self-update', outcome: 'succeeded', milestone: 'agent package {name} succeeded' },
    context: 'enters',
  },
  {
    id: 'agent-package-failed',
    words: ['install of setup package'],
    pattern: /Install of setup package "(?:[^"]*[\\/])?(?<name>[^"\\/]+)" failed/i,
    unless: /\b(?:0x)?[89c][0-9a-f]{7}\b/i,
    says: {
      stage: 'self-update',
      outcome: 'failed',
      finding: 'DOCTOR_SETUP_FAILED',
      milestone: 'agent package {name} failed',
    },
    context: 'enters',
  },
  {
    id: 'service-stopped',
    words: ['service exit'],
    pattern: /Service exit \[Exit code = 0x240001\]/i,
    says: { milestone: 'service stopped' },
  },
  {
    id: 'service-stopped-replacing',
    words: ['service exit'],
    pattern: /Service exit \[Exit code = 0x240002\]/i,
    says: { milestone: 'service stopped after replacing its own files' },
  },
  {
    id: 'names-service',
    words: ['serviceid'],
    pattern: /ServiceI[dD]\s*=\s*\{?(?<serviceGuid>[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})/,
    says: {},
    context: 'names-service',
  },
  {
    id: 'asks-service',
    words: ['server url'],
    pattern: /Server URL\s*[=:]\s*"?(?<server>https?:\/\/[^\s"]+)/i,
    says: {},
    context: 'asks-service',
  },
  {
    id: 'configured-server',
    words: ['wsus server:', 'wsus status server:'],
    pattern: /WSUS (?:status )?server:\s*(?<configured>https?:\/\/\S+)/i,
    says: {},
  },
  {
    id: 'proxy',
    words: ['proxy list'],
    pattern: /Proxy List(?: used)?\s*:\s*[<'"]*(?<proxy>[^>'"\s]+)/i,
    says: {},
    context: 'uses-proxy',
  },
  {
    id: 'no-server',
    words: ['wsus server:'],
    pattern: /WSUS server:\s*(?:<?\(?NULL\)?>?)/i,
    says: {},
  },
  {
    id: 'double-slash',
    words: ['//selfupdate/'],
    pattern: /https?:\/\/[^/\s]+\/\/selfupdate\//i,
    says: { outcome: 'warned' },
  },
  {
    id: 'asks-for-tree',
    words: ['/selfupdate/'],
    pattern:
      /(?:DownloadFileInternal|SendRequestUsingProxy|HttpRequest|download|GET)\b.*?(?<server>https?:\/\/[\w.:-]+)\S*\/selfupdate\//i,
    says: {},
  },
  {
    id: 'empty-client-id',
    words: ['clientid = ,'],
    pattern: /clientId = ,/i,
    says: { stage: 'web-service', outcome: 'warned', finding: 'DOCTOR_SUSCLIENTID_EMPTY' },
    context: 'enters',
  },
  {
    id: 'soap-fault',
    words: ['soap fault', 'message contained a'],
    pattern: /Soap fault info|SOAP Fault:|message contained a (?:SOAP )?fault/i,
    says: {
      stage: 'web-service',
      outcome: 'warned',
      finding: 'DOCTOR_SOAP_FAULT',
      code: hr.WU_E_PT_SOAPCLIENT_SOAPFAULT,
    },
  },
  {
    id: 'tls-date',
    words: ['date in the certificate'],
    pattern: /^WS error: .*date in the certificate/i,
    says: { stage: 'web-service', outcome: 'warned', finding: 'DOCTOR_TLS_EXPIRED' },
  },
  {
    id: 'tls-issuer',
    words: ['not trusted by the trust'],
    pattern: /^WS error: .*root certificate which is not trusted by the trust provider/i,
    says: { stage: 'web-service', outcome: 'warned', finding: 'DOCTOR_TLS_UNTRUSTED' },
  },
  {
    id: 'tls-name',
    words: ['in the certificate is invalid', 'cn name does not match'],
    pattern: /^WS error: .*(?:host ?name in the certificate is invalid|CN name does not match)/i,
    says: { stage: 'web-service', outcome: 'warned', finding: 'DOCTOR_TLS_NAME' },
  },
  {
    id: 'scan-begins',
    words: ['finding updates', 'search for updates'],
    pattern: /\*+ *START *\*+\s+(?:Agent: )?Finding updates/i,
    says: { stage: 'detection', outcome: 'began' },
    context: 'scan-begins',
  },
  {
    id: 'scan-ends',
    words: ['finding updates'],
    pattern: /\*+ *END *\*+\s+(?:Agent: )?Finding updates/i,
    says: { stage: 'detection', outcome: 'ended' },
  },
  {
    id: 'download-begins',
    words: ['downloading updates'],
    pattern: /\*+ *START *\*+\s+(?:Agent: )?Downloading updates/i,
    says: { stage: 'download', outcome: 'began' },
  },
  {
    id: 'download-ends',
    words: ['downloading updates'],
    pattern: /\*+ *END *\*+\s+(?:Agent: )?Downloading updates/i,
    says: { stage: 'download', outcome: 'ended' },
  },
  {
    id: 'installation-begins',
    words: ['installing updates'],
    pattern: /\*+ *START *\*+\s+(?:Agent: )?Installing updates/i,
    says: { stage: 'installation', outcome: 'began' },
  },
  {
    id: 'installation-ends',
    words: ['installing updates'],
    pattern: /\*+ *END *\*+\s+(?:Agent: )?Installing updates/i,
    says: { stage: 'installation', outcome: 'ended' },
  },
  {
    // Failed searches say "Updates found = 0", too.
    id: 'scan-finished',
    words: ['categor', 'successfully detected', 'updates found', 'updates detected'],
    pattern:
      /found (?<found>\d+) updates? and \d+ categor|successfully detected (?<detected>\d+) update|^\W*# (?<counted>\d+) updates detected|Updates found = (?<listed>[1-9]\d*)/i,
    // A scan that ended well shows that whatever failed on the way there did no harm.
    says: {
      stage: 'detection',
      outcome: 'succeeded',
      alsoWell: ['self-update', 'web-service', 'auth-ticket', 'other'],
      milestone: 'scan finished',
    },
  },
  {
    id: 'downloaded',
    words: ['download succeeded', 'downloaded update', 'completed successfully'],
    pattern: /\bDownload succeeded\b|\bsuccessfully downloaded update|\b(?:BITS|DO) job\b.*completed successfully/i,
    says: { stage: 'download', outcome: 'succeeded', milestone: 'download finished' },
  },
  {
    id: 'installed',
    words: [
      'installation successful',
      'successfully installed',
      'install succeeded',
      'result = succeeded',
      'completed install',
    ],
    pattern:
      /Installation Successful|successfully installed|\bInstall succeeded\b|\binstall\b.*Result = Succeeded|Completed install\b.*\bhr=(?:0x)?0+\b/i,
    unless: /0x8[0-9a-f]{7}/i,
    says: { stage: 'installation', outcome: 'succeeded', milestone: 'update installed' },
  },
  {
    id: 'install-failed',
    words: ['result = failed'],
    pattern: /\binstall\b.*Return code = (?<returnCode>\S+?),.*Result = Failed/i,
    says: { stage: 'installation', outcome: 'failed', finding: 'DOCTOR_INSTALL_FAILED' },
  },
  {
    id: 'policy-overwritten',
    words: ['overwritten by a higher'],
    pattern: /settings were overwritten by a higher authority/i,
    says: { stage: 'policy', outcome: 'failed', finding: 'DOCTOR_POLICY_OVERWRITTEN' },
  },
  {
    // ReportingEvents.log, echoed.
    id: 'report-event',
    words: ['report event:'],
    pattern: /REPORT EVENT:\s*(?<reported>\{.*)$/i,
    says: {},
  },
  {
    id: 'next-detection',
    words: ['next detection timeout'],
    pattern: /setting next detection timeout to (?<when>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)/i,
    says: { milestone: 'next detection {when} UTC' },
  },
  {
    id: 'legacy-left',
    words: ['legacy '],
    pattern: /legacy (?:\(SUS\) )?mode/i,
    unless: /^(?!.*(?:leav|left|out of|ended))/i,
    says: { stage: 'other', outcome: 'succeeded' },
  },
  {
    id: 'legacy',
    words: ['legacy '],
    pattern: /legacy (?:\(SUS\) )?mode/i,
    unless: /leav|left|out of|ended/i,
    says: { stage: 'other', outcome: 'failed', finding: 'DOCTOR_LEGACY_MODE' },
  },
  {
    id: 'ident-fetched',
    words: ['downloaded iuident.cab', 'downloaded wuident.cab'],
    pattern: /\b(?:Downloaded) (?:iu|wu)ident\.cab from/i,
    unless: /^\W*ERROR/,
    says: { stage: 'self-update', outcome: 'succeeded', milestone: 'ident fetched' },
  },
  {
    id: 'catalog-asked',
    words: ['querying software update catalog'],
    pattern: /^Querying software update catalog from/i,
    unless: /0x[89c][0-9a-f]{7}/i,
    layout: 'sus',
    says: { stage: 'detection', outcome: 'succeeded', alsoWell: ['other'], milestone: 'catalog asked for' },
  },
  {
    id: 'datastore',
    words: ['jet error', 'esent'],
    pattern: /Jet error -\d+|\bESENT\b.*(?:error|failed|corrupt)/i,
    says: { outcome: 'warned', finding: 'DOCTOR_DATASTORE' },
  },
  {
    // Event 16 of the agent, and what it reports as 149.
    id: 'unable-to-connect',
    words: ['unable to connect to the automatic'],
    pattern: /Windows is unable to connect to the automatic updates service/i,
    says: { stage: 'detection', outcome: 'failed', finding: 'DOCTOR_NO_ANSWER' },
  },
  ...toolLines,
];
