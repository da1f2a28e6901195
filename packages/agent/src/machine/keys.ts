// The registry keys of Automatic Updates, once.

export const keys = {
  policy: 'HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate',
  policyAu: 'HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate\\AU',
  /** When Windows does its automatic maintenance. */
  maintenance: 'HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\Task Scheduler\\Maintenance',
  /** Settings of mobile device management (Policy CSP, area Update). */
  management: 'HKLM\\SOFTWARE\\Microsoft\\PolicyManager\\current\\device\\Update',
  /** How Windows shares its line with other downloads. */
  deliveryOptimization: 'HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\DeliveryOptimization',
  /** The proxy of the machine (WinHTTP). */
  connections: 'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\Connections',
  /** Which product this Windows is, and its service pack: both are those of the system that runs. */
  product: 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\ProductOptions',
  system: 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Windows',
  windowsUpdate: 'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate',
  autoUpdate: 'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update',
  results: 'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update\\Results',
  /** Ours: facts that Windows knows by itself (which system, processor and language this machine is). */
  agent: 'HKLM\\SOFTWARE\\Moult\\Agent',
  /** Ours: limits of docs/limits.md by their names. */
  limits: 'HKLM\\SOFTWARE\\Moult\\Agent\\Limits',
} as const;
