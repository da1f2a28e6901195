// The lines that administrators paste on clients, of the installers that a server hands out.
import { installLine, installLineForWindows, type Platform } from '@moult/releases/bundle';
import { type KeptBundles, readKeptBundles } from './kept-bundles.ts';

interface InstallLines {
  /** Only with an installer for Linux. */
  linux?: string;
  windows?: string;
}

interface Target {
  /** As its clients call it: http://server:8530, without a slash at its end. */
  server: string;
  group?: string | undefined;
}

/** Those of the platforms that have an installer. */
export function installLinesOf({ bundles, scripts }: KeptBundles, { server, group }: Target): InstallLines {
  const parts = { server, group, script: scripts['install.sh'].sha256, windowsScript: scripts['install.ps1'].sha256 };
  return {
    ...((bundles['linux-x64'] ?? bundles['linux-arm64']) && { linux: installLine(parts) }),
    ...(bundles['win-x64'] && { windows: installLineForWindows(parts) }),
  };
}

interface KnownInstallLines extends InstallLines {
  /** SHA-256 of the root that the installed agent trusts. Only with installers. */
  trustRoot?: string;
  bundles: { platform: Platform; sizeBytes: number; sha256: string }[];
}

/** Makes nothing. Installers that a version without a fingerprint in its index made count as none. */
export function readInstallLines(dataDir: string, target: Target): KnownInstallLines {
  const kept = readKeptBundles(dataDir);
  if (kept?.trustRoot === undefined) return { bundles: [] };
  const bundles = Object.entries(kept.bundles).map(([platform, { sizeBytes, sha256 }]) => ({
    ...{ platform: platform as Platform, sizeBytes, sha256 },
  }));
  return { ...installLinesOf(kept, target), trustRoot: kept.trustRoot, bundles };
}
