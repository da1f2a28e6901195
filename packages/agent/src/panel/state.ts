// Everything that the panel shows, read from the disk, and the two things that a person does there.
import { isSurelyThere } from '@moult/disk';
import { visibleText } from '@moult/formats/text';
import { hresult } from '@moult/protocol/hresult';
import { AgentError } from '../errors.ts';
import { parseAuTime } from '../machine/au-time.ts';
import { isOtherBoot, type Machinery, machinery } from '../machine/boot.ts';
import { isRealMachine, type MachineRoot } from '../machine/machine-root.ts';
import { openRegistry, type RegistryView } from '../machine/registry.ts';
import { decideWork } from '../plan/decide-work.ts';
import { readWorkPolicy } from '../plan/read-work-policy.ts';
import type { RestartDecision } from '../plan/work.ts';
import { readPolicyFiles } from '../policy/files.ts';
import { type AgentStatus, readStatus } from '../read-status.ts';
import { serviceNames } from '../service/identity.ts';
import { openReadyStore, type ReadyState } from '../wsus/ready/ready-state.ts';
import { type ChoiceState, changeChoice, decidedByPolicy, readChoice, type UpdateChoice } from './choice.ts';
import { type HistoryEntry, readHistory } from './history.ts';

export interface PanelState extends ChoiceState {
  /** `sus`: a SUS client, or a WSUS client in legacy mode. It tells the generations apart at a glance. */
  face: 'sus' | 'wsus';
  /** `WSUS client in legacy (SUS) mode`. */
  client: string;
  /** The command of this agent: `moult agent`. */
  command: string;
  version: string | undefined;
  server: string | undefined;
  isRunning: boolean;
  /** A check is asked for, or under way. */
  isChecking: boolean;
  lastCheck: { at: Date | undefined; error: string | undefined };
  nextCheck: Date | undefined;
  /** Titles of the updates that wait for their time. */
  waiting: string[];
  /** The time of their installation. Undefined: not planned. */
  plannedAt: Date | undefined;
  restart: { since: Date; how: RestartDecision } | undefined;
  history: HistoryEntry[];
}

/** Throws AgentError AGENT_CONFIG_NOT_INSTALLED, AGENT_CONFIG_BAD_REGISTRY. */
export async function readPanel(root: MachineRoot, now: Date): Promise<PanelState> {
  const status = readStatus(root, now);
  if (!status.installed) {
    const text = `No agent is installed in ${root.folder}. Run "moult agent install".`;
    throw new AgentError('AGENT_CONFIG_NOT_INSTALLED', text, { hresult: hresult.setupUnexpected });
  }
  const registry = openRegistry(root).read();
  const ready = openReadyStore(root, status.server?.replace(/\/+$/, '') ?? '').read();
  return {
    ...readChoice(registry, readPolicyFiles(root)),
    face: status.generation === 'sus' || status.legacyMode ? 'sus' : 'wsus',
    client: status.client,
    command: serviceNames(root.brand).command,
    version: status.version,
    server: status.server && visibleText(status.server),
    isRunning: status.running !== undefined,
    isChecking: isChecking(root, status, now),
    lastCheck: lastCheckOf(status),
    nextCheck: status.nextDetection === undefined ? undefined : new Date(status.nextDetection),
    waiting: ready.entries.map(({ title }) => visibleText(title)),
    plannedAt: ready.entries.length === 0 ? undefined : ready.planned,
    restart: await restartOf({ root, registry, ready, now, machine: machinery(root, isRealMachine(root)) }),
    history: readHistory(root),
  };
}

/** Changes the choice of the local administrator. Throws what changeChoice throws. */
export function saveChoice(root: MachineRoot, choice: UpdateChoice): void {
  changeChoice(openRegistry(root), readPolicyFiles(root), choice);
}

/** Whether a person may ask for a check. Throws AgentError AGENT_PANEL_DECIDED if the policy forbids it. */
export function requireCheckAllowed(root: MachineRoot): void {
  const { blocked } = readChoice(openRegistry(root).read(), readPolicyFiles(root));
  if (blocked) throw decidedByPolicy(blocked);
}

/** At its start a detection writes the present as its time. */
function isChecking(root: MachineRoot, { running, nextDetection }: AgentStatus, now: Date): boolean {
  if (!running) return false;
  return isSurelyThere(root.detectRequest) || (nextDetection !== undefined && new Date(nextDetection) <= now);
}

function lastCheckOf({ results: { detect } }: AgentStatus): PanelState['lastCheck'] {
  const at = detect.lastSuccess === undefined ? undefined : parseAuTime(detect.lastSuccess, 'utc');
  return { at, error: detect.lastError === '0x00000000' ? undefined : detect.lastError };
}

interface RestartFacts {
  root: MachineRoot;
  registry: RegistryView;
  ready: ReadyState;
  now: Date;
  machine: Machinery;
}

/** The restart as the agent decides it when it looks next. Undefined after the restart. */
async function restartOf({ root, registry, ready, now, machine }: RestartFacts): Promise<PanelState['restart']> {
  const { restart } = ready;
  if (!restart || isOtherBoot(restart.boot, machine.boot())) return undefined;
  const policy = readWorkPolicy(registry, readPolicyFiles(root));
  const facts = { now, policy, insist: false, awakeSince: now, planned: ready.planned, updates: [], restart };
  const { restart: how } = decideWork({ ...facts, users: await machine.countUsers() });
  return { since: restart.since, how };
}
