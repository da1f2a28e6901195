// Our own part of the tree, in memory: the two ident files, the newest host and the newest release, which is the same for every processor,
// system and language because the agents are programs for any of them.
import { createHash } from 'node:crypto';
import type { SigningIdentity } from '@moult/formats/authenticode';
import { moultAgentHeader } from '@moult/protocol/self-update';
import { createMemoryFile, type MemoryFile } from '../../http/static-file/index.ts';
import { publishIdents } from './ident-cabinets.ts';
import { leadRelease } from './lead-release.ts';
import { agentKinds, hostKinds, newestHost, type PublishedRelease, publishReleases } from './releases.ts';
import type { SignedCabinet } from './signed-cabinet.ts';

export interface OwnTree {
  iuident: MemoryFile;
  wuident: MemoryFile;
  /** Undefined when there is no release: every agent may stay as it is. */
  wuaucomp: MemoryFile | undefined;
  /** Undefined when there is no host release. */
  host: MemoryFile | undefined;
  /** The operator's CA, for agents that are installed without it. */
  operatorCertificate: MemoryFile;
  releases: PublishedRelease[];
  hosts: PublishedRelease[];
}

/**
 * Publishes releases and ident files and loads them. A release folder that cannot be published, and a disk that takes no
 * writes, are told to `refused`.
 */
export async function openOwnTree(
  dataDir: string,
  releaseDir: string | undefined,
  identity: SigningIdentity,
  now: Date,
  refused: (error: unknown) => void,
): Promise<OwnTree> {
  const releases = await publishReleases(agentKinds, dataDir, releaseDir, identity, now, refused);
  const hosts = await publishReleases(hostKinds, dataDir, releaseDir, identity, now, refused);
  const host = newestHost(hosts);
  const newest = leadRelease(dataDir, releases);
  const idents = await publishIdents(dataDir, newest?.release, identity, now, refused);
  return {
    iuident: memoryFile(idents.iuident),
    wuident: memoryFile(idents.wuident),
    wuaucomp: newest && memoryFile(newest.cabinet),
    host: host && memoryFile(host.cabinet),
    operatorCertificate: certificateFile(identity, now),
    releases,
    hosts,
  };
}

function certificateFile({ chainPem, certificatePem }: SigningIdentity, now: Date): MemoryFile {
  const pem = Buffer.from(chainPem.at(-1) ?? certificatePem);
  return createMemoryFile(pem, {
    etag: `"${createHash('sha256').update(pem).digest('hex').slice(0, 32)}"`,
    lastModified: now,
    contentType: 'application/x-x509-ca-cert',
    cacheControl: 'no-cache',
  });
}

// no-cache: a proxy may keep it but must ask whether it is still the newest.
function memoryFile({ bytes, sha256, signedAt }: SignedCabinet): MemoryFile {
  return createMemoryFile(bytes, {
    etag: `"${sha256.slice(0, 32)}"`,
    lastModified: signedAt,
    contentType: 'application/octet-stream',
    cacheControl: 'no-cache',
    vary: moultAgentHeader.name,
  });
}
