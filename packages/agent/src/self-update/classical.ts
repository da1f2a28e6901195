// The self-update tree of old: ident → signature → decision → cabinet → signature. Its trust is the operator's
// code-signing certificate. (MS-WUSP, product note 49.)

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { extractMember, readCabinet } from '@moult/formats/cab';
import { hresult } from '@moult/protocol/hresult';
import {
  decideSelfUpdate,
  type Ident,
  identPurpose,
  parseIdent,
  releasePurpose,
  selfUpdatePaths,
} from '@moult/protocol/self-update';
import { programBounds } from '../bounds.ts';
import { AgentError } from '../errors.ts';
import { fetchCabinet } from '../transport/fetch-cabinet.ts';
import { refuseFailedVersion } from './failed-version.ts';
import { rememberIdent } from './ident-memory.ts';
import { type OpenedRelease, openRelease, productName } from './release-cabinet.ts';
import type { SelfUpdateSession } from './session.ts';
import { messageOf, type OperatorSignature, requirePurpose, verifyCabinet } from './verify-cabinet.ts';

/** The newer release that the ident file leads to, verified. Undefined without one. For a machine without a root. */
export async function classicalRelease(session: SelfUpdateSession, ident: Ident): Promise<OpenedRelease | undefined> {
  const { version, epoch, machine, watch } = session;
  // The tree has releases of epoch 0 alone: they are all older.
  const decision = epoch > 0 ? ({ kind: 'up-to-date' } as const) : decideSelfUpdate(ident, { version, ...machine });
  if (decision.kind === 'unsupported') {
    throw new AgentError('AGENT_SELFUPDATE_UNSUPPORTED', decision.because, { hresult: hresult.setupUnsupported });
  }
  watch.decided(decision.kind === 'update' ? decision : 'up-to-date');
  if (decision.kind === 'up-to-date') return undefined;
  refuseFailedVersion(session, decision.version);
  const url = `${session.server}/${decision.path}`;
  const { bytes: cabinet, signature } = await fetchVerified(
    session,
    url,
    'wuaucomp.cab',
    programBounds.maxReleaseBytes,
  );
  const opened = openRelease(cabinet, {
    own: { epoch, version, generation: session.generation },
    brand: session.root.brand,
    promised: decision.version === undefined ? undefined : { epoch: 0, version: decision.version },
  });
  requirePurpose(signature, releasePurpose(opened.release.version), url);
  refuseFailedVersion(session, opened.release.version);
  return opened;
}

/** The server's iuident or wuident, verified and read. Also how the legacy mode looks for a SUS server. */
export async function readServersIdent(session: SelfUpdateSession, as = session.generation): Promise<Ident> {
  const [path, member] =
    as === 'sus' ? ([selfUpdatePaths.iuident, 'iuident'] as const) : ([selfUpdatePaths.wuident, 'wuident'] as const);
  const url = `${session.server}${path}`;
  session.watch.checking(url);
  const { bytes, signature } = await fetchVerified(session, url, `${member}.cab`, programBounds.maxIdentBytes);
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

/** Fetched and verified. A cached copy that does not verify (any more) is fetched once more before it counts. */
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

function badIdent(url: string, why: string, cause?: unknown): AgentError {
  return new AgentError('AGENT_SELFUPDATE_BAD_IDENT', `${url} is not used: ${why}.`, {
    hresult: hresult.setupInvalidIdent,
    url,
    cause,
  });
}
