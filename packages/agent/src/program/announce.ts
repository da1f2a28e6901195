// Pings that must be sent exactly once for each change of version, even if a process dies. The registry notes the
// announcement when the ping is safely in urllog.dat and before it is sent. If the process dies between, the ping stays in
// urllog.dat, where the same ping is not added twice.
import { readCurrent } from '../host/current.ts';
import { keys } from '../machine/keys.ts';
import { string } from '../machine/policy.ts';
import { text } from '../machine/registry.ts';
import { type PingerParts, ping } from '../pings/pinger.ts';
import { productName } from '../self-update/release-cabinet.ts';
import type { ProgramContext } from './shell.ts';

/** Says that this version is the agent now, unless it was said. Answers the version it replaced, if it was news. */
export async function announceVersion(context: ProgramContext, pinger: PingerParts): Promise<string | undefined> {
  const { registry, release } = context;
  const before = string(registry.read(), keys.agent, 'AnnouncedVersion');
  if (before === release.version) return undefined;
  await ping(pinger, { activity: 's', status: 's', result: 0, item: itemOf(release.version) }, () =>
    registry.change([{ key: keys.agent, name: 'AnnouncedVersion', value: text(release.version) }]),
  );
  return before ?? '';
}

/** Says which trials were lost, each once. */
export async function announceLostTrials(context: ProgramContext, pinger: PingerParts): Promise<void> {
  const { root, registry } = context;
  for (const { version, hresult, at } of readCurrent(root)?.failed ?? []) {
    const mark = `${version} ${at}`;
    if (string(registry.read(), keys.agent, 'AnnouncedLostTrial') === mark) continue;
    await ping(pinger, { activity: 's', status: 'f', result: hresult, item: itemOf(version) }, () =>
      registry.change([{ key: keys.agent, name: 'AnnouncedLostTrial', value: text(mark) }]),
    );
  }
}

export function itemOf(version: string): string {
  return `${productName}.${version}`;
}
