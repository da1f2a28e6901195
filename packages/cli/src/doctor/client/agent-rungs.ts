// Rungs 1, 2 and 9 from a machine itself: can its system update itself at all, and is its Moult agent whole and running?
import { existsSync } from 'node:fs';
import { machineRoot, readStatus } from '@moult/agent';
import { type Observation, observe } from '../finding.ts';
import { type ClientSettings, registryPlaces } from './settings.ts';

/** A Moult agent's own folder: does it run, and is its version whole? */
export function observeAgent(root: string, client: string): Observation[] {
  const machine = machineRoot(root);
  if (!existsSync(machine.agentFolder)) return [];
  const { running, intact, version } = readStatus(machine);
  const found: Observation[] = [];
  const at = [
    { source: machine.currentFile, text: version === undefined ? 'no version is named' : `version ${version}` },
  ];
  if (!intact) {
    const why = version === undefined ? 'no version is named' : `version ${version} is not as it was released`;
    found.push(observe('DOCTOR_AGENT_VERSION_BROKEN', 'fail', ['client', client], { found: root, why, client }, at));
  }
  if (!running) found.push(observe('DOCTOR_SERVICE_STOPPED', 'unknown', ['client', client], { client }, at));
  return found;
}

/** Windows 2000 before SP3, XP without a service pack, NT 4: no agent that looks for its successor. */
export function observeOldSystem(settings: ClientSettings, client: string): Observation[] {
  const version = settings.text(registryPlaces.currentVersion, 'CurrentVersion');
  if (version === undefined) return [];
  const pack = Number(/\d+/.exec(settings.text(registryPlaces.currentVersion, 'CSDVersion') ?? '0')?.[0] ?? 0);
  const old = version.startsWith('4.') || (version === '5.0' && pack < 3) || (version === '5.1' && pack < 1);
  if (!old) return [];
  const value = settings.value(registryPlaces.currentVersion, 'CurrentVersion');
  return [
    observe(
      'DOCTOR_CLIENT_TOO_OLD',
      'fail',
      ['client', client],
      { client },
      value ? [{ source: value.source, line: value.line, text: value.text }] : [],
    ),
  ];
}
