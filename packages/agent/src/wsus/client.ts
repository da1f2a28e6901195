// The WSUS client: checks wuident.cab first, then speaks the web services. If it is pointed at a SUS server, it falls
// into legacy mode. It leaves that by itself when web services are there again.

import { formatHResult, hresult } from '@moult/protocol/hresult';
import type { Release } from '@moult/protocol/self-update';
import { AgentError } from '../errors.ts';
import type { Outcome } from '../host/messages.ts';
import { logSelfUpdateFailure, logServiceStart, openWsusLog, type WsusLog } from '../logs/wsus-log.ts';
import { formatDashedTime } from '../machine/au-time.ts';
import { type Machinery, machinery } from '../machine/boot.ts';
import { keys } from '../machine/keys.ts';
import { isRealMachine } from '../machine/machine-root.ts';
import { dword } from '../machine/policy.ts';
import { type PingerParts, ping } from '../pings/pinger.ts';
import { announceLostTrials, announceVersion, itemOf } from '../program/announce.ts';
import { concludeFailed, concludeWell, noteDetectionStart } from '../program/conclude.ts';
import { outcomeOf } from '../program/outcome.ts';
import { openDetection, openSession, pingerParts, type Session, selfUpdateSession } from '../program/session.ts';
import type { AgentClient, DetectionResult, ProgramContext } from '../program/shell.ts';
import { checkSelfUpdate, type SelfUpdateResult } from '../self-update/check.ts';
import { detectUpdates, judgesBetween } from './detect-updates.ts';
import { isSusServer, legacyMode } from './legacy.ts';
import { openReadyStore } from './ready/ready-state.ts';
import { workOnReady } from './ready/work.ts';
import { type EventQueue, openEventQueue } from './report/event-queue.ts';
import { detectionFailed, selfUpdateEvent } from './report/events.ts';
import { watchSelfUpdate } from './self-update-watch.ts';

const susUserAgent = 'Industry Update Control';

type Found = SelfUpdateResult | { kind: 'legacy' } | { kind: 'failed'; error: unknown };

export class WsusClient implements AgentClient {
  readonly #context: ProgramContext;
  readonly #log: WsusLog;
  readonly #events: EventQueue;
  readonly #userAgent: string;
  readonly #machinery: Machinery;

  constructor(context: ProgramContext) {
    this.#context = context;
    this.#log = openWsusLog(context.root, context.now);
    this.#events = openEventQueue(context.root, this.#log, context.now);
    this.#machinery = machinery(context.root, isRealMachine(context.root));
    this.#userAgent = `Windows-Update-Agent/${context.release.version} Client-Protocol/1.8`;
  }

  async begin(): Promise<void> {
    const { release, now } = this.#context;
    logServiceStart(this.#log, release.version, now(), 'agent.mjs');
    this.#context.progress('started', `WSUS client ${release.version} started.`);
    const session = this.#tryOpenSession();
    if (!session) return;
    this.#logSettings(session);
    const replaced = await announceVersion(this.#context, this.#pinger(session));
    if (replaced !== undefined) {
      this.#log.write(
        'Setup',
        `SelfUpdate: version ${release.version} is installed; it replaced ${replaced || 'none'}.`,
      );
      this.#events.add(selfUpdateEvent('installSucceeded', 0, release.version));
    }
    await announceLostTrials(this.#context, this.#pinger(session));
  }

  async work(): Promise<Date | undefined> {
    const session = this.#tryOpenSession();
    if (!session) return undefined;
    const parts = { context: this.#context, session, insist: false, onTrial: false };
    const all = { ...parts, log: this.#log, events: this.#events, machinery: this.#machinery };
    const store = openReadyStore(this.#context.root, session.server);
    const { again } = await workOnReady({ ...all, store, openJudges: async () => judgesBetween(all) });
    return again;
  }

  waiting(until: Date): void {
    this.#log.write('AU', `AU setting next detection timeout to ${formatDashedTime(until)}`);
    this.#context.progress('waiting', `Next detection at ${formatDashedTime(until)} UTC.`);
  }

  troubled(error: unknown): void {
    this.#log.write('AU', `WARNING: ${outcomeOf(error).message}`);
  }

  async detect(insist: boolean, onTrial: boolean): Promise<DetectionResult> {
    this.#log.write('AU', '#############');
    this.#log.write('AU', '## START ##  AU: Search for updates');
    this.#log.write('AU', '#########');
    const result = await this.#search(insist, onTrial);
    if (result.kind === 'finished') this.#log.write('AU', '##  END  ##  AU: Search for updates');
    return result;
  }

  async #search(insist: boolean, onTrial: boolean): Promise<DetectionResult> {
    let session: Session;
    try {
      noteDetectionStart(this.#context);
      session = await openDetection(this.#context, this.#userAgent, (line) => this.#log.write('Agent', line));
    } catch (error) {
      return finished(this.#concludeFailure(error));
    }
    const found = await this.#checkSelfUpdate(session, { insist, onTrial });
    if (found.kind === 'failed') return finished(await this.#selfUpdateFailed(session, found.error));
    if (found.kind === 'legacy') return finished(await this.#concludeLegacy(session, onTrial));
    if (found.kind === 'staged') return await this.#handOver(session, found.release);
    return finished(await this.#scan(session, insist, onTrial));
  }

  async trialFailed(version: string, result: number, message: string): Promise<Outcome> {
    const text = `Self-update to ${version} failed: ${message}`;
    this.#log.write('Setup', `WARNING: SelfUpdate: ${message}`);
    this.#events.add(selfUpdateEvent('installFailed', result, version));
    const session = this.#tryOpenSession();
    if (session) await announceLostTrials(this.#context, this.#pinger(session));
    return this.#concludeFailure(new AgentError('AGENT_SELFUPDATE_TRIAL_FAILED', text, { hresult: result }));
  }

  async #checkSelfUpdate(session: Session, how: { insist: boolean; onTrial: boolean }): Promise<Found> {
    const asked = selfUpdateSession(
      this.#context,
      session,
      how,
      watchSelfUpdate(this.#context, this.#log, this.#events),
    );
    try {
      const found = await checkSelfUpdate(asked);
      this.#leaveLegacyMode();
      return found;
    } catch (error) {
      if (await isSusServer({ ...asked, userAgent: susUserAgent }, error)) return { kind: 'legacy' };
      this.#leaveLegacyMode();
      // Neither keeps a machine from its updates: it is as new as it was.
      const isSkipped = [
        'AGENT_SELFUPDATE_FAILED_BEFORE',
        'AGENT_SELFUPDATE_STALE_IDENT',
        'AGENT_SELFUPDATE_FLOOR_MISSING',
      ];
      if (how.onTrial || !(error instanceof AgentError && isSkipped.includes(error.code)))
        return { kind: 'failed', error };
      this.#log.write(
        'Setup',
        `WARNING: SelfUpdate skipped, error = ${formatHResult(error.hresult)}: ${error.message}`,
      );
      return { kind: 'up-to-date' };
    }
  }

  async #selfUpdateFailed(session: Session, error: unknown): Promise<Outcome> {
    const { hresult: result } = outcomeOf(error);
    const known = error instanceof AgentError ? error : undefined;
    logSelfUpdateFailure(this.#log, known?.url, known?.transportResult ?? result, result);
    this.#log.write('Agent', `  * WARNING: Skipping scan, self-update check returned ${formatHResult(result)}`);
    this.#events.add(selfUpdateEvent('scanFailed', result));
    await ping(this.#pinger(session), { activity: 's', status: 'f', result });
    return this.#concludeFailure(error);
  }

  async #handOver(session: Session, release: Release): Promise<DetectionResult> {
    const text = `Version ${release.version} is handed to the host.`;
    this.#log.write('Setup', `SelfUpdate: ${text}`);
    this.#events.add(selfUpdateEvent('selfUpdate', hresult.rebootRequired, release.version));
    await ping(this.#pinger(session), { activity: 's', status: 'p', result: 0, item: itemOf(release.version) });
    this.#context.progress('handover', text);
    return { kind: 'handover', release };
  }

  async #scan(session: Session, insist: boolean, onTrial: boolean): Promise<Outcome> {
    const { policy } = session;
    try {
      const parts = { context: this.#context, session, insist, onTrial, log: this.#log, events: this.#events };
      const machinery = this.#machinery;
      const { message, failedUpdates } = await detectUpdates({ ...parts, machinery });
      const next = concludeWell(this.#context, policy.detectionFrequencyHours);
      this.#log.write('AU', `AU setting next detection timeout to ${formatDashedTime(next)}`);
      this.#context.progress('finished', message);
      return { ok: true, hresult: 0, message, ...(failedUpdates > 0 && { failedUpdates }) };
    } catch (error) {
      this.#events.add(detectionFailed(outcomeOf(error).hresult));
      return this.#concludeFailure(error);
    }
  }

  /** The answer of a SUS client to a server without a newer version. */
  async #concludeLegacy(session: Session, onTrial: boolean): Promise<Outcome> {
    const { registry } = this.#context;
    const code = formatHResult(hresult.legacyServer);
    const message = `${session.server} is a SUS server without web services: legacy mode (${code}). This client behaves as a SUS client until it is pointed elsewhere.`;
    if (!this.#inLegacyMode()) registry.change(legacyMode(true));
    this.#log.write('Agent', `  * WARNING: Server is a legacy (SUS) server, error ${code}: falling into legacy mode`);
    this.#log.write('AU', `AU: ${message}`);
    this.#context.progress('legacy', message);
    const pinger = { ...this.#pinger(session), userAgent: susUserAgent };
    if (!onTrial) await ping(pinger, { activity: 'd', status: 's', result: 0 });
    const next = concludeWell(this.#context, session.policy.detectionFrequencyHours);
    this.#log.write('AU', `AU setting next detection timeout to ${formatDashedTime(next)}`);
    return { ok: true, hresult: 0, message };
  }

  #leaveLegacyMode(): void {
    if (!this.#inLegacyMode()) return;
    this.#context.registry.change(legacyMode(false));
    const text = `Legacy mode ended (${formatHResult(hresult.nonLegacyServer)}): this is not a SUS server.`;
    this.#log.write('AU', text);
    this.#context.progress('legacy', text);
  }

  #inLegacyMode(): boolean {
    return dword(this.#context.registry.read(), keys.agent, 'LegacyMode') === 1;
  }

  #concludeFailure(error: unknown): Outcome {
    const { outcome, next } = concludeFailed(this.#context, error);
    const code = formatHResult(outcome.hresult);
    this.#log.write('Agent', `  * WARNING: ${outcome.message}`);
    this.#log.write('Agent', `  * WARNING: Exit code = ${code}`);
    this.#log.write('AU', `  # WARNING: Search callback failed, result = ${code}`);
    this.#log.write('AU', `  # WARNING: Failed to find updates with error code ${code.slice(2)}`);
    this.#log.write('AU', `AU setting next detection timeout to ${formatDashedTime(next)}`);
    this.#context.progress('failed', `${code} ${outcome.message}`);
    return outcome;
  }

  #logSettings({ policy, server, statusServer }: Session): void {
    const lines = [
      '###########  AU: Initializing Automatic Updates  ###########',
      `  # WSUS server: ${server}`,
      `  # WSUS status server: ${statusServer}`,
      `  # Target group: ${policy.targetGroup ?? '(Unassigned Computers)'}`,
      `  # Detection frequency: ${policy.detectionFrequencyHours}`,
      `  # Approval type: ${approvalTypes[policy.option] ?? 'Pre-install notify'} (Policy)`,
    ];
    for (const line of lines) this.#log.write('AU', line);
  }

  #tryOpenSession(): Session | undefined {
    try {
      return openSession(this.#context, this.#userAgent);
    } catch {
      return undefined;
    }
  }

  #pinger(session: Session): PingerParts {
    return pingerParts(this.#context, session, (outcome, text) => {
      this.#log.write('Report', outcome === 'kept' ? `WARNING: ${text}` : text);
      if (outcome !== 'sent') this.#context.progress('ping', text);
    });
  }
}

const approvalTypes: Readonly<Record<number, string>> = {
  2: 'Pre-download notify',
  3: 'Pre-install notify',
  4: 'Scheduled',
  5: 'Local administrator decides',
};

function finished(outcome: Outcome): DetectionResult {
  return { kind: 'finished', outcome };
}
