// Where things are. A root is a whole machine in one directory: the agent touches nothing outside of it.
import { join, resolve } from 'node:path';

export interface MachineRoot {
  readonly folder: string;
  /** How a program is told which machine it is on: `--root DIR`, or nothing for the real one. */
  readonly programArguments: readonly string[];
  /** HKLM as .reg text; on a real Windows machine the registry itself is used and this is undefined. */
  readonly registryFile: string | undefined;
  readonly windows: string;
  readonly programFiles: string;
  readonly susLog: string;
  readonly wsusLog: string;
  readonly reportingEventsLog: string;
  readonly selfUpdateFolder: string;
  readonly downloadFolder: string;
  readonly dataStoreFolder: string;
  readonly urlLog: string;
  readonly agentFolder: string;
  readonly versionsFolder: string;
  readonly currentFile: string;
  readonly operatorCertificate: string;
  /** The pinned root of the operator's trust metadata, and what it led to. */
  readonly trustRoot: string;
  readonly trustFolder: string;
  readonly hostLock: string;
  /** Held by the process that was started as the service, also while another host runs below it. */
  readonly launcherLock: string;
  readonly programLock: string;
  /** The host that was installed: it starts a newer one from `hostsFolder`, or is the host itself. */
  readonly hostProgram: string;
  readonly hostsFolder: string;
  readonly hostsFile: string;
  /** Copies of what an agent cannot do without. */
  readonly keptFolder: string;
  readonly detectRequest: string;
  /** The local Group Policy object, and a policy file of our own with the names of Windows. */
  readonly groupPolicyFile: string;
  readonly policyConfig: string;
  /** Windows has no signals: a host ends when its process id is written here. */
  readonly stopRequest: string;
  /** Held while the agent is installed or removed. */
  readonly setupLock: string;
  /** The process of the installer that runs. */
  readonly installerMark: string;
  /** What `moult agent install` found in the registry, and what it wrote there. */
  readonly installRecord: string;
}

/** The layout below `folder` (ARCHITECTURE.md, "The agent's root"). Creates nothing. */
export function machineRoot(path: string): MachineRoot {
  // Programs and installers run in other directories: what they are told must mean the same there.
  const folder = resolve(path);
  return layOut(folder, join(folder, 'Windows'), join(folder, 'Program Files'), join(folder, 'registry.reg'));
}

/** The real machine: on Windows its own folders and registry, elsewhere one folder that plays the machine. */
export function realMachine(env: NodeJS.ProcessEnv = process.env, platform = process.platform): MachineRoot {
  if (platform === 'win32') {
    const drive = env.SystemDrive ?? 'C:';
    return layOut(
      `${drive}\\`,
      env.windir ?? `${drive}\\Windows`,
      env.ProgramFiles ?? `${drive}\\Program Files`,
      undefined,
    );
  }
  return machineRoot(platform === 'darwin' ? '/Library/Application Support/moult-agent' : '/var/lib/moult-agent');
}

/** Whether `root` is this machine itself, and not a folder that plays one. */
export function isRealMachine({ folder }: MachineRoot): boolean {
  return folder === realMachine().folder;
}

/** The machine that a program was started for: the counterpart of `programArguments`. */
export function machineOfArguments(args: readonly string[]): MachineRoot {
  const at = args.indexOf('--root');
  const folder = at < 0 ? undefined : args[at + 1];
  return folder === undefined ? realMachine() : machineRoot(folder);
}

function layOut(folder: string, windows: string, programFiles: string, registryFile: string | undefined): MachineRoot {
  const distribution = join(windows, 'SoftwareDistribution');
  const agentFolder = join(programFiles, 'Moult', 'Agent');
  return {
    folder,
    programArguments: registryFile === undefined ? [] : ['--root', folder],
    registryFile,
    windows,
    programFiles,
    susLog: join(windows, 'Windows Update.log'),
    wsusLog: join(windows, 'WindowsUpdate.log'),
    reportingEventsLog: join(distribution, 'ReportingEvents.log'),
    selfUpdateFolder: join(distribution, 'SelfUpdate'),
    downloadFolder: join(distribution, 'Download'),
    dataStoreFolder: join(distribution, 'DataStore'),
    urlLog: join(programFiles, 'WindowsUpdate', 'V4', 'urllog.dat'),
    agentFolder,
    versionsFolder: join(agentFolder, 'versions'),
    currentFile: join(agentFolder, 'current.json'),
    operatorCertificate: join(agentFolder, 'operator-ca.cer'),
    trustRoot: join(agentFolder, 'trust-root.json'),
    trustFolder: join(agentFolder, 'trust'),
    hostLock: join(agentFolder, 'host.lock'),
    launcherLock: join(agentFolder, 'launcher.lock'),
    programLock: join(agentFolder, 'program.lock'),
    hostProgram: join(agentFolder, 'host.mjs'),
    hostsFolder: join(agentFolder, 'hosts'),
    hostsFile: join(agentFolder, 'hosts.json'),
    keptFolder: join(agentFolder, 'kept'),
    detectRequest: join(agentFolder, 'detect.request'),
    groupPolicyFile: join(windows, 'System32', 'GroupPolicy', 'Machine', 'Registry.pol'),
    policyConfig: join(agentFolder, 'policy.json'),
    stopRequest: join(agentFolder, 'stop.request'),
    setupLock: join(agentFolder, 'setup.lock'),
    installerMark: join(agentFolder, 'installer.json'),
    installRecord: join(agentFolder, 'installed.json'),
  };
}
