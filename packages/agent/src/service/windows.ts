// Windows has two ways to keep the agent running. A service needs the program that answers the Service Control Manager. Without
// this program it is a task of the Task Scheduler. At most one of both is there.
import type { ServiceManager, ServiceParts } from './manager.ts';
import { taskManager } from './task-scheduler.ts';
import { windowsServiceManager } from './windows-service.ts';

/** The manager of a Windows machine: of what is installed, and to install of the best that there is. */
export function windowsManager(parts: ServiceParts): ServiceManager {
  const [service, task] = [windowsServiceManager(parts), taskManager(parts)];
  const best = parts.spec.serviceHost === undefined ? task : service;
  const isThere = (one: ServiceManager) => one.look().isInstalled;
  // A service is kept, also when its program is not at hand to make one.
  const present = [service, task].find(isThere) ?? best;
  const target = present === service ? service : best;

  return {
    kind: target.kind,
    file: target.file,
    unavailable: target.unavailable,
    look: () => (isThere(target) ? target : present).look(),
    install(force) {
      const done = target.install(force);
      return { ...done, problems: [...done.problems, ...(done.problems.length === 0 ? removeOther() : [])] };
    },
    remove(force) {
      const done = [target.remove(force), ...(ownOther() ? [other().remove(false)] : [])];
      return {
        removed: done.flatMap(({ removed }) => removed),
        copy: undefined,
        problems: done.flatMap(({ problems }) => problems),
      };
    },
    start: () => (isThere(target) ? target : present).start(),
    stop: () => [...(isThere(target) ? target.stop() : []), ...(ownOther() ? other().stop() : [])],
  };

  function other(): ServiceManager {
    return target === service ? task : service;
  }

  /** Another vendor's agent has another name. A task or service of ours for another agent stays. */
  function ownOther(): boolean {
    const { isInstalled, author, serves } = other().look();
    return isInstalled && author === 'ours' && serves !== 'other-machine';
  }

  /** Both together start the agent twice. */
  function removeOther(): string[] {
    return ownOther() ? [...other().stop(), ...other().remove(false).problems] : [];
  }
}
