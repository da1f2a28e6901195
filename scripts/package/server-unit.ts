// The systemd unit of the server: that of examples/, with the paths of the Debian package.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** `root`: of the checkout. `command`: what starts moult, as an absolute path. */
export function serverUnit(root: string, command: string): string {
  const text = readFileSync(join(root, 'examples/moult.service'), 'utf8');
  const unit = text
    .replace(/^ExecStart=\S+/m, `ExecStart=${command}`)
    .replace(/^# .*Copy to.*\n/m, '# Moult as a systemd service.\n');
  if (!unit.includes(`ExecStart=${command} serve`))
    throw new Error('examples/moult.service has no ExecStart that serves.');
  return unit;
}
