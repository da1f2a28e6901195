// The events that this agent reports (ids and strings: MS-WUSP 2.2.2.3.1, self-update: the specification's examples).

import { formatHResult, hresult } from '@moult/protocol/hresult';
import { eventNumbers } from '@moult/protocol/reporting';
import { type AgentEvent, noUpdate } from './event-queue.ts';

/** The fixed id under which every agent reports about its own update. */
const selfUpdateId = 'd67661eb-2423-451d-bf5d-13199e37df28';

/** `selfUpdate`: the agent is about to update itself. */
type SelfUpdateStep = 'scanFailed' | 'selfUpdate' | 'installSucceeded' | 'installFailed';

/** The report of an agent about a step of its own update. `target`: the version that it goes to. */
export function selfUpdateEvent(step: SelfUpdateStep, result: number, target?: string): AgentEvent {
  const failed = step === 'scanFailed' || step === 'installFailed';
  const code = formatHResult(result);
  const messages = {
    scanFailed: `Windows Update Client failed to detect with error ${code}.`,
    selfUpdate: 'Installation pending: Automatic Updates is about to be updated.',
    installSucceeded: 'Installation Successful: Windows successfully installed the following update: Automatic Updates',
    installFailed: `Installation Failure: Windows failed to install the following update with error ${code}: Automatic Updates.`,
  };
  const replacements = {
    ...{ scanFailed: [code], selfUpdate: [] },
    ...{ installSucceeded: ['Automatic Updates'], installFailed: [code, 'Automatic Updates'] },
  };
  return {
    eventId: eventNumbers[step],
    result,
    updateId: selfUpdateId,
    revision: 0,
    appName: 'SelfUpdate',
    replacements: replacements[step],
    miscData: target === undefined ? [] : [`S=${target}`, `a=moult-agent ${target}`],
    outcome: failed ? 'Failure' : step === 'selfUpdate' ? 'Pending' : 'Success',
    category: step === 'scanFailed' ? 'Software Synchronization' : 'Content Install',
    message: messages[step],
  };
}

/** A release that a server offers and the operator has not signed: it was not fetched. */
export function selfUpdateRefused(version: string, result: number, why: string): AgentEvent {
  const event = selfUpdateEvent('installFailed', result, version);
  return { ...event, message: `${event.message.replace(/: Automatic Updates\.$/, '')}: Automatic Updates. ${why}` };
}

/** The operator's metadata is not current. */
export function trustAlarm(result: number, why: string): AgentEvent {
  return {
    ...selfUpdateEvent('scanFailed', result),
    message: `Windows Update Client failed to detect with error ${formatHResult(result)}. ${why}`,
  };
}

export function detectionFinished(found: number): AgentEvent {
  return {
    ...aboutNone(eventNumbers.scanSucceeded, 0),
    replacements: [String(found)],
    category: 'Software Synchronization',
    message: `Windows Update Client successfully detected ${found} updates.`,
  };
}

export function detectionFailed(result: number): AgentEvent {
  return {
    ...aboutNone(eventNumbers.scanFailed, result),
    replacements: [formatHResult(result)],
    category: 'Software Synchronization',
    message: `Windows Update Client failed to detect with error ${formatHResult(result)}.`,
  };
}

/** Needed (U), installed (V), failed (g) and downloaded (h) updates. An empty list has no tag. */
export function statusOfUpdates(lists: { U: string[]; V: string[]; g: string[]; h: string[] }): AgentEvent {
  const tags = Object.entries(lists).filter(([, ids]) => ids.length > 0);
  return {
    ...aboutNone(eventNumbers.statusOfUpdates, 0),
    miscData: tags.map(([tag, ids]) => `${tag}=${ids.map((id) => id.toUpperCase()).join(';')}`),
    category: 'Pre-Deployment Check',
    message: 'Reporting client status.',
  };
}

export interface UpdateInEvent {
  updateId: string;
  revision: number;
  title: string;
}

export function downloadStarted(update: UpdateInEvent): AgentEvent {
  return { ...eventAbout(update, eventNumbers.downloadStarted, 0, 'Content Download'), message: 'Download started.' };
}

export function downloadSucceeded(update: UpdateInEvent): AgentEvent {
  return {
    ...eventAbout(update, eventNumbers.downloadSucceeded, 0, 'Content Download'),
    message: 'Download succeeded.',
  };
}

export function downloadFailed(update: UpdateInEvent, result: number): AgentEvent {
  const message = `Error: Download failed. (${formatHResult(result)})`;
  return { ...eventAbout(update, eventNumbers.downloadFailed, result, 'Content Download'), message };
}

export function installStarted(update: UpdateInEvent): AgentEvent {
  const message = `Installation Started: Windows has started installing the following update: ${update.title}`;
  return { ...eventAbout(update, eventNumbers.installStarted, 0, 'Content Install'), message };
}

export function installSucceeded(update: UpdateInEvent, rebootRequired: boolean): AgentEvent {
  const message = `Installation Successful: Windows successfully installed the following update: ${update.title}`;
  if (!rebootRequired) return { ...eventAbout(update, eventNumbers.installSucceeded, 0, 'Content Install'), message };
  return {
    ...eventAbout(update, eventNumbers.installPendsRestart, hresult.rebootRequired, 'Content Install'),
    outcome: 'Pending',
    message,
  };
}

export function installFailed(update: UpdateInEvent, result: number): AgentEvent {
  const code = formatHResult(result);
  return {
    ...eventAbout(update, eventNumbers.installFailed, result, 'Content Install'),
    replacements: [code, update.title],
    message: `Installation Failure: Windows failed to install the following update with error ${code}: ${update.title}.`,
  };
}

/** `why`: one sentence or several, for the administrator. */
export function uninstallFailed(update: UpdateInEvent, result: number, why: string): AgentEvent {
  const code = formatHResult(result);
  return {
    ...eventAbout(update, eventNumbers.uninstallFailed, result, 'Content Install'),
    replacements: [code, update.title],
    message: `Uninstallation Failure: Windows failed to uninstall the following update with error ${code}: ${update.title}. ${why}`,
  };
}

/** An update that a server wanted and the operator has not signed: no part of it was run. */
export function updateRefused(update: Omit<UpdateInEvent, 'title'>, result: number, why: string): AgentEvent {
  const code = formatHResult(result);
  return {
    ...eventAbout({ ...update, title: update.updateId }, eventNumbers.installFailed, result, 'Content Install'),
    replacements: [code, update.updateId],
    message: `Installation Failure: Windows failed to install the following update with error ${code}: ${why}`,
  };
}

function aboutNone(eventId: number, result: number): AgentEvent {
  return {
    eventId,
    result,
    ...noUpdate,
    appName: 'AutomaticUpdates',
    replacements: [],
    miscData: [],
    outcome: result === 0 ? 'Success' : 'Failure',
    category: '',
    message: '',
  };
}

function eventAbout(
  { updateId, revision, title }: UpdateInEvent,
  eventId: number,
  result: number,
  category: string,
): AgentEvent {
  return { ...aboutNone(eventId, result), updateId, revision, replacements: [title], category };
}
