// Our own part of the tree, in memory: the two ident files, the newest host and the newest release. It is the same for
// every processor, system and language, because the agents are programs for any of them.
import { createHash } from 'node:crypto';
import type { SigningIdentity } from '@moult/formats/authenticode';
import { moultAgentHeader } from '@moult/protocol/self-update';
import { createMemoryFile, type MemoryFile } from '../../http/static-file/index.ts';
import type { Branding } from './branding.ts';
import { publishIdents } from './ident-cabinets.ts';
import { leadRelease, withoutRecalled } from './lead-release.ts';
import { nameOf, settleOffers, type WhenOffered } from './offers.ts';
import {
  agentKinds,
  hostKinds,
  kindOf,
  newestHost,
  type PublishedRelease,
  publishReleases,
  releasesIn,
} from './releases.ts';
import type { SignedCabinet } from './signed-cabinet.ts';
import { releasesFolder } from './tree-folders.ts';

export interface OwnTree {
  iuident: MemoryFile;
  wuident: MemoryFile;
  /** Undefined without a release: every agent may stay as it is. */
  wuaucomp: MemoryFile | undefined;
  /** Undefined without a host release. */
  host: MemoryFile | undefined;
  /** The operator's CA, for agents that are installed without it. */
  operatorCertificate: MemoryFile;
  /** Agent releases that are offered and not recalled, newest first. And hosts. */
  releases: PublishedRelease[];
  hosts: PublishedRelease[];
  /** All that are offered, also those that were recalled: what the metadata lists. */
  offered: PublishedRelease[];
}

interface OwnTreeParts {
  releaseDir: string | undefined;
  branding?: Branding | undefined;
  identity: SigningIdentity;
  /** When agents are offered a release that is new here. */
  when: WhenOffered;
  now: Date;
  refused(error: unknown): void;
}

/**
 * Publishes releases and ident files and loads them. A release folder that cannot be published, and a disk that takes
 * no writes, are told to `refused`.
 */
export async function openOwnTree(
  dataDir: string,
  { releaseDir, branding, identity, when, now, refused }: OwnTreeParts,
): Promise<OwnTree> {
  const before = await releasesIn(releasesFolder(dataDir), [...agentKinds, ...hostKinds]);
  const allReleases = await publishReleases(agentKinds, dataDir, releaseDir, identity, now, refused, branding);
  const allHosts = await publishReleases(hostKinds, dataDir, releaseDir, identity, now, refused, branding);
  const names = await settleOffers(dataDir, { when, now, before, refused });
  const isOffered = ({ release }: PublishedRelease) =>
    names.has(nameOf({ kind: kindOf(release), version: release.version }));
  const [releases, hosts] = [allReleases, allHosts].map((all) => withoutRecalled(dataDir, all.filter(isOffered)));
  const host = newestHost(hosts ?? []);
  const newest = leadRelease(dataDir, releases ?? []);
  const idents = await publishIdents(dataDir, newest?.release, identity, now, refused);
  return {
    iuident: memoryFile(idents.iuident),
    wuident: memoryFile(idents.wuident),
    wuaucomp: newest && memoryFile(newest.cabinet),
    host: host && memoryFile(host.cabinet),
    operatorCertificate: certificateFile(identity, now),
    releases: releases ?? [],
    hosts: hosts ?? [],
    offered: [...allReleases, ...allHosts].filter(isOffered),
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
