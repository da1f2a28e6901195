// The administrator's settings for whoever must go on with a registry that cannot be read: the program says what is wrong with
// it, and the host has to live on to start it again.
import type { MachineRoot } from '../machine/machine-root.ts';
import { openRegistry, viewOf } from '../machine/registry.ts';
import { readSettings, type Settings } from '../machine/settings.ts';

export function settingsOf(root: MachineRoot): Settings {
  try {
    return readSettings(openRegistry(root).read());
  } catch {
    return readSettings(viewOf(new Map()));
  }
}
