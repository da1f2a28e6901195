// The releases that a new machine begins with: the newest agent and the newest host that are offered and not recalled.
import { extractAll, readCabinet } from '@moult/formats/cab';
import { releaseFileName } from '@moult/protocol/self-update';
import { withoutRecalled } from './lead-release.ts';
import { nameOf, readOffers } from './offers.ts';
import {
  agentKinds,
  hostKinds,
  kindOf,
  newestHost,
  newestRelease,
  type PublishedRelease,
  readPublishedReleases,
} from './releases.ts';

interface CurrentRelease {
  kind: string;
  release: PublishedRelease['release'];
  /** By the names in `release.files`. */
  files: Map<string, Uint8Array>;
}

/** Empty for a data directory whose server never started. */
export async function readCurrentReleases(dataDir: string): Promise<CurrentRelease[]> {
  const offers = await readOffers(dataDir);
  const isOffered = ({ release }: PublishedRelease) =>
    offers.get(nameOf({ kind: kindOf(release), version: release.version }))?.offeredAt !== undefined;
  const published = (await readPublishedReleases(dataDir, [...agentKinds, ...hostKinds])).filter(isOffered);
  const usable = withoutRecalled(dataDir, published);
  // A host may have a higher number than every agent.
  const agents = usable.filter(({ release }) => kindOf(release) === 'wsus');
  return [newestRelease(agents), newestHost(usable)].filter((one) => one !== undefined).map(unpack);
}

function unpack({ release, cabinet }: PublishedRelease): CurrentRelease {
  const members = [...extractAll(readCabinet(cabinet.bytes))].filter(([name]) => name !== releaseFileName);
  const files = new Map(members.map(([name, bytes]) => [name.replaceAll('\\', '/'), bytes]));
  return { kind: kindOf(release), release, files };
}
