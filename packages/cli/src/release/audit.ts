// The audit record of a change to the signed metadata: its author, in the database of the server that has the
// repository.
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { ServerOptions } from '../server-flags.ts';
import { administer } from '../server-options.ts';
import { exitCode } from '../terminal.ts';
import type { Common } from './options.ts';

/** Options that say where something is, or that are secret: none of the change itself. */
const notOfTheChange: readonly string[] = ['dir', 'dataDir', 'database', 'config', 'json', 'passphraseFile', 'out'];

/**
 * Runs a command, and records it when it succeeded. The change is made then: a database that is away is said, and makes
 * the exit code 1.
 */
export function audited<Arguments extends unknown[]>(
  action: string,
  run: (...given: Arguments) => void,
): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    run(...(given as Arguments));
    const isOptions = (one: unknown): one is AuditOptions => typeof one === 'object' && one !== null && 'dir' in one;
    const options = given.find(isOptions);
    const [first] = given;
    // A holder signs on a machine of the holder's own: a server is not there.
    if (options?.dir !== undefined) await record(action, typeof first === 'string' ? first : 'trust', options);
  };
}

type AuditOptions = Common & ServerOptions;

async function record(action: string, subject: string, options: AuditOptions): Promise<void> {
  const flags = serverOf(options);
  if (!flags) return;
  const said = Object.entries(options).filter(([name]) => !notOfTheChange.includes(name));
  const change = { action, subject, after: Object.fromEntries(said) };
  try {
    await administer(flags, ({ store, author }) => store.recordChange(author, change));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    console.error(`note: The change is made, and there is no audit record of it: ${why}`);
    process.exitCode = exitCode.findings;
  }
}

/** The server whose `trust` folder this is. Undefined for a repository of its own. */
export function serverOf({
  dir,
  database,
  config,
}: Pick<AuditOptions, 'dir' | 'database' | 'config'>): ServerOptions | undefined {
  const dataDir = dirname(resolve(dir));
  const isOfServer = basename(resolve(dir)) === 'trust';
  const isThere = ['moult.sqlite', 'keys'].some((name) => existsSync(join(dataDir, name)));
  if (!isOfServer || (!isThere && database === undefined)) return undefined;
  return { dataDir, ...(database === undefined ? {} : { database }), ...(config === undefined ? {} : { config }) };
}
