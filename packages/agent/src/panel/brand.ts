// The panel under a vendor's name: what it is called and its picture come from the release that is installed, which the operator
// signed.
import { isSameBrand } from '@moult/protocol/self-update';
import { readCurrent, versionFolder } from '../host/current.ts';
import { readIntactRelease, readReleased } from '../host/release-folder.ts';
import { isMoult } from '../machine/brand.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { serviceNames } from '../service/identity.ts';

export interface PanelBrand {
  product: string;
  /** The command that opens the panel. */
  command: string;
  /** Undefined: it has none. */
  icon: { type: string; bytes: Buffer } | undefined;
  /** The address of the picture in the browser's tab: the vendor's, or Moult's for Moult alone. */
  tabIcon: string | undefined;
}

/** How the panel of this machine is called, and its picture. */
export function panelBrand(root: MachineRoot): PanelBrand {
  if (isMoult(root.brand))
    return { product: 'Moult', command: 'moult agent panel', icon: undefined, tabIcon: '/icon.svg' };
  const { command } = serviceNames(root.brand);
  const unsigned = { product: root.brand.name, command: `${command} panel`, icon: undefined, tabIcon: undefined };
  const current = readCurrent(root);
  const folder = current && versionFolder(root, current.version);
  const release = folder === undefined ? undefined : readIntactRelease(folder);
  if (folder === undefined || !release?.brand || !isSameBrand(release.brand, root.brand)) return unsigned;
  const { name: product, icon } = release.brand;
  const file = release.files.find(({ name }) => name === icon);
  const bytes = file && readReleased(folder, file);
  const type = icon?.endsWith('.png') ? 'image/png' : 'image/svg+xml';
  return { ...unsigned, product, icon: bytes && { type, bytes }, tabIcon: bytes && '/icon' };
}
