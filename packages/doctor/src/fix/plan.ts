// The changes that the doctor may make by itself: on a Moult agent's root and in a Moult server's data directory,
// nothing else. Every change is one file that becomes another one. The old content is kept, so that every change can be
// undone.
import { chmodSync, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentMachine } from '../client/agent-machine.ts';
import { ClientSettings } from '../client/settings.ts';
import { observeState } from '../client/state-rungs.ts';
import { collectSelf, type SelfSources } from '../home/self.ts';
import { readNamedFile } from '../named-file.ts';
import { readRegText } from '../registry/reg-text.ts';
import type { FindingCode } from '../words/codes.ts';
import { removeRegValues } from './reg-edit.ts';

export interface Change {
  code: FindingCode;
  /** One sentence, shown before asking. */
  what: string;
  file: string;
  /** New content. Undefined: the file goes. */
  after: Buffer | undefined;
  /** New mode, where only that changes. */
  mode?: number;
}

const staleTimes: FindingCode[] = ['DOCTOR_WAIT_STUCK', 'DOCTOR_WAITS_24_HOURS', 'DOCTOR_DETECTION_STUCK'];
const update = 'hkey_local_machine\\software\\microsoft\\windows\\currentversion\\windowsupdate';

/** Safe changes for an agent root. Reads only. */
export function planForAgent(machine: Pick<AgentMachine, 'registryFile' | 'agentFolder'>, now: Date): Change[] {
  const changes: Change[] = [];
  if (machine.registryFile !== undefined && existsSync(machine.registryFile)) {
    changes.push(...planForRegistry(machine.registryFile, now));
  }
  return [...changes, ...planLeftovers(machine.agentFolder)];
}

function planForRegistry(file: string, now: Date): Change[] {
  const before = readNamedFile(file);
  const settings = new ClientSettings(readRegText(before, file));
  const clock = { nowMs: now.getTime(), latestMs: now.getTime(), offsetMinutes: -now.getTimezoneOffset() };
  const findings = observeState(settings, file, clock).filter(({ verdict }) => verdict === 'fail');
  const stale = findings.find(({ code }) => staleTimes.includes(code));
  const empty = findings.find(({ code }) => code === 'DOCTOR_SUSCLIENTID_EMPTY');
  const removals: { key: string; name: string }[] = [];
  if (stale) {
    for (const name of ['LastWaitTimeout', 'DetectionStartTime', 'NextDetectionTime'])
      removals.push({ key: `${update}\\auto update`, name });
  }
  if (empty) for (const name of ['SusClientId', 'SusClientIdValidation']) removals.push({ key: update, name });
  const present = removals.filter(({ key, name }) => settings.value(key, name) !== undefined);
  const code = stale?.code ?? empty?.code;
  if (present.length === 0 || !code) return [];
  const names = present.map(({ name }) => name).join(', ');
  return [
    {
      code,
      what: `delete ${names} in ${file}, so that the agent detects again`,
      file,
      after: removeRegValues(before, present),
    },
  ];
}

/** Temporary files of writes that never ended: older than an hour, named as the agent names them. */
function planLeftovers(folder: string): Change[] {
  if (!existsSync(folder)) return [];
  const hourAgo = Date.now() - 3_600_000;
  return readdirSync(folder)
    .filter((name) => /\.\d+\.tmp$/.test(name))
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile() && statSync(file).mtimeMs < hourAgo)
    .map((file) => ({
      code: 'DOCTOR_AGENT_LEFTOVERS',
      what: `delete the left-over file ${file}`,
      file,
      after: undefined,
    }));
}

/** Safe changes for a server's data directory. Reads only. */
export async function planForServer(dataDir: string, now: Date, sources: SelfSources): Promise<Change[]> {
  const facts = await collectSelf(dataDir, now, sources);
  const changes: Change[] = [];
  const lock = join(dataDir, 'moult.lock');
  if (facts.holder && !facts.alive && existsSync(lock)) {
    changes.push({
      code: 'DOCTOR_STALE_LOCK',
      what: `delete ${lock}: process ${facts.holder.pid} is gone`,
      file: lock,
      after: undefined,
    });
  }
  // Keys alone: a change writes the file again, and the database and the locks must stay the files that they are.
  for (const { path: file, isKey } of facts.open) {
    if (!isKey) continue;
    changes.push({
      code: 'DOCTOR_KEY_PERMISSIONS',
      what: `make ${file} readable by its owner only (0600)`,
      file,
      after: readNamedFile(file),
      mode: 0o600,
    });
  }
  return changes;
}

/** Sets a mode where there is one to set. */
export function applyMode(file: string, mode: number | undefined): void {
  if (mode !== undefined && process.platform !== 'win32') chmodSync(file, mode);
}
