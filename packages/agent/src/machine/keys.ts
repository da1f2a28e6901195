// The registry keys of Automatic Updates, once.

export const keys = {
  policy: 'HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate',
  policyAu: 'HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate\\AU',
  /** When Windows does its automatic maintenance. */
  maintenance: 'HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\Task Scheduler\\Maintenance',
  /** Settings of mobile device management (Policy CSP, area Update). */
  management: 'HKLM\\SOFTWARE\\Microsoft\\PolicyManager\\current\\device\\Update',
  windowsUpdate: 'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate',
  autoUpdate: 'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update',
  results: 'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update\\Results',
  /** Ours: facts that Windows knows by itself (which system, processor and language this machine is). */
  agent: 'HKLM\\SOFTWARE\\Moult\\Agent',
  /** Ours: limits of docs/limits.md by their names. */
  limits: 'HKLM\\SOFTWARE\\Moult\\Agent\\Limits',
} as const;
