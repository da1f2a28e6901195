// The choice of the local administrator: what it is now, who decides it, and how it is changed.

import { hresult } from '@moult/protocol/hresult';
import { AgentError } from '../errors.ts';
import { auState, readAuState, stateIs } from '../machine/au-state.ts';
import { keys } from '../machine/keys.ts';
import { dword } from '../machine/policy.ts';
import { number, type Registry, type RegistryChange, type RegistryView } from '../machine/registry.ts';
import { type PolicyFiles, type ResolvedValue, resolvePolicy } from '../policy/resolve.ts';

const updateModes = ['automatic', 'download', 'notify', 'off'] as const;
export type UpdateMode = (typeof updateModes)[number];

export interface UpdateChoice {
  mode: UpdateMode;
  /** 0 every day, 1 Sunday … 7 Saturday. */
  day: number;
  /** 0-23, local. */
  hour: number;
}

/** A value that is not the local administrator's to choose. */
export interface Decision {
  /** The title of the policy, as the Group Policy editor shows it. */
  policy: string;
  /** `AUOptions 4`. */
  value: string;
  /** `group policy`, `registry`, … */
  origin: string;
}

export interface ChoiceState {
  choice: UpdateChoice;
  decided: { mode: Decision | undefined; day: Decision | undefined; hour: Decision | undefined };
  /** Set: the policy lets the administrator choose, but not switch off. */
  keptOn: Decision | undefined;
  /** Set: the policy takes the whole panel away. */
  blocked: Decision | undefined;
}

const configure = 'Configure Automatic Updates';
/** The local key has its own numbers: 1 is off. */
const optionOf: Readonly<Record<UpdateMode, number>> = { off: 1, notify: 2, download: 3, automatic: 4 };

/** The settings that are in force on this machine, and those of them that the policy decides. */
export function readChoice(registry: RegistryView, files: PolicyFiles): ChoiceState {
  const values = new Map(resolvePolicy(registry, files).map((one) => [one.name, one]));
  const at = (name: string) => values.get(name) as ResolvedValue;
  const option = at('AUOptions');
  const off = at('NoAutoUpdate');
  const leavesIt = option.value === 5 || option.origin === 'local choice';
  const mode = isDecided(off) && off.value === 1 ? off : isDecided(option) && !leavesIt ? option : undefined;
  const isLeft = option.value === 5 || (option.origin === 'local choice' && option.hidden.length > 0);
  const isKeptOn = mode === undefined && (isDecided(off) || isLeft);
  return {
    choice: {
      mode: off.value === 1 ? 'off' : modeOf(option.value),
      day: numberOf(at('ScheduledInstallDay'), 0, 7),
      hour: numberOf(at('ScheduledInstallTime'), 3, 23),
    },
    decided: {
      mode: mode && decision(configure, mode),
      day: decidedBy(configure, at('ScheduledInstallDay')),
      hour: decidedBy(configure, at('ScheduledInstallTime')),
    },
    keptOn: isKeptOn ? decision(configure, isDecided(off) ? off : option) : undefined,
    blocked:
      switchedOn('Turn off access to all Windows Update features', at('DisableWindowsUpdateAccess')) ??
      switchedOn('Remove access to use all Windows Update features', at('SetDisableUXWUAccess')),
  };
}

/**
 * Writes the choice where Windows has it, for the agent to find within half a minute. Values that the policy decides stay
 * as they are. Throws AgentError AGENT_PANEL_DECIDED if the policy forbids it, AGENT_HOST_DISK.
 */
export function changeChoice(registry: Registry, files: PolicyFiles, wanted: UpdateChoice): void {
  const view = registry.read();
  const { decided, keptOn, blocked, choice } = readChoice(view, files);
  const refusal = decided.mode ?? (wanted.mode === 'off' ? keptOn : undefined);
  if (blocked) throw decidedByPolicy(blocked);
  if (refusal && wanted.mode !== choice.mode) throw decidedByPolicy(refusal);
  const changes: RegistryChange[] = [];
  const set = (name: string, data: number) => changes.push({ key: keys.autoUpdate, name, value: number(data) });
  if (!decided.mode) set('AUOptions', optionOf[wanted.mode]);
  if (wanted.mode === 'automatic' && !decided.day) set('ScheduledInstallDay', wanted.day);
  if (wanted.mode === 'automatic' && !decided.hour) set('ScheduledInstallTime', wanted.hour);
  registry.change([...changes, ...(decided.mode ? [] : stateAfter(view, wanted.mode))]);
}

/** An agent that was off begins again: it plans a detection as after its start. */
function stateAfter(view: RegistryView, mode: UpdateMode): RegistryChange[] {
  if (mode === 'off') return stateIs(auState.disabled);
  if (readAuState(view) !== auState.disabled && dword(view, keys.autoUpdate, 'AUOptions') !== 1) return [];
  const forget = ['LastWaitTimeout', 'DetectionStartTime'].map((name) => ({ key: keys.autoUpdate, name }));
  return [...stateIs(auState.detectionPending), ...forget];
}

/** The choice in these words and numbers. Throws AgentError AGENT_PANEL_BAD_CHOICE. */
export function requireChoice(mode: string, day: number, hour: number): UpdateChoice {
  const isWhole = (value: number, to: number) => Number.isInteger(value) && value >= 0 && value <= to;
  const known = updateModes.find((one) => one === mode);
  if (known && isWhole(day, 7) && isWhole(hour, 23)) return { mode: known, day, hour };
  throw new AgentError('AGENT_PANEL_BAD_CHOICE', 'There is no such choice, day or hour of Automatic Updates.', {
    hresult: hresult.setupUnexpected,
  });
}

/** The error for a change that the policy does not allow. */
export function decidedByPolicy({ policy, value, origin }: Decision): AgentError {
  const text = `The policy "${policy}" decides this (${value}, from ${origin}). Change the policy instead.`;
  return new AgentError('AGENT_PANEL_DECIDED', text, { hresult: hresult.accessDenied });
}

function isDecided({ origin }: ResolvedValue): boolean {
  return origin !== 'default' && origin !== 'local choice';
}

function decision(policy: string, { name, value, origin, hidden }: ResolvedValue): Decision {
  // Last of all it is the policy that leaves the choice to the local administrator.
  const by = origin === 'local choice' ? hidden.at(-1) : undefined;
  return { policy, value: `${name} ${by?.value ?? value}`, origin: by?.origin ?? origin };
}

function decidedBy(policy: string, known: ResolvedValue): Decision | undefined {
  return isDecided(known) ? decision(policy, known) : undefined;
}

function switchedOn(policy: string, known: ResolvedValue): Decision | undefined {
  return known.value === 1 && isDecided(known) ? decision(policy, known) : undefined;
}

/** 3, 5 without a local choice, and 7 all download, and wait for a person to install. */
function modeOf(option: number | string | undefined): UpdateMode {
  if (option === 4) return 'automatic';
  return option === 2 ? 'notify' : 'download';
}

/** 24 leaves the hour to the system: ours is three. */
function numberOf({ value }: ResolvedValue, otherwise: number, to: number): number {
  return typeof value === 'number' && value <= to ? value : otherwise;
}
