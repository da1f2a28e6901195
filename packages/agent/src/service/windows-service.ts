// The agent as a service of Windows, through sc.exe. The Service Control Manager starts agent-service.exe, which answers it and looks
// after Node (windows/agent-service.c, ADR 0043). The registry says what a service starts, in every language of Windows.
import { join } from 'node:path';
import { hresult } from '@moult/protocol/hresult';
import { AgentError } from '../errors.ts';
import { failureOf } from './commands.ts';
import type { ServiceSpec } from './identity.ts';
import type { ServiceLook, ServiceManager, ServiceParts } from './manager.ts';
import { argument } from './windows-task.ts';

/** The file name of the program that answers the Service Control Manager. */
const serviceHostName = 'agent-service.exe';

/** The command line of the service. The first words are for the service host, the others start the agent. */
function serviceCommandLine(
  { names, serviceHost = serviceHostName, program, args, output }: ServiceSpec,
  agentFolder: string,
): string {
  return [serviceHost, names.unit, agentFolder, output, program, ...args].map(quoted).join(' ');
}

/** The manager of a Windows machine with a service host. A machine in a folder (`--root`) has no services. */
export function windowsServiceManager(parts: ServiceParts): ServiceManager {
  const { spec, names, run, isReal, root } = parts;
  const name = names.unit;
  const key = `HKLM\\SYSTEM\\CurrentControlSet\\Services\\${name}`;
  const system = join(root.windows, 'System32');
  const sc = (...args: string[]) => run(join(system, 'sc.exe'), args);
  const tell = (...args: string[]) => {
    const failure = failureOf('sc.exe', args, sc(...args));
    return failure === undefined ? [] : [failure];
  };
  const unavailable = () =>
    isReal ? undefined : `${root.folder} is not this machine, and a service is not a file alone`;
  const line = serviceCommandLine(spec, root.agentFolder);
  const read = () => (isReal ? readService(run(join(system, 'reg.exe'), ['query', key, '/reg:64'])) : undefined);
  const stateOf = () => serviceState(sc('query', name).out);

  return {
    kind: 'Windows service',
    file: key,
    unavailable,
    look() {
      const found = read();
      if (!found) return absent;
      const state = stateOf();
      return {
        isInstalled: true,
        author: isOurs(found.imagePath) ? 'ours' : 'foreign',
        serves: servedBy(found.imagePath),
        isEnabled: found.start === automatic,
        state: state === undefined ? undefined : states[state],
        isWanted: state !== undefined && state !== stopped && state !== stopPending,
        additions: [],
      };
    },
    install(force) {
      const before = read();
      if (before && !isOurs(before.imagePath) && !force) throw foreign(name);
      if (unavailable() !== undefined) return { written: false, copy: undefined, problems: [] };
      const isSame = before !== undefined && isEqual(before.imagePath, line) && before.start === automatic;
      const how = ['binPath=', line, 'start=', 'auto', 'DisplayName=', names.title];
      const problems = isSame ? [] : tell(before ? 'config' : 'create', name, ...how);
      if (problems.length === 0 && !isSame) describe();
      return { written: !isSame, copy: undefined, problems };
    },
    remove(force) {
      const before = read();
      if (!before) return { removed: [], copy: undefined, problems: [] };
      if (!isOurs(before.imagePath) && !force) throw foreign(name);
      const problems = tell('delete', name);
      return { removed: problems.length === 0 ? [key] : [], copy: undefined, problems };
    },
    start() {
      if (stateOf() !== undefined && stateOf() !== stopped) stopAndWait();
      return startInTime();
    },
    stop: () => stopAndWait(),
  };

  /** For people, and for a service host that dies: it restarts the agent by itself, and Windows restarts the host. */
  function describe(): void {
    sc(
      'description',
      name,
      `Looks for updates and installs them. "${names.command} service install" made this service.`,
    );
    sc('failure', name, 'reset=', '86400', 'actions=', 'restart/15000/restart/60000/restart/300000');
    sc('failureflag', name, '1');
  }

  /** While Windows starts, its list of services is locked (error 1055). */
  function startInTime(): string[] {
    for (const deadline = performance.now() + longestStartMs; ; ) {
      const failed = tell('start', name);
      if (failed.length === 0 || performance.now() >= deadline) return failed;
      if (stateOf() === running) return [];
      Atomics.wait(sleeper, 0, 0, lookEveryMs);
    }
  }

  /** `sc stop` answers at once. A program that runs keeps its folder, so the end is waited for. */
  function stopAndWait(): string[] {
    if (stateOf() === stopped) return [];
    const started = performance.now();
    for (let failed = tell('stop', name); performance.now() - started < longestStopMs; ) {
      const state = stateOf();
      if (state === undefined || state === stopped) return [];
      if (state === running && failed.length > 0) {
        if (performance.now() - started >= longestStartMs) return failed;
        failed = tell('stop', name);
      }
      Atomics.wait(sleeper, 0, 0, lookEveryMs);
    }
    return [`The service ${name} does not stop.`];
  }

  function servedBy(imagePath: string): ServiceLook['serves'] {
    const has = (word: string) => plain(imagePath).includes(plain(quoted(word)));
    if (!has(root.hostProgram)) return 'other-machine';
    const isSame = isEqual(imagePath, line) || (spec.serviceHost === undefined && has(spec.program));
    return isSame ? 'this' : 'other-program';
  }
}

const [stopped, stopPending, running] = [1, 3, 4];
/** SERVICE_AUTO_START. */
const automatic = 2;
const states: Readonly<Record<number, string>> = {
  1: 'stopped',
  2: 'start pending',
  3: 'stop pending',
  4: 'running',
  5: 'continue pending',
  6: 'pause pending',
  7: 'paused',
};
/** The service host ends the agent after 90 seconds. */
const longestStopMs = 120_000;
const longestStartMs = 10_000;
const lookEveryMs = 250;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

const absent: ServiceLook = {
  isInstalled: false,
  author: undefined,
  serves: undefined,
  isEnabled: false,
  state: undefined,
  isWanted: false,
  additions: [],
};

/** Without the quotation marks, a path with a blank can start another program. */
function quoted(word: string): string {
  const written = argument(word);
  return written.startsWith('"') ? written : `"${written}"`;
}

function isEqual(one: string, other: string): boolean {
  return plain(one) === plain(other);
}

/** reg.exe prints in the code page of the system: letters beyond ASCII count as one. Windows does not tell capitals apart. */
function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[^\x20-\x7e]+|\?+/g, '?');
}

function isOurs(imagePath: string): boolean {
  return imagePath.toLowerCase().includes(serviceHostName) && imagePath.includes('host.mjs');
}

function readService({
  code,
  out,
}: {
  code: number | undefined;
  out: string;
}): { imagePath: string; start: number } | undefined {
  if (code !== 0) return undefined;
  const value = (name: string) => new RegExp(`^ {4}${name} {4}REG_\\w+ {4}(.*?)\\r?$`, 'im').exec(out)?.[1];
  // A service that is deleted while somebody looks at it keeps its key until the next start of Windows.
  const imagePath = value('ImagePath');
  if (value('DeleteFlag') !== undefined || imagePath === undefined) return undefined;
  return { imagePath, start: Number(value('Start')) };
}

/** `sc query` says a type, then the state: the words are translated, the numbers are not. Undefined without a service. */
function serviceState(out: string): number | undefined {
  const numbers = [...out.matchAll(/^\s+\S.*?:\s*([0-9a-f]+)\s+[A-Z0-9_]+\s*$/gim)].map(([, number]) => Number(number));
  return numbers[1];
}

function foreign(name: string): AgentError {
  const text = `The service "${name}" does not start this agent. It stays. Delete it, or use --force.`;
  return new AgentError('AGENT_SERVICE_FOREIGN', text, { hresult: hresult.setupUnexpected });
}
