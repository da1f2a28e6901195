// The places of the files. A root is a whole machine in one directory: the agent touches nothing outside of it.
import { join, resolve } from 'node:path';
import { type Brand, moultBrand } from '@moult/protocol/self-update';
import { isMoult, readBrand } from './brand.ts';

export interface MachineRoot {
  readonly folder: string;
  /** Whose agent it is. Another vendor's has folders, logs and registry keys of its own. */
  readonly brand: Brand;
  readonly brandFile: string;
  /** How a program is told which machine it is on: `--root DIR`, or nothing for the real one. */
  readonly programArguments: readonly string[];
  /** HKLM as .reg text. On a real Windows machine the registry itself is used and this is undefined. */
  readonly registryFile: string | undefined;
  readonly windows: string;
  readonly programFiles: string;
  readonly susLog: string;
  readonly wsusLog: string;
  readonly reportingEventsLog: string;
  readonly selfUpdateFolder: string;
  readonly downloadFolder: string;
  readonly dataStoreFolder: string;
  readonly eventCacheFolder: string;
  readonly urlLog: string;
  /** The output of a host that runs in the background. */
  readonly hostOutput: string;
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
  /** The registry values that `moult agent install` found and wrote. */
  readonly installRecord: string;
}

/** The layout below `folder` (ARCHITECTURE.md, "The agent's root"). Creates nothing. */
export function machineRoot(path: string, brand: Brand = moultBrand): MachineRoot {
  // Programs and installers run in other directories: what they are told must mean the same there.
  const folder = resolve(path);
  const [windows, programFiles] = [join(folder, 'Windows'), join(folder, 'Program Files')];
  return layOut(brand, folder, windows, programFiles, join(folder, 'registry.reg'));
}

/** The real machine: on Windows its own folders and registry, elsewhere one folder that plays the machine. */
export function realMachine(
  env: NodeJS.ProcessEnv = process.env,
  platform = process.platform,
  brand: Brand = moultBrand,
): MachineRoot {
  if (platform === 'win32') {
    const drive = env.SystemDrive ?? 'C:';
    return layOut(
      brand,
      `${drive}\\`,
      env.windir ?? `${drive}\\Windows`,
      env.ProgramFiles ?? `${drive}\\Program Files`,
      undefined,
    );
  }
  const parent = platform === 'darwin' ? '/Library/Application Support' : '/var/lib';
  return machineRoot(`${parent}/${brand.id}`, brand);
}

/** Whether `root` is this machine itself, and not a folder that plays one. */
export function isRealMachine({ folder, brand }: MachineRoot): boolean {
  return folder === realMachine(process.env, process.platform, brand).folder;
}

/** The machine that a program was started for: the counterpart of `programArguments`. */
export function machineOfArguments(args: readonly string[]): MachineRoot {
  const folder = argumentAfter(args, '--root');
  const file = argumentAfter(args, '--brand');
  const brand = file === undefined ? moultBrand : readBrand(file);
  return folder === undefined ? realMachine(process.env, process.platform, brand) : machineRoot(folder, brand);
}

function argumentAfter(args: readonly string[], name: string): string | undefined {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args[at + 1];
}

function layOut(
  brand: Brand,
  folder: string,
  windows: string,
  programFiles: string,
  registryFile: string | undefined,
): MachineRoot {
  const agentFolder = join(programFiles, brand.vendor, brand.product);
  const brandFile = join(agentFolder, 'brand.json');
  // Windows' own places belong to the agent of this project, as they did before there were brands.
  const logs = isMoult(brand) ? windows : join(agentFolder, 'Logs');
  const distribution = join(isMoult(brand) ? windows : agentFolder, 'SoftwareDistribution');
  const legacy = isMoult(brand) ? join(programFiles, 'WindowsUpdate', 'V4') : join(agentFolder, 'V4');
  return {
    ...{ folder, brand, brandFile },
    programArguments: [
      ...(registryFile === undefined ? [] : ['--root', folder]),
      ...(isMoult(brand) ? [] : ['--brand', brandFile]),
    ],
    registryFile,
    windows,
    programFiles,
    susLog: join(logs, 'Windows Update.log'),
    wsusLog: join(logs, 'WindowsUpdate.log'),
    reportingEventsLog: join(distribution, 'ReportingEvents.log'),
    selfUpdateFolder: join(distribution, 'SelfUpdate'),
    downloadFolder: join(distribution, 'Download'),
    dataStoreFolder: join(distribution, 'DataStore'),
    eventCacheFolder: join(distribution, 'EventCache'),
    urlLog: join(legacy, 'urllog.dat'),
    hostOutput: join(logs, 'moult-agent-host.out'),
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
