// A command on the server of this machine, or by --server on one elsewhere: the same words, the same results.
import type { Administration } from '@moult/administration';
import { type Command, Option } from 'commander';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { administer, withAdvice } from '../server-options.ts';
import { UsageError } from '../terminal.ts';

export interface RemoteFlags extends AdministrationFlags {
  server?: string;
}

/** As withServerOptions, and `--server`. */
export function withRemoteOptions(command: Command): Command {
  return withServerOptions(command).addOption(
    new Option('--server <url>', 'use the API of this server, with the token of "moult login" or MOULT_TOKEN'),
  );
}

/** Does `here` on the server that is meant, or `there` when --server names one. Throws as administer does, and RemoteError. */
export async function perform<Result>(
  flags: RemoteFlags,
  here: (administration: Administration) => Promise<Result>,
  there: (api: import('./api-client.ts').ApiClient) => Promise<Result>,
): Promise<Result> {
  if (flags.server === undefined) return administer(flags, here);
  if (flags.dataDir !== undefined || flags.database !== undefined || flags.config !== undefined)
    throw new UsageError('--server goes without --data-dir, --database and --config: it names another server.');
  const api = await clientFor(flags.server);
  try {
    return await there(api);
  } catch (error) {
    throw withAdvice(error);
  }
}

async function clientFor(server: string) {
  const [{ createApiClient, originOf }, { loadCredentials }] = await Promise.all([
    import('./api-client.ts'),
    import('./credentials.ts'),
  ]);
  const origin = originOf(server);
  const kept = loadCredentials(origin);
  const token = process.env.MOULT_TOKEN || kept?.token;
  if (!token) throw new UsageError(`There is no token for ${origin}. Run: moult login ${origin}`);
  return createApiClient(origin, { token, ca: kept?.ca });
}
