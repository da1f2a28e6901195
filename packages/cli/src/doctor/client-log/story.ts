// Reads a client's log line by line and keeps the story: which agent, which server, how each self-update check ended,
// what failed and whether it worked again later. Bounded: equal troubles are counted, not kept.
import type { Evidence } from '../finding.ts';
import { causeOfStatus } from '../hresult/cause.ts';
import type { FindingCode } from '../words/codes.ts';
import { failuresIn, type LogEntry, urlIn } from './entry.ts';
import { type Phase, troubleOf } from './trouble.ts';

export interface Trouble {
  code: FindingCode;
  phase: Phase;
  /** HRESULT; 0 where a line of text was enough. */
  error: number;
  url: string | undefined;
  count: number;
  first: Evidence;
  last: Evidence;
  lastAt: number | undefined;
  lastOrder: number;
  extra: Record<string, string>;
}

export interface Milestone {
  at: number | undefined;
  what: string;
  evidence: Evidence;
  good: boolean;
}

const maxTroubles = 300;
const maxMilestones = 400;

export class ClientStory {
  readonly versions = new Set<string>();
  readonly layouts = new Set<string>();
  readonly serverUrls = new Set<string>();
  readonly components = new Set<string>();
  readonly troubles = new Map<string, Trouble>();
  readonly milestones: Milestone[] = [];
  /** Order (line count over all files) and time of the last success of each phase. */
  readonly successes = new Map<Phase, { at: number | undefined; order: number }>();
  timeZone: string | undefined;
  checksStarted = 0;
  checksEnded = 0;
  lastCheckStart: Evidence | undefined;
  private phase: Phase = 'other';
  private url: string | undefined;
  private validating = '';
  private order = 0;

  /** Takes the next line in. */
  add(entry: LogEntry): void {
    this.order++;
    if (entry.layout !== 'plain') this.layouts.add(entry.layout);
    if (entry.component && this.components.size < 60) this.components.add(entry.component);
    this.followPhase(entry);
    if (entry.layout === 'sus' && /\tSuccess\tDetection\t/i.test(entry.raw)) this.success(entry, 'self-update');
    const url = urlIn(entry.text);
    if (url) this.url = url;
    for (const rule of rules) {
      const match = rule.pattern.exec(entry.text);
      if (match) rule.apply(this, entry, match);
    }
    this.noteFailures(entry);
  }

  milestone(entry: LogEntry, what: string, good: boolean): void {
    if (this.milestones.length >= maxMilestones) this.milestones.splice(maxMilestones / 2, 1);
    this.milestones.push({ at: entry.stamp?.at, what, evidence: evidenceOfEntry(entry), good });
  }

  success(entry: LogEntry, ...phases: Phase[]): void {
    for (const phase of phases) this.successes.set(phase, { at: entry.stamp?.at, order: this.order });
  }

  trouble(entry: LogEntry, code: FindingCode, error = 0, extra: Record<string, string> = {}): void {
    const url = this.url;
    const key = `${code}|${this.phase}|${extra.file ?? ''}`;
    const known = this.troubles.get(key);
    const last = evidenceOfEntry(entry);
    if (known) {
      known.count++;
      known.last = last;
      known.lastAt = entry.stamp?.at;
      known.lastOrder = this.order;
      known.url ??= url;
      if (known.error === 0) known.error = error;
      return;
    }
    if (this.troubles.size >= maxTroubles) return;
    const order = this.order;
    const lastAt = entry.stamp?.at;
    this.troubles.set(key, {
      code,
      phase: this.phase,
      error,
      url,
      count: 1,
      first: last,
      last,
      lastAt,
      lastOrder: order,
      extra,
    });
  }

  /** True when the phase that failed worked again afterwards. */
  isHealed(trouble: Trouble): boolean {
    const success = this.successes.get(trouble.phase);
    if (!success) return false;
    if (success.at !== undefined && trouble.lastAt !== undefined && success.at !== trouble.lastAt) {
      return success.at > trouble.lastAt;
    }
    return success.order > trouble.lastOrder;
  }

  startCheck(entry: LogEntry): void {
    this.checksStarted++;
    this.phase = 'self-update';
    this.url = undefined;
    this.lastCheckStart = evidenceOfEntry(entry);
  }

  endCheck(): void {
    this.checksEnded++;
  }

  validate(file: string): void {
    this.validating = file;
  }

  get validated(): string {
    return this.validating;
  }

  enter(phase: Phase): void {
    this.phase = phase;
  }

  private followPhase(entry: LogEntry): void {
    const text = entry.text;
    const before = this.phase;
    if (/^setup$/i.test(entry.component) || /self-?update/i.test(text)) this.phase = 'self-update';
    else if (/^(pt|protocoltalker|ep|webservices|ws)$/i.test(entry.component)) this.phase = 'scan';
    else if (/^(dnldmgr|downloadmanager|dwnldmgr|bits)$/i.test(entry.component)) this.phase = 'download';
    else if (/^(handler|eehndlr)$/i.test(entry.component)) this.phase = 'install';
    else if (/^(report|reporter)$/i.test(entry.component)) this.phase = 'report';
    else if (/Finding updates|Search for updates/i.test(text)) this.phase = 'scan';
    // What is downloaded comes from elsewhere than what the scan talked to.
    if (this.phase === 'download' && before !== 'download') this.url = undefined;
  }

  private noteFailures(entry: LogEntry): void {
    if (!complains.test(entry.text) || /REPORT EVENT:/.test(entry.text) || everyday.test(entry.text)) return;
    const status = /HTTP status(?: code)?\s*[:=]?\s*'?(\d{3})\b/i.exec(entry.text)?.[1];
    if (status) {
      const cause = causeOfStatus(Number(status));
      if (cause !== 'harmless')
        this.trouble(entry, troubleForStatus(Number(status), this.phase, this.url), 0x80190000 + Number(status));
    }
    for (const value of failuresIn(entry.text)) {
      const code = troubleOf(value, this.phase, this.url);
      if (code === 'harmless') continue;
      const file = lastPart(this.validated);
      const named: Record<string, string> = aboutFiles.has(code) && file !== '' ? { file, path: file } : {};
      this.trouble(entry, code, value, named);
    }
  }
}

/** A line as evidence. */
export function evidenceOfEntry(entry: LogEntry): Evidence {
  const text = entry.raw.trim().slice(0, 500);
  const at = entry.stamp ? { at: showTime(entry) } : {};
  return { source: entry.source, line: entry.line, text, ...at };
}

function showTime(entry: LogEntry): string {
  const iso = new Date(entry.stamp?.at ?? 0).toISOString();
  return entry.stamp?.zone === 'utc' ? iso : iso.replace(/Z$/, '');
}

function troubleForStatus(status: number, phase: Phase, url: string | undefined): FindingCode {
  const code = troubleOf(0x80190000 + status, phase, url);
  return code === 'harmless' ? 'DOCTOR_HTTP_STATUS' : code;
}

/** Findings about a file whose signature was being looked at. */
const aboutFiles = new Set<FindingCode>([
  'DOCTOR_CABINET_WRONG_SIGNER',
  'DOCTOR_CABINET_ALTERED',
  'DOCTOR_CABINET_UNSIGNED',
  'DOCTOR_SIGNATURE_REFUSED',
]);

const complains =
  /WARN|FATAL|ERROR|fail|fault|fehl|échec|erreur|失敗|エラー|错误|错誤|nws|\bhr\b|unable|cannot|could not|exit code|self-update check returned/i;

/** Complaints that healthy machines write every day: rules without a meaning here, sessions without a user, first starts. */
const everyday =
  /CSerializationHelper|Failed to evaluate Install(?:ed|able) rule|GetUserTokenFromSessionId|LoadLibrary failed for srclient\.dll|event uploader for new server .*8024043d/i;

interface Rule {
  pattern: RegExp;
  apply(story: ClientStory, entry: LogEntry, match: RegExpExecArray): void;
}

/** The lines that are known, by what they say. Texts are those of logs.md and self-update.md and our own agents'. */
const rules: readonly Rule[] = [
  { pattern: /Checking for agent SelfUpdate/i, apply: (story, entry) => story.startCheck(entry) },
  {
    // WU_E_SETUP_SKIP_UPDATE: the same as /SKIP, said as an error.
    pattern: /(?:self-?update|IsUpdateRequired).*0x8024d009/i,
    apply(story, entry) {
      story.endCheck();
      story.success(entry, 'self-update');
      story.milestone(entry, 'self-update skipped as the server asks (/SKIP)', true);
    },
  },
  {
    pattern: /(?:Client version: Core:|WU client version|Agent version|Client version:?)\s*([\d.]+)/i,
    apply: (story, _entry, [, version = '']) => story.versions.add(version),
  },
  {
    pattern: /Logging initialized \(build: ([\d.]+), tz: ([+-]\d{4})\)/i,
    apply(story, entry, [, version = '', zone]) {
      story.versions.add(version);
      story.timeZone = zone;
      story.milestone(entry, `agent ${version} started`, true);
    },
  },
  {
    pattern: /(?:\(SUS client\)|This is version) ([\d.]+) (started|now)\b/i,
    apply(story, entry, [, version = '', word]) {
      story.versions.add(version);
      if (word === 'now') story.success(entry, 'self-update');
      story.milestone(entry, word === 'now' ? `agent replaced: ${version}` : `agent ${version} started`, true);
    },
  },
  {
    pattern: /SelfUpdate check completed\.\s+SelfUpdate is NOT required/i,
    apply(story, entry) {
      story.endCheck();
      story.success(entry, 'self-update');
      story.milestone(entry, 'self-update check: nothing to do', true);
    },
  },
  {
    pattern: /SelfUpdate check completed\.\s+SelfUpdate is required/i,
    apply(story, entry) {
      story.endCheck();
      story.milestone(entry, 'self-update check: a newer agent is offered', true);
    },
  },
  {
    pattern:
      /Skipping SelfUpdate check based on the \/SKIP|not quorum-signed\. Skipping selfupdate|wuident says \/SKIP/i,
    apply(story, entry) {
      story.endCheck();
      story.success(entry, 'self-update');
      story.milestone(entry, 'self-update skipped as the server asks (/SKIP)', true);
    },
  },
  {
    pattern: /\/UNSUPPORTED\b/,
    apply: (story, entry) => story.trouble(entry, 'DOCTOR_CLIENT_UNSUPPORTED', 0x8024d00a),
  },
  {
    pattern: /Validating signature for (.+?)(?: with dwProvFlags.*)?:?$/i,
    apply: (story, _entry, [, file = '']) => story.validate(file),
  },
  {
    pattern: /(?:Microsoft|Operator) signed:\s*No\b/i,
    apply: (story, entry) => story.trouble(entry, 'DOCTOR_SIGNATURE_REFUSED', 0, { file: lastPart(story.validated) }),
  },
  {
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
    pattern: /Service exit \[Exit code = 0x24000([12])\]/i,
    apply: (story, entry, [, kind]) =>
      story.milestone(entry, kind === '2' ? 'service stopped after replacing its own files' : 'service stopped', true),
  },
  {
    pattern: /(?:ServiceId = \{[0-9A-F-]+\}, )?Server URL\s*=\s*(https?:\/\/\S+)/i,
    apply: (story, _entry, [, url = '']) => story.serverUrls.add(url),
  },
  {
    pattern: /WSUS (?:status )?server:\s*(https?:\/\/\S+)/i,
    apply: (story, _entry, [, url = '']) => story.serverUrls.add(url),
  },
  {
    pattern: /https?:\/\/[^/\s]+\/\/selfupdate\//i,
    apply: (story, entry) => story.trouble(entry, 'DOCTOR_WUSERVER_TRAILING_SLASH'),
  },
  {
    pattern:
      /(?:DownloadFileInternal|SendRequestUsingProxy|HttpRequest|download|GET)\b.*https?:\/\/([\w.-]+)\S*\/selfupdate\//i,
    apply: (story, _entry, match) => story.serverUrls.add(/https?:\/\/[\w.:-]+/i.exec(match[0])?.[0] ?? ''),
  },
  {
    pattern: /clientId = ,/i,
    apply(story, entry) {
      story.enter('scan');
      story.trouble(entry, 'DOCTOR_SUSCLIENTID_EMPTY');
    },
  },
  {
    pattern:
      /Soap fault info|message contained a (?:SOAP )?fault|errorCode:?\s*=?\s*(InvalidCookie|ConfigChanged|RegistrationRequired|ServerChanged|InvalidParameters)/i,
    apply: (story, entry) => story.trouble(entry, 'DOCTOR_SOAP_FAULT', 0x80244007),
  },
  {
    pattern: /found (\d+) updates? and \d+ categor|successfully detected \d+ update|Updates found = \d+/i,
    apply(story, entry) {
      // A scan that ended well shows that whatever failed on the way there did no harm.
      story.success(entry, 'self-update', 'scan', 'other');
      story.milestone(entry, 'scan finished', true);
    },
  },
  {
    pattern: /settings were overwritten by a higher authority/i,
    apply: (story, entry) => story.trouble(entry, 'DOCTOR_POLICY_OVERWRITTEN'),
  },
  {
    pattern: /setting next detection timeout to (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)/i,
    apply: (story, entry, [, when]) => story.milestone(entry, `next detection ${when} UTC`, true),
  },
  {
    pattern: /legacy (?:\(SUS\) )?mode/i,
    apply(story, entry) {
      if (/leav|left|out of|ended/i.test(entry.text)) story.success(entry, 'other');
      else story.trouble(entry, 'DOCTOR_LEGACY_MODE');
    },
  },
  {
    pattern: /InstallSelfupdateOnPort80 (succeeded|failed)/i,
    apply(story, entry, [, outcome]) {
      if (outcome === 'succeeded') story.milestone(entry, 'InstallSelfupdateOnPort80 succeeded', true);
      else story.trouble(entry, 'DOCTOR_PORT80_SETUP_FAILED');
    },
  },
  {
    pattern: /SetupSelfupdateTree: .*(?:Error|failed|could not|cannot|not found)/i,
    apply: (story, entry) => story.trouble(entry, 'DOCTOR_PORT80_SETUP_FAILED'),
  },
  {
    pattern: /^SetupSelfupdateTree: Warning: (.*)$/i,
    apply: (story, entry, [, text]) => story.milestone(entry, text ?? '', true),
  },
];

function lastPart(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? path;
}
