// The SUS client. It knows three files: iuident.cab, wuaucomp.cab and wutrack.bin. It finds out that it is outdated,
// brings its successor, and says how that went. Nothing else.
import { counted } from '@moult/formats/text';
import { formatHResult } from '@moult/protocol/hresult';
import type { Release } from '@moult/protocol/self-update';
import { AgentError } from '../errors.ts';
import type { Outcome } from '../host/messages.ts';
import { openSusLog, type SusLog } from '../logs/sus-log.ts';
import { formatDottedTime } from '../machine/au-time.ts';
import { type PingerParts, ping } from '../pings/pinger.ts';
import { announceLostTrials, announceVersion, itemOf } from '../program/announce.ts';
import { concludeFailed, concludeWell, noteDetectionStart } from '../program/conclude.ts';
import { outcomeOf } from '../program/outcome.ts';
import { openDetection, openSession, pingerParts, type Session, selfUpdateSession } from '../program/session.ts';
import type { AgentClient, DetectionResult, ProgramContext } from '../program/shell.ts';
import { checkSelfUpdate, type SelfUpdateWatch } from '../self-update/check.ts';

const susUserAgent = 'Industry Update Control';

export class SusClient implements AgentClient {
  readonly #context: ProgramContext;
  readonly #log: SusLog;

  constructor(context: ProgramContext) {
    this.#context = context;
    this.#log = openSusLog(context.root, context.now);
  }

  async begin(): Promise<void> {
    const { release } = this.#context;
    this.#log.write('Info', 'Service', `Automatic Updates (SUS client) ${release.version} started.`);
    this.#context.progress('started', `SUS client ${release.version} started.`);
    const session = this.#tryOpenSession();
    if (!session) return;
    const replaced = await announceVersion(this.#context, this.#pinger(session));
    if (replaced !== undefined) this.#log.write('Success', 'SelfUpdate', `This is version ${release.version} now.`);
    await announceLostTrials(this.#context, this.#pinger(session));
  }

  /** A SUS client installs nothing but its successor. */
  async work(): Promise<undefined> {}

  waiting(until: Date): void {
    const at = `${formatDottedTime(until, 'local')} local time`;
    this.#log.write('Info', 'Service', `Next detection at ${at}.`);
    this.#context.progress('waiting', `Next detection at ${at}.`);
  }

  troubled(error: unknown): void {
    this.#log.write('Error', 'Service', outcomeOf(error).message);
  }

  async detect(insist: boolean, onTrial: boolean): Promise<DetectionResult> {
    const { release } = this.#context;
    let session: Session | undefined;
    try {
      noteDetectionStart(this.#context);
      session = await openDetection(this.#context, susUserAgent, (line) => this.#log.write('Info', 'Detection', line));
      this.#log.write('Info', 'Detection', `Detection starts; server ${session.server}, version ${release.version}.`);
      const found = await checkSelfUpdate(
        selfUpdateSession(this.#context, session, { insist, onTrial }, this.#watch()),
      );
      if (found.kind === 'staged') return await this.#handOver(session, found.release);
      return { kind: 'finished', outcome: await this.#nothingToDo(session, onTrial) };
    } catch (error) {
      return { kind: 'finished', outcome: await this.#failed(error, session) };
    }
  }

  async trialFailed(version: string, result: number, message: string): Promise<Outcome> {
    const text = `Self-update to ${version} failed: ${message}`;
    const error = new AgentError('AGENT_SELFUPDATE_TRIAL_FAILED', text, { hresult: result });
    const outcome = this.#conclude(error);
    const session = this.#tryOpenSession();
    if (session) await announceLostTrials(this.#context, this.#pinger(session));
    return outcome;
  }

  async #handOver(session: Session, release: Release): Promise<DetectionResult> {
    await ping(this.#pinger(session), { activity: 's', status: 'p', result: 0, item: itemOf(release.version) });
    const text = `Version ${release.version} (${release.generation}) is handed to the host.`;
    this.#log.write('Info', 'SelfUpdate', text);
    this.#context.progress('handover', text);
    return { kind: 'handover', release };
  }

  async #nothingToDo(session: Session, onTrial: boolean): Promise<Outcome> {
    if (!onTrial) await ping(this.#pinger(session), { activity: 'd', status: 's', result: 0 });
    concludeWell(this.#context, session.policy.detectionFrequencyHours);
    const message = `Detection finished: version ${this.#context.release.version} is up to date.`;
    this.#log.write('Success', 'Detection', message);
    this.#context.progress('finished', message);
    return { ok: true, hresult: 0, message };
  }

  async #failed(error: unknown, session: Session | undefined): Promise<Outcome> {
    const outcome = this.#conclude(error);
    if (session) await ping(this.#pinger(session), { activity: 's', status: 'f', result: outcome.hresult });
    return outcome;
  }

  #conclude(error: unknown): Outcome {
    const { outcome, next, unreachable } = concludeFailed(this.#context, error);
    const code = formatHResult(outcome.hresult);
    this.#log.write('Error', 'SelfUpdate', `Self-update failed with ${code}: ${outcome.message}`);
    const why = unreachable ? ' (24 hours: the server could not be contacted)' : '';
    this.#log.write('Info', 'Detection', `Next detection at ${formatDottedTime(next, 'utc')} UTC${why}.`);
    this.#context.progress('failed', `${code} ${outcome.message}`);
    return outcome;
  }

  #tryOpenSession(): Session | undefined {
    try {
      return openSession(this.#context, susUserAgent);
    } catch {
      return undefined;
    }
  }

  #pinger(session: Session): PingerParts {
    return pingerParts(this.#context, session, (outcome, text) => {
      this.#log.write(outcome === 'kept' ? 'Warning' : 'Info', 'Ping', text);
      if (outcome !== 'sent') this.#context.progress('ping', text);
    });
  }

  #watch(): SelfUpdateWatch {
    const { progress } = this.#context;
    const info = (text: string) => this.#log.write('Info', 'SelfUpdate', text);
    return {
      checking: (url) => {
        info(`Asking ${url}.`);
        progress('ident', `Is there a newer agent? Asking ${url}`);
      },
      fetched: (url, sizeBytes, fromCache) => {
        const how = fromCache ? 'unchanged since last time, cached copy used' : 'fetched';
        this.#log.write('Info', 'Transport', `${url}: ${sizeBytes} bytes, ${how}.`);
        if (!url.endsWith('ident.cab')) progress('download', `${url} (${sizeBytes} bytes)`);
      },
      verifying: () => undefined,
      verified: (file, signer) => {
        this.#log.write('Success', 'SelfUpdate', `Signature of ${file} is good; signed by ${signer}.`);
        progress('verify', `Signed by ${signer}, whose CA this machine trusts.`);
      },
      decided: (decision) => {
        const text =
          decision === 'up-to-date'
            ? 'This version is up to date.'
            : `Outdated: version ${decision.version ?? '(not named)'} is at ${decision.path}.`;
        info(text);
        progress('decision', text);
      },
      covered: (file, role) => {
        this.#log.write('Success', 'SelfUpdate', `The operator's metadata names ${file} (${role}).`);
        progress('verify', `Named by the operator's signed metadata: ${role}.`);
      },
      warned: (text) => this.#log.write('Warning', 'SelfUpdate', text),
      alarmed: (error) => progress('failed', `${formatHResult(error.hresult)} ${error.message}`),
      refused: (error, _version, isNews) => {
        this.#log.write('Warning', 'SelfUpdate', `${formatHResult(error.hresult)}: ${error.message}`);
        if (isNews) progress('failed', `${formatHResult(error.hresult)} ${error.message}`);
      },
      staged: ({ version, files }) => {
        info(`Version ${version} is unpacked (${counted(files.length, 'file')}, all as released).`);
        progress('extract', `Version ${version} is unpacked beside this one.`);
      },
    };
  }
}
