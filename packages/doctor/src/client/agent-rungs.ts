// Rungs 1, 2 and 9 from a machine itself: can its system update itself at all, and is its Moult agent whole and
// running?
import { existsSync } from 'node:fs';
import { type Observation, observe } from '../finding.ts';
import type { FindingCode } from '../words/codes.ts';
import type { AgentMachine } from './agent-machine.ts';
import { type ClientSettings, evidenceOfValue, registryPlaces } from './settings.ts';

/** A Moult agent's own folder: does it run, and is its version whole? */
export function observeAgent(machine: AgentMachine, client: string): Observation[] {
  if (!existsSync(machine.agentFolder)) return [];
  const { running, intact, version } = machine.status();
  const found: Observation[] = [];
  const at = [
    { source: machine.currentFile, text: version === undefined ? 'no version is named' : `version ${version}` },
  ];
  if (!intact) {
    const why = version === undefined ? 'no version is named' : `version ${version} is not as it was released`;
    found.push(
      observe(
        'DOCTOR_AGENT_VERSION_BROKEN',
        'fail',
        ['client', client],
        { found: machine.folder, why, client, agent: 'moult' },
        at,
      ),
    );
  }
  if (!running)
    found.push(
      observe(
        'DOCTOR_SERVICE_STOPPED',
        'unknown',
        ['client', client],
        { client, agent: 'moult', found: 'the agent of Moult' },
        at,
      ),
    );
  return found;
}

/** The kind of client, from the version of Windows and the marks that agents leave. */
export function observeKindOfSystem(settings: ClientSettings, client: string): Observation[] {
  const { currentVersion, update, autoUpdate } = registryPlaces;
  const subject = ['client', client];
  const say = (kind: string, key: string, name: string, code: FindingCode = 'DOCTOR_CLIENT_KIND') =>
    observe(code, 'pass', subject, { client, kind }, evidenceOfValue(settings.value(key, name)));
  if ((settings.number(currentVersion, 'CurrentMajorVersionNumber') ?? 0) >= 10) {
    return [
      say('Windows 10 or later', currentVersion, 'CurrentMajorVersionNumber'),
      say('', currentVersion, 'CurrentMajorVersionNumber', 'DOCTOR_NEVER_SELF_UPDATES'),
    ];
  }
  // Agents of WSUS make themselves an id and plan by NextDetectionTime. Those of SUS know LastWaitTimeout only.
  if (settings.text(update, 'SusClientId')) return [say('WSUS client', update, 'SusClientId')];
  if (settings.text(autoUpdate, 'NextDetectionTime')) return [say('WSUS client', autoUpdate, 'NextDetectionTime')];
  return settings.text(autoUpdate, 'LastWaitTimeout') ? [say('SUS client', autoUpdate, 'LastWaitTimeout')] : [];
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
