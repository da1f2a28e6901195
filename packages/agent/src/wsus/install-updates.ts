// Automatic Updates' work with the updates that it found: download, then install now or at a set time, one by one, each
// checked afterwards by its own rule. AUState follows (2 → 4 → 5 → 6 → 2).

import { programBounds } from '../bounds.ts';
import { AgentError } from '../errors.ts';
import { auState, resultOf, stateIs } from '../machine/au-state.ts';
import { formatDottedTime } from '../machine/au-time.ts';
import { keys } from '../machine/keys.ts';
import { text } from '../machine/registry.ts';
import { outcomeOf } from '../program/outcome.ts';
import { readOperatorCertificate } from '../program/shell.ts';
import { formatHResult, hresult } from '../transport/hresult.ts';
import type { Detection } from './detect-updates.ts';
import { downloadFile } from './install/download.ts';
import { type InstallRequest, installRevision } from './install/install-revision.ts';
import { dropUnneeded } from './install/partial-downloads.ts';
import { nextInstallTime } from './install/schedule.ts';
import * as events from './report/events.ts';
import type { ApplicableUpdate } from './sync/applicable.ts';
import { evaluateCache } from './sync/evaluate.ts';

interface InstallResult {
  installed: number;
  /** Update ids. */
  failed: string[];
  downloaded: string[];
  /** Why something was not done yet, '' when nothing waits. */
  waits: string;
}

export async function installUpdates(detection: Detection, updates: ApplicableUpdate[]): Promise<InstallResult> {
  const { context, session, insist } = detection;
  const { registry, now } = context;
  const result: InstallResult = { installed: 0, failed: [], downloaded: [], waits: '' };
  if (session.policy.option === 2 && !insist) {
    registry.change(stateIs(auState.downloadPending));
    return { ...result, waits: 'download waits for consent (AUOptions 2; "moult agent detect" gives it)' };
  }
  registry.change(stateIs(auState.downloading));
  const ready = await downloadAll(detection, updates, result);
  registry.change(stateIs(auState.installPending));
  for (const { update, requests } of ready) {
    const waits = whyNotNow(detection, update);
    if (waits !== '') result.waits = waits;
    else await installOne(detection, update, requests, result);
  }
  if (result.waits === '') registry.change(stateIs(auState.detectionPending));
  registry.change(resultOf('Install', now(), result.failed.length === 0 ? 0 : hresult.installerFailure));
  return result;
}

interface ReadyUpdate {
  update: ApplicableUpdate;
  requests: InstallRequest[];
}

async function downloadAll(
  detection: Detection,
  updates: ApplicableUpdate[],
  result: InstallResult,
): Promise<ReadyUpdate[]> {
  const ready: ReadyUpdate[] = [];
  let error = 0;
  const covered = updates.flatMap((update) => coveredParts(detection, update, result));
  const needed = covered.flatMap(({ parts }) => parts.flatMap(({ files }) => files));
  dropUnneeded(detection.context.root, needed);
  for (const { update, parts } of covered) {
    const about = aboutUpdate(update);
    try {
      detection.events.add(events.downloadStarted(about));
      ready.push({ update, requests: await downloadParts(detection, update, parts) });
      detection.events.add(events.downloadSucceeded(about));
      result.downloaded.push(about.updateId);
    } catch (cause) {
      error = outcomeOf(cause).hresult;
      noteFailure(detection, update, cause, 'DnldMgr', 'Download');
      detection.events.add(events.downloadFailed(about, error));
      result.failed.push(about.updateId);
    }
  }
  detection.context.registry.change(resultOf('Download', detection.context.now(), error));
  return ready;
}

interface CoveredUpdate {
  update: ApplicableUpdate;
  /** With the signed files and handlers in place of those that the server sent. */
  parts: ApplicableUpdate['parts'];
}

/** The update when the operator signed every part of it; else none, one event, and nothing is fetched. */
function coveredParts(detection: Detection, update: ApplicableUpdate, result: InstallResult): CoveredUpdate[] {
  try {
    const parts = update.parts.map((part) => ({ ...part, ...detection.cover.requireInstructions(part) }));
    return [{ update, parts }];
  } catch (cause) {
    const about = aboutUpdate(update);
    const { hresult: code, message } = outcomeOf(cause);
    noteFailure(detection, update, cause, 'Handler', 'Installation');
    detection.refused.add(about.updateId);
    detection.events.add(events.updateRefused(about, code, message));
    result.failed.push(about.updateId);
    return [];
  }
}

async function downloadParts(
  detection: Detection,
  update: ApplicableUpdate,
  parts: ApplicableUpdate['parts'],
): Promise<InstallRequest[]> {
  const { context, session, log } = detection;
  const requests: InstallRequest[] = [];
  for (const { revision, files, handler, urls } of parts) {
    const paths: InstallRequest['files'] = [];
    for (const file of files) {
      const url = urls.get(file.sha1);
      if (url === undefined) {
        const message = `The server named no address for ${file.fileName} of "${update.title}".`;
        throw new AgentError('AGENT_DOWNLOAD_NO_LOCATION', message, { hresult: hresult.downloadNoUrl });
      }
      log.write('DnldMgr', `Downloading ${url} (${file.sizeBytes} bytes) for "${update.title}"`);
      context.progress('update-download', `Downloading "${update.title}" (${file.sizeBytes} bytes).`);
      const path = await downloadFile({ ...session, root: context.root }, url, file);
      paths.push({ name: file.fileName, path, sha256: file.sha256 });
    }
    requests.push({ updateId: revision.core.identity.updateId, handler, files: paths });
  }
  return requests;
}

async function installOne(
  detection: Detection,
  update: ApplicableUpdate,
  requests: InstallRequest[],
  result: InstallResult,
): Promise<void> {
  const { context, log, cache } = detection;
  const about = aboutUpdate(update);
  log.write('Handler', ':: START ::  Handler: Command Line Install');
  log.write('Handler', `  : Updates to install = 1: ${update.title}`);
  context.progress('install', `Installing "${update.title}".`);
  detection.events.add(events.installStarted(about));
  try {
    let rebootRequired = false;
    const parts = {
      root: context.root,
      operatorCaPem: readOperatorCertificate(context.root),
      timeoutMs: programBounds.maxInstallerMs,
    };
    for (const request of requests)
      rebootRequired = (await installRevision(parts, request)).rebootRequired || rebootRequired;
    const state = evaluateCache(cache, detection.facts(), detection.cover).stateOf(update.revision);
    if (state !== 'installed' && !rebootRequired) {
      const message = `"${update.title}" ran without an error, but its own rule does not find it installed (${state}).`;
      throw new AgentError('AGENT_INSTALL_NOT_APPLIED', message, { hresult: hresult.installerFailure });
    }
    result.installed += 1;
    detection.events.add(events.installSucceeded(about, rebootRequired));
    context.registry.change(stateIs(rebootRequired ? auState.restartPending : auState.installComplete));
    context.progress('installed', `"${update.title}" is installed${rebootRequired ? ' and needs a restart' : ''}.`);
  } catch (cause) {
    noteFailure(detection, update, cause, 'Handler', 'Installation');
    detection.events.add(events.installFailed(about, outcomeOf(cause).hresult));
    result.failed.push(about.updateId);
  }
  log.write('Handler', '::  END  ::  Handler: Command Line Install');
}

/** '' when it is time. A deadline that has passed is a time of its own. */
function whyNotNow({ context, session, insist }: Detection, { deadline }: ApplicableUpdate): string {
  const { policy } = session;
  const time = context.now();
  if (insist || (deadline !== undefined && deadline <= time)) return '';
  if (policy.option !== 4) return 'installation waits for consent ("moult agent detect" gives it)';
  const planned = nextInstallTime(time, policy.scheduledDay, policy.scheduledHour, policy.scheduledWeeks);
  const written = formatDottedTime(planned, 'local');
  context.registry.change([{ key: keys.autoUpdate, name: 'ScheduledInstallDate', value: text(written) }]);
  return `installation waits for its schedule (${written} local time)`;
}

function noteFailure(
  { log, context }: Detection,
  { title }: ApplicableUpdate,
  cause: unknown,
  component: 'DnldMgr' | 'Handler',
  what: string,
): void {
  const { hresult: code, message } = outcomeOf(cause);
  log.write(component, `WARNING: ${what} of "${title}" failed, error = ${formatHResult(code)}: ${message}`);
  context.progress('failed', `${what} of "${title}" failed: ${formatHResult(code)} ${message}`);
}

function aboutUpdate({ revision, title }: ApplicableUpdate): events.UpdateInEvent {
  const { updateId, revisionNumber } = revision.core.identity;
  return { updateId, revision: revisionNumber, title };
}
