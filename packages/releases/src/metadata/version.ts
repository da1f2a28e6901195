// A version of ours: an epoch before the four parts, so that no number is the last. A release whose parts can no longer
// be exceeded (65535.65535.65535.65535) is followed by any version of the next epoch.
import { compareVersions, isVersion } from '@moult/protocol/self-update';

export interface ReleaseVersion {
  epoch: number;
  /** Four parts, each 0 to 65535. */
  version: string;
}

/**
 * Negative when `a` is older than `b`, 0 when they are the same, positive when it is newer. The epoch decides first.
 */
export function compareReleases(a: ReleaseVersion, b: ReleaseVersion): number {
  return a.epoch - b.epoch || compareVersions(a.version, b.version);
}

/** `7.9.0.1`, and `2:7.9.0.1` from epoch 1 on. */
export function formatRelease({ epoch, version }: ReleaseVersion): string {
  return epoch === 0 ? version : `${epoch}:${version}`;
}

/** Reads `7.9.0.1` or `2:7.9.0.1`. Undefined for anything else. */
export function readRelease(text: string): ReleaseVersion | undefined {
  const [, epoch = '0', version = ''] = /^(?:(\d{1,9}):)?([\d.]{7,23})$/.exec(text) ?? [];
  return isVersion(version) ? { epoch: Number(epoch), version } : undefined;
}
