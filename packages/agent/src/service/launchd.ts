// The agent as a daemon of launchd. Not tested on macOS: the calls are those of launchctl(1), and tests see which they are.
import { join } from 'node:path';
import { failureOf } from './commands.ts';
import { readDefinition, removeDefinition, requireInside, writeDefinition } from './definition.ts';
import { escapeXml, launchdPlist } from './launchd-plist.ts';
import type { ServiceLook, ServiceManager, ServiceParts } from './manager.ts';
import { stampOf } from './stamp.ts';

/** The manager of a Mac. */
export function launchdManager(parts: ServiceParts): ServiceManager {
  const { spec, names, run, isReal, root, system: base } = parts;
  const file = join(base, 'Library', 'LaunchDaemons', `${names.label}.plist`);
  const target = `system/${names.label}`;
  const ask = (...args: string[]) => run('launchctl', args);
  const tell = (...args: string[]) => {
    const failure = failureOf('launchctl', args, ask(...args));
    return failure === undefined ? [] : [failure];
  };
  const print = () => (isReal ? ask('print', target) : undefined);
  const isLoaded = () => print()?.code === 0;

  return {
    kind: 'launchd',
    file,
    unavailable: () => (isReal ? undefined : `${root.folder} is not this machine`),
    look() {
      const found = readDefinition(file);
      const printed = print();
      const isHere = printed?.code === 0;
      return {
        isInstalled: found.kind !== 'absent',
        author: found.kind === 'absent' ? undefined : found.kind === 'not-a-file' ? 'masked' : found.kind,
        serves: 'text' in found ? servedBy(found.text) : undefined,
        // The system loads a property list in this folder at its start, if its label is not disabled.
        isEnabled: found.kind !== 'absent' && !isDisabled(),
        state: printed && (isHere ? (/\bstate = (.+)/.exec(printed.out)?.[1] ?? 'loaded') : 'not loaded'),
        isWanted: isHere,
        additions: [],
      };
    },
    install(force) {
      requireInside(base, file);
      const result = writeDefinition(file, launchdPlist(spec), { force, stamp: stampOf(parts.now()) });
      return { ...result, problems: isReal ? tell('enable', target) : [] };
    },
    remove(force) {
      requireInside(base, file);
      const before = readDefinition(file);
      const copy = removeDefinition(file, { force, stamp: stampOf(parts.now()) });
      return { removed: before.kind === 'absent' ? [] : [file], copy, problems: [] };
    },
    start() {
      // launchd reads a property list once, when it loads it.
      if (isLoaded()) ask('bootout', target);
      return tell('bootstrap', 'system', file);
    },
    stop: () => (isLoaded() ? tell('bootout', target) : []),
  };

  function servedBy(plist: string): ServiceLook['serves'] {
    if (argumentsOf(plist) === argumentsOf(launchdPlist(spec))) return 'this';
    const host = `<string>${escapeXml(root.hostProgram)}</string>`;
    return argumentsOf(plist)?.includes(host) ? 'other-program' : 'other-machine';
  }

  function isDisabled(): boolean {
    if (!isReal) return false;
    const { out } = ask('print-disabled', 'system');
    return new RegExp(`"${names.label.replaceAll('.', '\\.')}" => (?:true|disabled)`).test(out);
  }
}

function argumentsOf(plist: string): string | undefined {
  return /<key>ProgramArguments<\/key>[\s\S]*?<\/array>/.exec(plist)?.[0];
}
