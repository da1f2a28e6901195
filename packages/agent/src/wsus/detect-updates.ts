// One detection of the WSUS client after its self-update check:
// synchronize → evaluate → describe → download → install → evaluate again → report.
import type { MachineFacts } from '@moult/catalog/applicability';
import { counted } from '@moult/formats/text';
import { formatHResult } from '@moult/protocol/hresult';
import { machineFacts } from '../facts/index.ts';
import type { WsusLog } from '../logs/wsus-log.ts';
import type { Machinery } from '../machine/boot.ts';
import { outcomeOf } from '../program/outcome.ts';
import type { Session } from '../program/session.ts';
import type { ProgramContext } from '../program/shell.ts';
import type { Cover } from '../trust/cover.ts';
import type { OperatorMetadata } from '../trust/operator-metadata.ts';
import { computerInfo } from './computer-info.ts';
import { dropUnneeded } from './install/partial-downloads.ts';
import { type InstallResult, installUpdates, judgesOf } from './install-updates.ts';
import type { Judges } from './ready/install-ready.ts';
import { coverOf, mayBeBehind, refreshTrust, reportRefused } from './refresh-trust.ts';
import { refuseRemovals } from './refuse-removals.ts';
import type { EventQueue } from './report/event-queue.ts';
import { detectionFinished, statusOfUpdates } from './report/events.ts';
import { sendEvents } from './report/send-events.ts';
import { deployedUpdates, describeUpdates, neededUpdates, unwantedUpdates } from './sync/applicable.ts';
import { type Evaluation, evaluateCache } from './sync/evaluate.ts';
import { refreshCache } from './sync/refresh-cache.ts';
import { ServerSession } from './sync/server-session.ts';
import { synchronize } from './sync/synchronize.ts';
import { type CachedRevision, UpdateCache } from './sync/update-cache.ts';
import { openWebServices, type WebServices } from './web-services.ts';

export interface DetectionParts {
  context: ProgramContext;
  session: Session;
  /** A person asked: what waits for the schedule or for consent does not wait. */
  insist: boolean;
  /** Only look: this version is not the agent yet. */
  onTrial: boolean;
  log: WsusLog;
  events: EventQueue;
  machinery: Machinery;
}

/** Everything that one detection works with. */
export interface Detection extends DetectionParts {
  cover: Cover;
  /** Updates whose refusal is in the events already. */
  refused: Set<string>;
  services: WebServices;
  server: ServerSession;
  cache: UpdateCache;
  facts(): MachineFacts;
}

/** The result of a detection: one sentence, and the number of failed updates. */
interface Detected {
  message: string;
  failedUpdates: number;
}

/** Throws AgentError AGENT_SYNC_…, AGENT_TRANSPORT_…. An update that fails does not: it is counted. */
export async function detectUpdates(parts: DetectionParts): Promise<Detected> {
  const { log, context, session, events } = parts;
  const metadata = await refreshTrust(parts);
  let detection = openDetection(parts, metadata);
  log.write('Agent', '*************');
  log.write('Agent', '** START **  Agent: Finding updates [CallerId = AutomaticUpdates]');
  log.write('Agent', '*********');
  log.write('PT', '+++++++++++  PT: Synchronizing server updates  +++++++++++');
  log.write(
    'PT',
    `  + ServiceId = {3DA21691-E39D-4DA6-8A4B-B43877BCB1B7}, Server URL = ${session.server}/ClientWebService/client.asmx`,
  );
  context.progress('scan', `Scanning against ${session.server}.`);
  await synchronize({
    ...detection,
    session: detection.server,
    facts: detection.facts(),
    note: (text) => log.write('PT', text),
  });
  if (mayBeBehind(detection, metadata)) detection = { ...detection, cover: coverOf(parts, await refreshTrust(parts)) };
  reportRefused(detection);
  let evaluation = evaluateCache(detection.cache, detection.facts(), detection.cover);
  const needed = neededUpdates(detection.cache, evaluation);
  log.write(
    'Agent',
    `  * Found ${needed.length} updates and ${detection.cache.all().length} revisions in search; evaluated deployed updates`,
  );
  log.write('Agent', '**  END  **  Agent: Finding updates [CallerId = AutomaticUpdates]');
  events.add(detectionFinished(needed.length));
  context.progress(
    'applicable',
    needed.length === 0 ? 'Nothing is needed here.' : `${counted(needed.length, 'update')} needed here.`,
  );
  const unwanted = parts.onTrial ? [] : unwantedUpdates(detection.cache, evaluation);
  const kept = refuseRemovals(detection, await describe(detection, evaluation, unwanted));
  let done: InstallResult = { installed: 0, failed: [], downloaded: [], waits: '' };
  if (needed.length === 0 && !parts.onTrial) dropUnneeded(context.root, []);
  if (needed.length > 0 && parts.onTrial) done.waits = 'installation waits until this version has won its trial';
  else if (!parts.onTrial) {
    done = await installUpdates(detection, await describe(detection, evaluation, needed));
    evaluation = evaluateCache(detection.cache, detection.facts(), detection.cover);
  }
  events.add(statusEvent(detection, evaluation, done));
  await report(detection);
  return { message: summary(needed.length, kept, done), failedUpdates: done.failed.length };
}

/** Asks the server for titles, files and handlers, in the language of the machine and in English. */
function describe(detection: Detection, evaluation: Evaluation, revisions: CachedRevision[]) {
  const locales = [...new Set([detection.session.machine.language, 'en'])];
  return describeUpdates({ ...detection, session: detection.server, evaluation }, revisions, locales);
}

function openDetection(parts: DetectionParts, metadata: OperatorMetadata): Detection {
  const { context, session, log } = parts;
  const { root, release, now, random } = context;
  const services = openWebServices({
    ...session,
    random,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });
  const cache = new UpdateCache(root, session.server);
  const server = new ServerSession({
    root,
    services,
    clientId: session.clientId,
    targetGroup: session.policy.targetGroup,
    computer: computerInfo(session.machine, release.version),
    now,
    refreshCache: (cookie) => refreshCache(services, cache, cookie),
    note: (component, text) => {
      log.write(component, text);
      if (text.startsWith('PT: Registering'))
        context.progress('register', 'Registering this computer with the server.');
    },
  });
  return {
    ...parts,
    cover: coverOf(parts, metadata),
    refused: new Set(),
    services,
    server,
    cache,
    facts: () => machineFacts(root, context.registry.read(), session.machine),
  };
}

/** For an installation between two detections: the cache as it is, and the newest signed list that can be had. */
export async function judgesBetween(parts: DetectionParts): Promise<Judges> {
  return judgesOf(openDetection(parts, await refreshTrust(parts)));
}

function statusEvent(
  { cache }: Detection,
  evaluation: Evaluation,
  { failed, downloaded }: { failed: string[]; downloaded: string[] },
) {
  const states = deployedUpdates(cache).map((revision) => ({
    id: revision.core.identity.updateId,
    state: evaluation.stateOf(revision),
  }));
  const idsIn = (state: string) => states.filter((one) => one.state === state).map(({ id }) => id);
  const needed = idsIn('installable');
  return statusOfUpdates({
    U: needed,
    V: idsIn('installed'),
    g: failed.filter((id) => needed.includes(id as never)),
    h: downloaded.filter((id) => needed.includes(id as never)),
  });
}

/** Events that cannot leave now wait. A detection does not fail for its report. */
async function report({ services, server, events, session, context, log }: Detection): Promise<void> {
  const { version } = context.release;
  const identity = {
    clientId: session.clientId,
    version,
    architecture: session.machine.architecture,
    computer: computerInfo(session.machine, version),
  };
  try {
    const sent = await sendEvents(services, server, events, identity, context.now);
    log.write('Report', `Reported ${counted(sent, 'event')} to ${session.statusServer}`);
    context.progress('report', `${counted(sent, 'event')} reported to the server.`);
  } catch (error) {
    const { hresult, message } = outcomeOf(error);
    log.write(
      'Report',
      `WARNING: Reporter failed to upload events with hr = ${formatHResult(hresult).slice(2)}. ${message}`,
    );
    context.progress('report', `Events wait: ${message}`);
  }
}

function summary(
  needed: number,
  kept: number,
  { installed, failed, waits }: { installed: number; failed: string[]; waits: string },
): string {
  const removals = kept === 0 ? [] : [`${counted(kept, 'update')} approved for removal and not removed`];
  if (needed === 0) return `Detection finished: ${['no update is needed', ...removals].join(', ')}.`;
  const parts = [`${counted(needed, 'update')} needed`, `${installed} installed`, ...removals];
  if (failed.length > 0) parts.push(`${failed.length} failed`);
  if (waits !== '') parts.push(waits);
  return `Detection finished: ${parts.join(', ')}.`;
}
