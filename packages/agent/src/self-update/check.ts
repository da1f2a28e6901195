// The self-update check, first thing in every detection of either generation:
// ident → signature → decision → cabinet → signature → release → version folder. (MS-WUSP, product note 49.)
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { extractMember, readCabinet } from '@moult/formats/cab';
import {
  decideSelfUpdate,
  type Ident,
  identPurpose,
  parseIdent,
  type Release,
  releasePurpose,
  selfUpdatePaths,
} from '@moult/protocol/self-update';
import { AgentError } from '../errors.ts';
import { type Generation, readCurrent } from '../host/current.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import type { Machine } from '../machine/policy.ts';
import type { Registry } from '../machine/registry.ts';
import { fetchCabinet } from '../transport/fetch-cabinet.ts';
import { hresult } from '../transport/hresult.ts';
import type { RequestLimits } from '../transport/request.ts';
import { rememberIdent } from './ident-memory.ts';
import { openRelease, productName, stageRelease } from './release-cabinet.ts';
import { messageOf, type OperatorSignature, requirePurpose, verifyCabinet } from './verify-cabinet.ts';

export interface SelfUpdateSession {
  root: MachineRoot;
  registry: Registry;
  server: string;
  generation: Generation;
  version: string;
  machine: Machine;
  operatorCaPem: string;
  userAgent: string;
  /** YYMMDDhhmm: one stamp for the whole session. */
  stamp: string;
  limits: RequestLimits;
  /** Try a version again whose trial was lost before. */
  retryFailed: boolean;
  now(): Date;
  /** This version is on trial: it has to show that it can fetch, so no cached copy counts. */
  onTrial: boolean;
  watch: SelfUpdateWatch;
}

/** What a generation writes to its log, and shows, at each step. */
export interface SelfUpdateWatch {
  checking(identUrl: string): void;
  fetched(url: string, sizeBytes: number, fromCache: boolean): void;
  verifying(file: string): void;
  verified(file: string, signer: string): void;
  decided(decision: 'up-to-date' | { path: string; version: string | undefined }): void;
  staged(release: Release): void;
}

export type SelfUpdateResult = { kind: 'up-to-date' } | { kind: 'staged'; release: Release };

const maxIdentBytes = 1024 * 1024;
const maxReleaseBytes = 128 * 1024 * 1024;

/**
 * Leaves a newer version in its folder, or says that there is none. Throws AgentError AGENT_TRANSPORT_… or
 * AGENT_SELFUPDATE_…; nothing has changed on the machine then but cached cabinets.
 */
export async function checkSelfUpdate(session: SelfUpdateSession): Promise<SelfUpdateResult> {
  const ident = await readServersIdent(session);
  const { version, machine, watch } = session;
  const decision = decideSelfUpdate(ident, { version, ...machine });
  if (decision.kind === 'unsupported') {
    throw new AgentError('AGENT_SELFUPDATE_UNSUPPORTED', decision.because, { hresult: hresult.setupUnsupported });
  }
  watch.decided(decision.kind === 'update' ? decision : 'up-to-date');
  if (decision.kind === 'up-to-date') return { kind: 'up-to-date' };
  refuseFailedVersion(session, decision.version);
  const url = `${session.server}/${decision.path}`;
  const { bytes: cabinet, signature } = await fetchVerified(session, url, 'wuaucomp.cab', maxReleaseBytes);
  const expected = { ownVersion: version, ownGeneration: session.generation, promised: decision.version };
  const opened = openRelease(cabinet, expected);
  requirePurpose(signature, releasePurpose(opened.release.version), url);
  refuseFailedVersion(session, opened.release.version);
  stageRelease(session.root, opened);
  watch.staged(opened.release);
  return { kind: 'staged', release: opened.release };
}

/** The server's iuident or wuident, verified and read. Also how the legacy mode looks for a SUS server. */
export async function readServersIdent(session: SelfUpdateSession, as = session.generation): Promise<Ident> {
  const [path, member] =
    as === 'sus' ? ([selfUpdatePaths.iuident, 'iuident'] as const) : ([selfUpdatePaths.wuident, 'wuident'] as const);
  const url = `${session.server}${path}`;
  session.watch.checking(url);
  const { bytes, signature } = await fetchVerified(session, url, `${member}.cab`, maxIdentBytes);
  requirePurpose(signature, identPurpose(member), url);
  const ident = parse(bytes, `${member}.txt`, url);
  if (ident.product !== undefined && ident.product !== productName) {
    throw badIdent(url, `it is about "${ident.product}", not about ${productName}`);
  }
  if (ident.client !== undefined && ident.client !== as) throw badIdent(url, `it is for ${ident.client} clients`);
  const seen = { signedAt: signature.signedAt, version: ident.version };
  rememberIdent(session.registry, { operatorCaPem: session.operatorCaPem, generation: as }, seen, url);
  return ident;
}

function parse(cabinet: Uint8Array, member: string, url: string): Ident {
  try {
    return parseIdent(extractMember(readCabinet(cabinet), member));
  } catch (error) {
    throw badIdent(url, messageOf(error), error);
  }
}

/** Fetched and verified; a cached copy that does not verify (any more) is fetched once more before it counts. */
async function fetchVerified(
  session: SelfUpdateSession,
  url: string,
  file: string,
  maxBytes: number,
): Promise<{ bytes: Uint8Array; signature: OperatorSignature }> {
  const cacheFile = join(session.root.selfUpdateFolder, file);
  const asked = { ...session, url, cacheFile, limits: { ...session.limits, maxBytes }, fresh: session.onTrial };
  let fetched = await fetchCabinet(asked);
  session.watch.fetched(url, fetched.bytes.length, fetched.fromCache);
  try {
    return { bytes: fetched.bytes, signature: await verify(session, fetched.bytes, cacheFile, file) };
  } catch (error) {
    rmSync(cacheFile, { force: true });
    if (!fetched.fromCache) throw withUrl(error, url);
    fetched = await fetchCabinet({ ...asked, fresh: true });
    session.watch.fetched(url, fetched.bytes.length, false);
    return { bytes: fetched.bytes, signature: await verify(session, fetched.bytes, cacheFile, file) };
  }
}

async function verify(
  session: SelfUpdateSession,
  bytes: Uint8Array,
  path: string,
  file: string,
): Promise<OperatorSignature> {
  session.watch.verifying(path);
  const signature = await verifyCabinet(bytes, session.operatorCaPem, file);
  session.watch.verified(path, signature.signer);
  return signature;
}

function withUrl(error: unknown, url: string): unknown {
  if (!(error instanceof AgentError)) return error;
  return new AgentError(error.code, `${error.message} (${url})`, { hresult: error.hresult, url, cause: error });
}

/** The first tries may follow one another: what failed may have been the machine, or the server. Then it is one a day. */
const earlyTries = 3;
const dayMs = 24 * 3_600_000;

/** 0x8024D008: a version that failed its trials is tried again once a day. */
function refuseFailedVersion({ root, retryFailed, now }: SelfUpdateSession, version: string | undefined): void {
  if (retryFailed || version === undefined) return;
  const failure = readCurrent(root)?.failed.find((failed) => failed.version === version);
  if (!failure) return;
  const tries = failure.tries ?? 1;
  // By the distance alone: a clock that was wrong then, or is now, must not rule a version out for ever.
  const isDue = Math.abs(now().getTime() - Date.parse(failure.at)) >= dayMs;
  if (tries < earlyTries || isDue) return;
  throw new AgentError(
    'AGENT_SELFUPDATE_FAILED_BEFORE',
    `Version ${version} failed its trial ${tries} times, last at ${failure.at}. It is tried again after a day. ` +
      'A newer version is tried at once; "moult agent run --now" tries this one again now.',
    { hresult: hresult.setupFailedBefore },
  );
}

function badIdent(url: string, why: string, cause?: unknown): AgentError {
  return new AgentError('AGENT_SELFUPDATE_BAD_IDENT', `${url} is not used: ${why}.`, {
    hresult: hresult.setupInvalidIdent,
    url,
    cause,
  });
}
