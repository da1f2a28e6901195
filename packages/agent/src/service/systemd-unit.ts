// The unit of systemd. The agent installs updates as root: packages, kernels, boot loaders. Its installers inherit
// everything from the unit. So the unit gives the agent no file system, devices or names of its own. ADR 0031 has the
// reasons of each line.

import type { ServiceSpec } from './identity.ts';
import { sealed } from './seal.ts';

/** Rights that neither the agent nor an installer needs. */
const droppedCapabilities = [
  'CAP_SYS_TIME',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_SYS_PACCT',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_CHECKPOINT_RESTORE',
];

/** The text of the unit, with its seal. Throws RangeError for a path that a unit cannot hold. */
export function systemdUnit({ names, program, args, folder }: ServiceSpec): string {
  const needed = [folder, program].map(quotedWord).join(' ');
  return sealed(
    [
      '# @seal',
      `# "${names.command} service install" wrote this file. Put changes into a drop-in, which stays:`,
      `#   systemctl edit ${names.unit}`,
      '[Unit]',
      `Description=${names.title}`,
      'Documentation=https://localhost/docs/agent',
      'Wants=network-online.target',
      'After=network-online.target',
      `RequiresMountsFor=${needed}`,
      '# However often it ends, it is started again.',
      'StartLimitIntervalSec=0',
      '',
      '[Service]',
      'Type=exec',
      `ExecStart=:${[program, ...args].map(quotedWord).join(' ')}`,
      'Restart=always',
      'RestartSec=15',
      'TimeoutStopSec=90',
      '# An installer that runs is left to its end, also when it restarts this service.',
      'KillMode=process',
      'OOMPolicy=continue',
      '',
      'UMask=0022',
      'LimitCORE=0',
      'LockPersonality=yes',
      'RestrictRealtime=yes',
      'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_PACKET AF_ALG',
      `CapabilityBoundingSet=~${droppedCapabilities.join(' ')}`,
      'SystemCallFilter=~@clock @cpu-emulation @obsolete',
      'SystemCallErrorNumber=EPERM',
      '',
      '[Install]',
      'WantedBy=multi-user.target',
      '',
    ].join('\n'),
  );
}

/** One word of a unit file: systemd.syntax(7), "Quoting". `%` begins a specifier. Throws RangeError for control characters. */
export function quotedWord(word: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a unit cannot hold.
  if (/[\u0000-\u001f\u007f]/.test(word)) throw new RangeError(`${JSON.stringify(word)} cannot be in a unit file.`);
  return `"${word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%')}"`;
}
