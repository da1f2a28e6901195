// The agent as a task of Windows' Task Scheduler, through schtasks.exe. Windows keeps the text of each task in a file, which says
// what it starts in every language of Windows.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { readOwnFile } from '@moult/disk';
import { decodeText } from '@moult/formats/text';
import { hresult } from '@moult/protocol/hresult';
import { programBounds } from '../bounds.ts';
import { AgentError } from '../errors.ts';
import { writeFileAtomically } from '../machine/atomic-file.ts';
import { onDisk } from '../machine/disk-error.ts';
import { failureOf } from './commands.ts';
import type { ServiceLook, ServiceManager, ServiceParts } from './manager.ts';
import { actionOf, argument, encodeTask, isTaskEnabled, windowsTask } from './windows-task.ts';

/** The manager of a Windows machine. A machine in a folder (`--root`) has no Task Scheduler. */
export function taskManager(parts: ServiceParts): ServiceManager {
  const { spec, names, run, isReal, root } = parts;
  const file = join(root.windows, 'System32', 'Tasks', names.task);
  const program = join(root.windows, 'System32', 'schtasks.exe');
  const tell = (...args: string[]) => {
    const failure = failureOf('schtasks.exe', args, run(program, args));
    return failure === undefined ? [] : [failure];
  };
  const unavailable = () => (isReal ? undefined : `${root.folder} is not this machine, and a task is not a file alone`);
  const read = () => {
    const bytes = readOwnFile(file, { maxBytes: programBounds.maxDefinitionBytes });
    return bytes && decodeText(bytes);
  };
  const isOurs = (text: string) => actionOf(text)?.args.includes('host.mjs') ?? false;

  return {
    kind: 'Task Scheduler',
    file,
    unavailable,
    look() {
      const text = read();
      if (text === undefined) return absent;
      const isEnabled = isTaskEnabled(text);
      return {
        isInstalled: true,
        author: isOurs(text) ? 'ours' : 'foreign',
        serves: servedBy(text),
        isEnabled,
        state: isEnabled ? 'enabled' : 'disabled',
        isWanted: isEnabled,
        additions: [],
      };
    },
    install(force) {
      const before = read();
      if (before !== undefined && !isOurs(before) && !force) throw foreign(names.task);
      const why = unavailable();
      if (why !== undefined) return { written: false, copy: undefined, problems: [] };
      return { written: true, copy: undefined, problems: create() };
    },
    remove(force) {
      const before = read();
      if (before === undefined) return { removed: [], copy: undefined, problems: [] };
      if (!isOurs(before) && !force) throw foreign(names.task);
      const problems = tell('/Delete', '/TN', names.task, '/F');
      return { removed: problems.length === 0 ? [file] : [], copy: undefined, problems };
    },
    start: () => [...tell('/Change', '/TN', names.task, '/ENABLE'), ...tell('/Run', '/TN', names.task)],
    // The task looks every few minutes whether the agent runs: one that is stopped must not be started by it.
    stop: () => tell('/Change', '/TN', names.task, '/DISABLE'),
  };

  function servedBy(text: string): ServiceLook['serves'] {
    const { command = '', args = '' } = actionOf(text) ?? {};
    const has = (whole: string, part: string) => whole.toLowerCase().includes(part.toLowerCase());
    if (!has(args, argument(root.hostProgram))) return 'other-machine';
    const isSame = has(command, spec.program) && has(args, spec.args.map(argument).join(' '));
    return isSame ? 'this' : 'other-program';
  }

  function create(): string[] {
    const definition = join(root.agentFolder, 'service-task.xml');
    return onDisk(root.agentFolder, () => {
      try {
        writeFileAtomically(definition, encodeTask(windowsTask(spec)));
        return tell('/Create', '/TN', names.task, '/XML', definition, '/F');
      } finally {
        rmSync(definition, { force: true });
      }
    });
  }
}

const absent: ServiceLook = {
  isInstalled: false,
  author: undefined,
  serves: undefined,
  isEnabled: false,
  state: undefined,
  isWanted: false,
  additions: [],
};

function foreign(task: string): AgentError {
  const text = `The task "${task}" of the Task Scheduler does not start this agent. It stays. Delete it, or use --force.`;
  return new AgentError('AGENT_SERVICE_FOREIGN', text, { hresult: hresult.setupUnexpected });
}
