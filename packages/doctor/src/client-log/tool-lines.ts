// Known lines of the tools that administrators run beside a client's log: InstallSelfupdateOnPort80, ClientDiag.
import type { KnownLine } from './known-line.ts';

export const toolLines: readonly KnownLine[] = [
  {
    id: 'port80-succeeded',
    words: ['installselfupdateonport80'],
    pattern: /InstallSelfupdateOnPort80 succeeded/i,
    says: { stage: 'server-setup', outcome: 'succeeded', milestone: 'InstallSelfupdateOnPort80 succeeded' },
  },
  {
    // cscript names the script and the place where it stopped, in whatever language.
    id: 'port80-failed',
    words: ['installselfupdateonport80', 'setupselfupdatetree'],
    pattern:
      /InstallSelfupdateOnPort80 failed|SetupSelfupdateTree: .*(?:Error|failed|could not|cannot|not found)|InstallSelfupdateOnPort80\.vbs\(\d+, ?\d+\)/i,
    says: { stage: 'server-setup', outcome: 'failed', finding: 'DOCTOR_PORT80_SETUP_FAILED' },
  },
  {
    id: 'port80-warning',
    words: ['setupselfupdatetree'],
    pattern: /^SetupSelfupdateTree: Warning: (?<words>.*)$/i,
    says: { stage: 'server-setup', milestone: '{words}' },
  },
  // ClientDiag (WSUS Client Diagnostics Tool): dotted lines that end in PASS, FAIL or NONE.
  {
    id: 'diag-tree-missing',
    words: ['folder is missing'],
    pattern: /^Self-?Update folder is missing\b/i,
    says: { stage: 'self-update', outcome: 'failed', finding: 'DOCTOR_TREE_MISSING' },
  },
  {
    id: 'diag-service-disabled',
    words: ['service is '],
    pattern:
      /^(?<found>Automatic Updates|Windows Update|Background Intelligent Transfer) Service is disabled\b.*FAIL$/i,
    says: { stage: 'service', outcome: 'failed', finding: 'DOCTOR_SERVICE_DISABLED' },
  },
  {
    id: 'diag-service-stopped',
    words: ['service is '],
    pattern:
      /^(?<found>Automatic Updates|Windows Update|Background Intelligent Transfer) Service is not running\b.*FAIL$/i,
    says: { stage: 'service', outcome: 'failed', finding: 'DOCTOR_SERVICE_STOPPED' },
  },
  {
    id: 'diag-not-used',
    words: ['usewuserver is'],
    pattern: /^UseWuServer is disabled\b/i,
    says: {
      stage: 'policy',
      outcome: 'failed',
      finding: 'DOCTOR_USEWUSERVER_OFF',
      parameters: { found: '0, says ClientDiag' },
    },
  },
  {
    id: 'diag-au-off',
    words: ['au option is'],
    pattern: /^AU Option is 1\b/i,
    says: {
      stage: 'policy',
      outcome: 'failed',
      finding: 'DOCTOR_AU_OFF',
      parameters: { found: 'AU Option 1, says ClientDiag' },
    },
  },
  {
    id: 'diag-reached',
    words: ['folder is present', 'connection to server'],
    pattern: /^(?<what>Self-?Update folder is present|Connection to server)\b.*PASS$/i,
    says: { stage: 'self-update', outcome: 'succeeded', milestone: '{what}' },
  },
];
