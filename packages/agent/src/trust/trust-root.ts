// The root of the operator's trust metadata that this machine has pinned, and how it arrives: in a cabinet that the
// operator signed. So a machine that has pinned the operator's CA needs nothing else.

import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { makeFolders } from '@moult/disk';
import { type CabinetLimits, defaultCabinetLimits, extractAll, readCabinet } from '@moult/formats/cab';
import { hresult } from '@moult/protocol/hresult';
import { selfUpdatePaths, trustRootPurpose } from '@moult/protocol/self-update';
import { TrustedSet } from '@moult/releases/client';
import { programBounds } from '../bounds.ts';
import { AgentError } from '../errors.ts';
import { readKept, writeFileAtomically } from '../machine/atomic-file.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { messageOf, requirePurpose, verifyCabinet } from '../self-update/verify-cabinet.ts';
import { type RequestLimits, send, statusError } from '../transport/request.ts';

export interface TrustRootSource {
  server: string;
  /** Servers that have the same metadata and releases, asked in turn when the server has none or wrong ones. */
  mirrors?: readonly string[];
  userAgent: string;
  limits: RequestLimits;
  /** The operator's CA that this machine has pinned. */
  operatorCaPem: string;
  now(): Date;
}

/**
 * The server's root, signed by the operator. Undefined when the server has none (a real WSUS, Moult 0.1 of before).
 * Throws AgentError AGENT_TRANSPORT_…, AGENT_SELFUPDATE_BAD_SIGNATURE, AGENT_SELFUPDATE_WRONG_PURPOSE,
 * AGENT_CONFIG_BAD_TRUST_ROOT.
 */
export async function fetchTrustRoot(source: TrustRootSource): Promise<Uint8Array | undefined> {
  const url = `${source.server}${selfUpdatePaths.trustRoot}`;
  const { userAgent } = source;
  const { status, headers, body } = await send({
    url,
    userAgent,
    limits: { ...source.limits, maxBytes: programBounds.maxTrustRootBytes },
  });
  if (status === 404) return undefined;
  if (status !== 200) throw statusError(status, url, headers, source.now());
  requirePurpose(await verifyCabinet(body, source.operatorCaPem, url), trustRootPurpose, url);
  return requireRoot(memberOf(body, url), url, source.now());
}

/** Throws AGENT_CONFIG_BAD_TRUST_ROOT for a file that is not a root signed by its own keys. */
export function requireRoot(bytes: Uint8Array, what: string, now: Date): Uint8Array {
  try {
    new TrustedSet(bytes, now, 'alarm');
    return bytes;
  } catch (cause) {
    throw badRoot(what, messageOf(cause), cause);
  }
}

/** The pinned root. Undefined without one. Throws what the disk says when there is one that cannot be read. */
export function readTrustRoot({ trustRoot }: MachineRoot): Uint8Array | undefined {
  return readKept(trustRoot);
}

/**
 * Pins this root. Another one than before is another operator: what the one before had signed is forgotten. Throws what
 * the disk says, with nothing forgotten when it cannot read the one before.
 */
export function pinTrustRoot(root: MachineRoot, bytes: Uint8Array): void {
  const before = readKept(root.trustRoot);
  if (before && Buffer.compare(before, bytes) === 0) return;
  rmSync(root.trustFolder, { recursive: true, force: true });
  makeFolders(root.agentFolder);
  writeFileAtomically(root.trustRoot, Buffer.from(bytes).toString('utf8'));
}

/** No root is pinned any more, and nothing that it vouched for is known. */
export function forgetTrustRoot(root: MachineRoot): void {
  rmSync(root.trustRoot, { recursive: true, force: true });
  rmSync(root.trustFolder, { recursive: true, force: true });
}

/** As people compare it: SHA-256 of the file. */
export function trustRootFingerprint(bytes: Uint8Array): string {
  return createHash('sha256')
    .update(bytes)
    .digest('hex')
    .toUpperCase()
    .replaceAll(/..(?=.)/g, '$&:');
}

function memberOf(cabinet: Uint8Array, what: string): Uint8Array {
  try {
    const found = [...extractAll(readCabinet(cabinet, currentLimits()))].find(([name]) => name === 'root.json');
    if (found) return found[1];
  } catch (cause) {
    throw badRoot(what, messageOf(cause), cause);
  }
  throw badRoot(what, 'root.json is not in it');
}

function badRoot(what: string, why: string, cause?: unknown): AgentError {
  const text = `${what} is not a root of trust metadata: ${why.replace(/\.$/, '')}.`;
  return new AgentError('AGENT_CONFIG_BAD_TRUST_ROOT', text, { hresult: hresult.untrustedRoot, cause });
}

function currentLimits(): CabinetLimits {
  const { maxTrustRootFiles: maxMembers, maxTrustRootBytes: maxTotalBytes } = programBounds;
  return { ...defaultCabinetLimits, maxMembers, maxTotalBytes };
}
