// The limits that somebody gave to a command: by --set-limit, in the environment, in the configuration file. They are in
// force before the command does anything. Most commands are given none, and load nothing of this.
import { existsSync } from 'node:fs';
import { defaultPlaces } from '@moult/administration/places';
import type { GivenBound } from '@moult/bounds';
import type { Command } from 'commander';
import { UsageError } from '../terminal.ts';

/** Lets a command be given limits on its command line. */
export function acceptLimits(command: Command): void {
  command.option(
    '--set-limit <name=value>',
    'change a limit of docs/limits.md. May be repeated',
    (text, before: string[] = []) => [...before, text],
  );
}

/**
 * Puts the limits in force that `command` was given, and adds them to `environment`. Throws BoundsError, and
 * UsageError for a file that cannot be read.
 */
export async function giveLimits(command: Command, environment: Record<string, string | undefined>): Promise<void> {
  const { setLimit = [], config } = command.opts<{ setLimit?: string[]; config?: string }>();
  const takesFile = command.options.some(({ long }) => long === '--config');
  const { configFile = '' } = defaultPlaces;
  const hasFile = takesFile && Boolean(config ?? (environment.MOULT_CONFIG || existsSync(configFile)));
  if (setLimit.length === 0 && !hasFile && !Object.keys(environment).some((name) => name.startsWith('MOULT_LIMIT_')))
    return;
  const [{ boundsInEnvironment, giveBounds, variableOfBound }, { allBounds }] = await Promise.all([
    import('@moult/bounds'),
    import('./all-bounds.ts'),
  ]);
  const flags = setLimit.map(fromFlag);
  giveBounds(allBounds, [...flags, ...boundsInEnvironment(allBounds, environment)]);
  // Threads and processes that this one starts have them too: the programs of the agent, and its host.
  for (const { name, value } of flags.toReversed()) environment[variableOfBound(name)] = String(value);
  if (!hasFile) return;
  // Only now: there are limits for files, too.
  const inForce = await inFile(config);
  giveBounds(allBounds, inForce);
  for (const { name, value } of inForce) environment[variableOfBound(name)] ??= String(value);
}

function fromFlag(text: string): GivenBound {
  const [, name, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (name !== undefined) return { name: name.trim(), value, origin: 'flag', place: '--set-limit' };
  throw new UsageError(
    `--set-limit ${JSON.stringify(text)} is not NAME=VALUE. An example: --set-limit xml.max-depth=200`,
  );
}

async function inFile(named: string | undefined): Promise<GivenBound[]> {
  const [{ readFileLimits }, { readConfigFile }] = await Promise.all([
    import('@moult/administration/config'),
    import('../server-options.ts'),
  ]);
  return readConfigFile(named, (file) => {
    const place = `[limits] in ${file?.name}`;
    return Object.entries(file ? readFileLimits(file) : {}).map(([name, value]) => {
      return { name, value, origin: 'file', place };
    });
  });
}
