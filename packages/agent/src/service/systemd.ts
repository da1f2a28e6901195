// The agent as a service of systemd. Units are files, and a link switches one on. Moult makes both without systemctl.
// So a tree of another system, or a container where systemd does not run, gets the same.
import { rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isThere, makeFolders, removeFileWhenFree } from '@moult/disk';
import { onDisk } from '../machine/disk-error.ts';
import { failureOf } from './commands.ts';
import { linksTo, namesIn, readDefinition, removeDefinition, requireInside, writeDefinition } from './definition.ts';
import type { ServiceLook, ServiceManager, ServiceParts } from './manager.ts';
import { stampOf } from './stamp.ts';
import { quotedWord, systemdUnit } from './systemd-unit.ts';

/** The manager of a machine with systemd. */
export function systemdManager(parts: ServiceParts): ServiceManager {
  const { spec, names, run, isReal, system: base } = parts;
  const name = `${names.unit}.service`;
  const folder = join(base, 'etc', 'systemd', 'system');
  const file = join(folder, name);
  const link = join(folder, 'multi-user.target.wants', name);
  const systemctl = (...args: string[]) => run('systemctl', args);
  const tell = (...args: string[]) => {
    const failure = failureOf('systemctl', args, systemctl(...args));
    return failure === undefined ? [] : [failure];
  };
  const unavailable = () => {
    if (!isReal) return `${parts.root.folder} is not this machine`;
    return isThere(join(base, 'run', 'systemd', 'system')) ? undefined : 'systemd does not run here';
  };
  const ifRunning = (ask: () => string[]) => (unavailable() === undefined ? ask() : []);

  return {
    kind: 'systemd',
    file,
    unavailable,
    look() {
      const found = readDefinition(file);
      const shown = unavailable() === undefined ? show(systemctl) : undefined;
      return {
        isInstalled: found.kind !== 'absent',
        author: found.kind === 'absent' ? undefined : found.kind === 'not-a-file' ? 'masked' : found.kind,
        serves: 'text' in found ? servedBy(found.text) : undefined,
        isEnabled: linksTo(folder, name).length > 0,
        ...shownState(shown),
        additions: additionsOf(folder, name),
      };
    },
    install(force) {
      requireInside(base, link);
      const result = writeDefinition(file, systemdUnit(spec), { force, stamp: stampOf(parts.now()) });
      if (linksTo(folder, name).length === 0) onDisk(dirname(link), () => makeLink(link, join('..', name)));
      return { ...result, problems: ifRunning(() => tell('daemon-reload')) };
    },
    remove(force) {
      requireInside(base, link);
      const before = readDefinition(file);
      const copy = removeDefinition(file, { force, stamp: stampOf(parts.now()) });
      const links = linksTo(folder, name);
      onDisk(folder, () => links.forEach(removeFileWhenFree));
      const problems = ifRunning(() => tell('daemon-reload'));
      // A unit that is gone, and failed before, is remembered: that is the only trace. There may be nothing to forget.
      if (unavailable() === undefined) systemctl('reset-failed', name);
      return { removed: [...(before.kind === 'absent' ? [] : [file]), ...links], copy, problems };
    },
    start: () => tell('restart', name),
    stop: () => tell('stop', name),
  };

  function servedBy(unit: string): ServiceLook['serves'] {
    if (execOf(unit) === execOf(systemdUnit(spec))) return 'this';
    return execOf(unit)?.includes(quotedWord(parts.root.hostProgram)) ? 'other-program' : 'other-machine';
  }

  function show(ask: typeof systemctl): Map<string, string> {
    const { out } = ask('show', name, '--property=LoadState,ActiveState,SubState,NRestarts,NeedDaemonReload');
    return new Map(out.split('\n').map((line) => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]));
  }
}

function shownState(shown: Map<string, string> | undefined): Pick<ServiceLook, 'state' | 'isWanted'> {
  const active = shown?.get('ActiveState');
  if (active === undefined) return { state: undefined, isWanted: false };
  const restarts = Number(shown?.get('NRestarts') ?? 0);
  const again = restarts > 0 ? `, started again ${restarts} times` : '';
  return {
    state: `${active} (${shown?.get('SubState') ?? ''}${again})`,
    // Between two starts a unit is `activating (auto-restart)`.
    isWanted: ['active', 'activating', 'reloading', 'deactivating'].includes(active),
  };
}

function execOf(unit: string): string | undefined {
  return /^ExecStart=.*$/m.exec(unit)?.[0];
}

function additionsOf(folder: string, name: string): string[] {
  const dropIns = join(folder, `${name}.d`);
  return namesIn(dropIns)
    .filter((one) => one.endsWith('.conf'))
    .map((one) => join(dropIns, one));
}

/** A file in the place of the link does not switch the unit on. */
function makeLink(link: string, target: string): void {
  makeFolders(dirname(link));
  rmSync(link, { force: true });
  symlinkSync(target, link);
}
