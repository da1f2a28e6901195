// The lines of client logs that are known, by what they say. Texts are those of published logs, of the tools
// that administrators run beside (InstallSelfupdateOnPort80, ClientDiag), and of our own agents.
import { managedService, serviceIn } from './complaints.ts';
import { failuresIn, type LogEntry, lastPart } from './entry.ts';
import type { ClientStory } from './story.ts';

export interface Rule {
  /** In lower case: whatever matches has one of them. */
  words: readonly string[];
  pattern: RegExp;
  apply(story: ClientStory, entry: LogEntry, match: RegExpExecArray): void;
}

/** In the order they are tried; several may match one line. */
export const knownLines: readonly Rule[] = [
  {
    words: ['no format information found', 'update logs are now generated'],
    pattern: /No Format Information found|Windows Update logs are now generated using ETW/i,
    apply: (story, entry) => story.notDecoded(entry),
  },
  {
    words: ['checking for agent selfupdate', 'checking whether self-update'],
    pattern: /Checking for agent SelfUpdate|Checking whether self-update is required/i,
    apply: (story, entry) => story.startCheck(entry),
  },
  {
    words: ['isupdaterequired failed', 'skipping scan, self-update'],
    pattern: /IsUpdateRequired failed|Skipping scan, self-update check returned/i,
    apply: (story) => story.skipScan(),
  },
  {
    // WU_E_SETUP_SKIP_UPDATE: the same as /SKIP, said as an error.
    words: ['8024d009'],
    pattern: /(?:self-?update|IsUpdateRequired).*0x8024d009/i,
    apply(story, entry) {
      story.endCheck();
      story.success(entry, 'self-update');
      story.milestone(entry, 'self-update skipped as the server asks (/SKIP)', true);
    },
  },
  {
    words: ['client version', 'agent version'],
    pattern: /(?:Client version: Core:|WU client version|Agent version|Client version:?)\s*([\d.]+)/i,
    apply: (story, _entry, [, version = '']) => story.versions.add(version),
  },
  {
    words: ['logging initialized'],
    pattern: /Logging initialized \(build: ([\d.]+), tz: ([+-]\d{4})\)/i,
    apply(story, entry, [, version = '', zone]) {
      story.versions.add(version);
      story.timeZone = zone;
      story.milestone(entry, `agent ${version} started`, true);
    },
  },
  {
    words: ['(sus client)', 'this is version'],
    pattern: /(?:\(SUS client\)|This is version) ([\d.]+) (started|now)\b/i,
    apply(story, entry, [, version = '', word]) {
      story.versions.add(version);
      if (word === 'now') story.success(entry, 'self-update');
      story.milestone(entry, word === 'now' ? `agent replaced: ${version}` : `agent ${version} started`, true);
    },
  },
  {
    words: ['selfupdate check completed', 'isupdaterequired = '],
    pattern: /SelfUpdate check completed\.\s+SelfUpdate is NOT required|^\W*IsUpdateRequired = No\b/i,
    apply(story, entry) {
      story.endCheck();
      story.success(entry, 'self-update');
      story.milestone(entry, 'self-update check: nothing to do', true);
    },
  },
  {
    words: ['selfupdate check completed', 'isupdaterequired = '],
    pattern: /SelfUpdate check completed\.\s+SelfUpdate is required|^\W*IsUpdateRequired = Yes\b/i,
    apply(story, entry) {
      story.endCheck();
      story.milestone(entry, 'self-update check: a newer agent is offered', true);
    },
  },
  {
    words: ['skipping selfupdate', 'wuident says'],
    pattern:
      /Skipping SelfUpdate check based on the \/SKIP|not quorum-signed\. Skipping selfupdate|wuident says \/SKIP/i,
    apply(story, entry) {
      story.endCheck();
      story.success(entry, 'self-update');
      story.milestone(entry, 'self-update skipped as the server asks (/SKIP)', true);
    },
  },
  {
    words: ['/unsupported'],
    pattern: /\/UNSUPPORTED\b/,
    apply: (story, entry) => story.trouble(entry, 'DOCTOR_CLIENT_UNSUPPORTED', 0x8024d00a),
  },
  {
    words: ['validating signature for'],
    pattern: /Validating signature for (.+?)(?: with dwProvFlags.*)?:?$/i,
    apply: (story, _entry, [, file = '']) => story.validate(file),
  },
  {
    words: ['signed:'],
    pattern: /(?:Microsoft|Operator) signed:\s*No\b/i,
    apply: (story, entry) => story.trouble(entry, 'DOCTOR_SIGNATURE_REFUSED', 0, { file: lastPart(story.validated) }),
  },
  {
    words: ['install of setup package'],
    pattern: /Install of setup package "([^"]+)" (succeeded|failed)/i,
    apply(story, entry, [, name = '', outcome]) {
      story.enter('self-update');
      const good = outcome === 'succeeded';
      story.milestone(entry, `agent package ${lastPart(name)} ${outcome}`, good);
      if (good) story.success(entry, 'self-update');
      else if (failuresIn(entry.text).length === 0) story.trouble(entry, 'DOCTOR_SETUP_FAILED');
    },
  },
  {
    words: ['service exit'],
    pattern: /Service exit \[Exit code = 0x24000([12])\]/i,
    apply: (story, entry, [, kind]) =>
      story.milestone(entry, kind === '2' ? 'service stopped after replacing its own files' : 'service stopped', true),
  },
  {
    words: ['serviceid'],
    pattern: /ServiceI[dD]\s*=/,
    apply: (story, entry) => story.talkTo(serviceIn(entry.text) ?? managedService),
  },
  {
    words: ['server url'],
    pattern: /Server URL\s*=\s*(https?:\/\/\S+)/i,
    apply(story, entry, [, url = '']) {
      story.serverUrls.add(url);
      if (/\/clientwebservice\//i.test(url)) story.scan(entry, url);
    },
  },
  {
    words: ['wsus server:', 'wsus status server:'],
    pattern: /WSUS (?:status )?server:\s*(https?:\/\/\S+)/i,
    apply(story, _entry, [, url = '']) {
      story.serverUrls.add(url);
      story.configured.add(url);
    },
  },
  {
    words: ['//selfupdate/'],
    pattern: /https?:\/\/[^/\s]+\/\/selfupdate\//i,
    apply: (story, entry) => story.trouble(entry, 'DOCTOR_WUSERVER_TRAILING_SLASH'),
  },
  {
    words: ['/selfupdate/'],
    pattern:
      /(?:DownloadFileInternal|SendRequestUsingProxy|HttpRequest|download|GET)\b.*https?:\/\/([\w.-]+)\S*\/selfupdate\//i,
    apply: (story, _entry, match) => story.serverUrls.add(/https?:\/\/[\w.:-]+/i.exec(match[0])?.[0] ?? ''),
  },
  {
    words: ['clientid = ,'],
    pattern: /clientId = ,/i,
    apply(story, entry) {
      story.enter('scan');
      story.trouble(entry, 'DOCTOR_SUSCLIENTID_EMPTY');
    },
  },
  {
    words: ['soap fault info', 'message contained a', 'errorcode'],
    pattern:
      /Soap fault info|message contained a (?:SOAP )?fault|errorCode:?\s*=?\s*(InvalidCookie|ConfigChanged|RegistrationRequired|ServerChanged|InvalidParameters)/i,
    apply: (story, entry) => story.trouble(entry, 'DOCTOR_SOAP_FAULT', 0x80244007),
  },
  {
    // "Updates found = 0" stands under searches that failed, too.
    words: ['categor', 'successfully detected', 'updates found'],
    pattern: /found (\d+) updates? and \d+ categor|successfully detected \d+ update|Updates found = [1-9]/i,
    apply(story, entry) {
      // A scan that ended well shows that whatever failed on the way there did no harm.
      story.success(entry, 'self-update', 'scan', 'other');
      story.milestone(entry, 'scan finished', true);
    },
  },
  {
    words: ['overwritten by a higher'],
    pattern: /settings were overwritten by a higher authority/i,
    apply: (story, entry) => story.trouble(entry, 'DOCTOR_POLICY_OVERWRITTEN'),
  },
  {
    words: ['next detection timeout'],
    pattern: /setting next detection timeout to (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)/i,
    apply: (story, entry, [, when]) => story.milestone(entry, `next detection ${when} UTC`, undefined),
  },
  {
    words: ['legacy '],
    pattern: /legacy (?:\(SUS\) )?mode/i,
    apply(story, entry) {
      if (/leav|left|out of|ended/i.test(entry.text)) story.success(entry, 'other');
      else story.trouble(entry, 'DOCTOR_LEGACY_MODE');
    },
  },
  {
    words: ['installselfupdateonport80'],
    pattern: /InstallSelfupdateOnPort80 (succeeded|failed)/i,
    apply(story, entry, [, outcome]) {
      if (outcome === 'succeeded') story.milestone(entry, 'InstallSelfupdateOnPort80 succeeded', true);
      else story.trouble(entry, 'DOCTOR_PORT80_SETUP_FAILED');
    },
  },
  {
    words: ['setupselfupdatetree'],
    pattern: /SetupSelfupdateTree: .*(?:Error|failed|could not|cannot|not found)/i,
    apply: (story, entry) => story.trouble(entry, 'DOCTOR_PORT80_SETUP_FAILED'),
  },
  {
    words: ['setupselfupdatetree'],
    pattern: /^SetupSelfupdateTree: Warning: (.*)$/i,
    apply: (story, entry, [, text]) => story.milestone(entry, text ?? '', true),
  },
  {
    // cscript names the script and the place where it stopped, in whatever language.
    words: ['installselfupdateonport80'],
    pattern: /InstallSelfupdateOnPort80\.vbs\(\d+, ?\d+\)/i,
    apply: (story, entry) => story.trouble(entry, 'DOCTOR_PORT80_SETUP_FAILED'),
  },
  {
    words: ['downloaded iuident.cab', 'downloaded wuident.cab'],
    pattern: /\b(?:Downloaded) (?:iu|wu)ident\.cab from/i,
    apply(story, entry) {
      if (/^\W*ERROR/.test(entry.text)) return;
      story.success(entry, 'self-update');
      story.milestone(entry, 'ident fetched', true);
    },
  },
  {
    words: ['querying software update catalog'],
    pattern: /^Querying software update catalog from/i,
    apply(story, entry) {
      if (entry.layout !== 'sus' || failuresIn(entry.text).length > 0) return;
      story.success(entry, 'scan', 'other');
      story.milestone(entry, 'catalog asked for', true);
    },
  },
  {
    words: ['jet error', 'esent'],
    pattern: /Jet error -\d+|\bESENT\b.*(?:error|failed|corrupt)/i,
    apply: (story, entry) => story.trouble(entry, 'DOCTOR_DATASTORE', failuresIn(entry.text)[0] ?? 0),
  },
  {
    // Event 16 of the agent, and what it reports as 149.
    words: ['unable to connect to the automatic'],
    pattern: /Windows is unable to connect to the automatic updates service/i,
    apply: (story, entry) => story.trouble(entry, 'DOCTOR_NO_ANSWER', failuresIn(entry.text)[0] ?? 0),
  },
  // ClientDiag (WSUS Client Diagnostics Tool): dotted lines that end in PASS, FAIL or NONE.
  {
    words: ['folder is missing'],
    pattern: /^Self-?Update folder is missing\b/i,
    apply: (story, entry) => story.trouble(entry, 'DOCTOR_TREE_MISSING'),
  },
  {
    words: ['service is '],
    pattern:
      /^(?:Automatic Updates|Windows Update|Background Intelligent Transfer) Service is (not running|disabled)\b.*FAIL$/i,
    apply: (story, entry, [, state]) =>
      story.trouble(entry, state === 'disabled' ? 'DOCTOR_SERVICE_DISABLED' : 'DOCTOR_SERVICE_STOPPED'),
  },
  {
    words: ['usewuserver is'],
    pattern: /^UseWuServer is disabled\b/i,
    apply: (story, entry) => story.trouble(entry, 'DOCTOR_USEWUSERVER_OFF', 0, { found: '0, says ClientDiag' }),
  },
  {
    words: ['au option is'],
    pattern: /^AU Option is 1\b/i,
    apply: (story, entry) => story.trouble(entry, 'DOCTOR_AU_OFF', 0, { found: 'AU Option 1, says ClientDiag' }),
  },
  {
    words: ['folder is present', 'connection to server'],
    pattern: /^Self-?Update folder is present\b.*PASS$|^Connection to server\b.*PASS$/i,
    apply: (story, entry) => story.milestone(entry, entry.text.replace(/[\s.]+PASS$/, ''), true),
  },
];
