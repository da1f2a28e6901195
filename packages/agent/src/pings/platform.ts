// The P field of a ping: dotted hexadecimal, major.minor.build.platform.suite mask.product type.server
// (docs/self-update.md, the sample is Windows 2000 Professional).
import { release } from 'node:os';
import type { Machine } from '../machine/policy.ts';

/** The platform of this machine as pings carry it. */
export function platformOf({ os }: Machine, hostRelease = release()): string {
  const [major, minor, build] = osVersionOf(os, hostRelease);
  const windows = os !== 'Linux' && os !== 'Darwin';
  const productType = os === 'NetServer' ? 3 : 1;
  return [major, minor, build, windows ? 2 : 0, 0x100, productType, 0].map((part) => part.toString(16)).join('.');
}

/** Version of the system: that of the Windows the machine is said to be, else of the host's kernel. */
export function osVersionOf(os: Machine['os'], hostRelease = release()): [number, number, number] {
  const known = windowsVersions[os];
  if (known) return known;
  const [major = 0, minor = 0, build = 0] = hostRelease.split(/[.-]/).map((part) => Number.parseInt(part, 10) || 0);
  return [major, minor, build];
}

const windowsVersions: Readonly<Record<string, [number, number, number]>> = {
  W2K: [5, 0, 2195],
  XP: [5, 1, 2600],
  NetServer: [5, 2, 3790],
};
