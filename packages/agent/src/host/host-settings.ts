// The administrator's settings for a process that must go on with a registry that cannot be read. The program reports the
// fault of the registry, and the host must live on to start it again.
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
