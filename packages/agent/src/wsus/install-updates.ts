// Automatic Updates' work with the updates that it found: download, then install now or at a set time, one by one, each
// checked afterwards by its own rule. AUState follows (2 → 4 → 5 → 6 → 2).

import { hresult } from '@moult/protocol/hresult';
import { AgentError } from '../errors.ts';
import { auState, resultOf, stateIs } from '../machine/au-state.ts';
import { outcomeOf } from '../program/outcome.ts';
import type { Detection } from './detect-updates.ts';
import { downloadFile } from './install/download.ts';
import { dropUnneeded } from './install/partial-downloads.ts';
import { type Judges, noteFailure } from './ready/install-ready.ts';
import { openReadyStore, type ReadyEntry } from './ready/ready-state.ts';
import { workOnReady } from './ready/work.ts';
import * as events from './report/events.ts';
import type { ApplicableUpdate } from './sync/applicable.ts';
import { evaluateCache } from './sync/evaluate.ts';

export interface InstallResult {
  installed: number;
  /** Update ids. */
  failed: string[];
  downloaded: string[];
  /** Why something was not done yet, '' when nothing waits. */
  waits: string;
}

/** With no update at all it still sees to a restart that an earlier one needs. */
export async function installUpdates(detection: Detection, updates: ApplicableUpdate[]): Promise<InstallResult> {
  const { context, session, insist } = detection;
  const { registry } = context;
  const { wanted, waits } = mayDownload(detection, updates);
  if (wanted.length === 0 && waits !== '') {
    registry.change(stateIs(auState.downloadPending));
    return { installed: 0, failed: [], downloaded: [], waits };
  }
  const failed: string[] = [];
  if (wanted.length > 0) registry.change(stateIs(auState.downloading));
  const ready = wanted.length > 0 ? await downloadAll(detection, wanted, failed) : [];
  const store = openReadyStore(context.root, session.server);
  store.write({ ...store.read(), entries: withTimes(ready, store.read().entries, context.now()) });
  const work = await workOnReady({ ...detection, store, insist, openJudges: async () => judgesOf(detection) });
  const downloaded = ready.map(({ updateId }) => updateId);
  return { ...work, failed: [...failed, ...work.failed], downloaded, waits: work.waits || waits };
}

/** With AUOptions 2 nothing is fetched without consent, unless the deadline of its approval has passed. */
function mayDownload({ context, session, insist }: Detection, updates: ApplicableUpdate[]) {
  if (session.policy.option !== 2 || insist) return { wanted: updates, waits: '' };
  const wanted = updates.filter(({ deadline }) => deadline !== undefined && deadline <= context.now());
  const waits =
    wanted.length < updates.length ? 'download waits for consent (AUOptions 2; "moult agent detect" gives it)' : '';
  return { wanted, waits };
}

/** Deadlines of a policy are counted from the first time that an update was ready here. */
function withTimes(ready: ReadyEntry[], before: readonly ReadyEntry[], now: Date): ReadyEntry[] {
  return ready.map((entry) => {
    const known = before.find((one) => one.updateId === entry.updateId && one.revision === entry.revision);
    return { ...entry, foundAt: known && known.foundAt <= now ? known.foundAt : now };
  });
}

export function judgesOf({ cache, cover, facts }: Pick<Detection, 'cache' | 'cover' | 'facts'>): Judges {
  return { cache, cover, evaluate: () => evaluateCache(cache, facts(), cover) };
}

/** The updates whose files are all here. */
async function downloadAll(detection: Detection, updates: ApplicableUpdate[], failed: string[]): Promise<ReadyEntry[]> {
  const ready: ReadyEntry[] = [];
  let error = 0;
  const covered = updates.flatMap((update) => coveredParts(detection, update, failed));
  const needed = covered.flatMap(({ parts }) => parts.flatMap(({ files }) => files));
  dropUnneeded(detection.context.root, needed);
  for (const { update, parts } of covered) {
    const about = aboutUpdate(update);
    try {
      detection.events.add(events.downloadStarted(about));
      await downloadParts(detection, update, parts);
      detection.events.add(events.downloadSucceeded(about));
      ready.push(entryOf(update, detection.context.now()));
    } catch (cause) {
      error = outcomeOf(cause).hresult;
      noteFailure(detection, update.title, cause, 'DnldMgr', 'Download');
      detection.events.add(events.downloadFailed(about, error));
      failed.push(about.updateId);
    }
  }
  detection.context.registry.change(resultOf('Download', detection.context.now(), error));
  return ready;
}

/** As the server sent it: the operator's signature is asked again when it is installed. */
function entryOf({ revision, title, deadline, isMinor, kind, parts }: ApplicableUpdate, foundAt: Date): ReadyEntry {
  const { updateId, revisionNumber } = revision.core.identity;
  return {
    ...{ updateId, revision: revisionNumber, title, kind, isMinor, deadline, foundAt },
    parts: parts.map(({ revision: { core }, files, handler }) => ({
      ...{ updateId: core.identity.updateId, revision: core.identity.revisionNumber, files, handler },
    })),
  };
}

interface CoveredUpdate {
  update: ApplicableUpdate;
  /** With the signed files and handlers in place of those that the server sent. */
  parts: ApplicableUpdate['parts'];
}

/** The update when the operator signed every part of it. Else none, one event, and nothing is fetched. */
function coveredParts(detection: Detection, update: ApplicableUpdate, failed: string[]): CoveredUpdate[] {
  try {
    const parts = update.parts.map((part) => ({ ...part, ...detection.cover.requireInstructions(part) }));
    return [{ update, parts }];
  } catch (cause) {
    const about = aboutUpdate(update);
    const { hresult: code, message } = outcomeOf(cause);
    noteFailure(detection, update.title, cause, 'Handler', 'Installation');
    detection.refused.add(about.updateId);
    detection.events.add(events.updateRefused(about, code, message));
    failed.push(about.updateId);
    return [];
  }
}

async function downloadParts(
  detection: Detection,
  update: ApplicableUpdate,
  parts: ApplicableUpdate['parts'],
): Promise<void> {
  const { context, session, log } = detection;
  for (const { files, urls } of parts) {
    for (const file of files) {
      const url = urls.get(file.sha1);
      if (url === undefined) {
        const message = `The server named no address for ${file.fileName} of "${update.title}".`;
        throw new AgentError('AGENT_DOWNLOAD_NO_LOCATION', message, { hresult: hresult.downloadNoUrl });
      }
      log.write('DnldMgr', `Downloading ${url} (${file.sizeBytes} bytes) for "${update.title}"`);
      context.progress('update-download', `Downloading "${update.title}" (${file.sizeBytes} bytes).`);
      await downloadFile({ ...session, root: context.root }, url, file);
    }
  }
}

function aboutUpdate({ revision, title }: ApplicableUpdate): events.UpdateInEvent {
  const { updateId, revisionNumber } = revision.core.identity;
  return { updateId, revision: revisionNumber, title };
}
