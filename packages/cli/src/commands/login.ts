// moult login and logout: a token for a server elsewhere, kept for this user.
import type { Command } from 'commander';
import { readNamedFile } from '../files/named-file.ts';
import { present } from '../output.ts';
import { readSecret } from '../read-secret.ts';
import { createApiClient, originOf } from '../remote/api-client.ts';
import { saveCredentials } from '../remote/credentials.ts';
import { RemoteError } from '../terminal.ts';

interface LoginFlags {
  tokenFile?: string;
  ca?: string;
  json?: true;
}

export function register(program: Command): void {
  program
    .command('login')
    .argument('<url>', 'address of the server, for example https://server:8531')
    .description('keep a token for a server, for commands with --server. Reads the token from standard input')
    .option('--token-file <file>', 'read the token from the first line of this file')
    .option('--ca <file>', 'authority of the server (PEM), for example operator-ca.cer.pem')
    .option('--json', 'print one JSON document')
    .action(login);
  program
    .command('logout')
    .argument('<url>', 'address of the server')
    .description('forget the token for a server. "moult tokens revoke" ends it for everybody')
    .action((url: string) => saveCredentials(originOf(url), undefined));
}

async function login(url: string, { tokenFile, ca: caFile, json }: LoginFlags): Promise<void> {
  const origin = originOf(url);
  const ca = caFile === undefined ? undefined : readNamedFile(caFile).toString('utf8');
  const token = (await readSecret(`Token for ${origin}`, tokenFile)).trim();
  const { account, roles } = (await createApiClient(origin, { token, ca }).get('/session')) as Record<string, unknown>;
  // Another program that answers anything with JSON.
  if (typeof account !== 'string' || !Array.isArray(roles))
    throw new RemoteError('CLI_SERVER_UNREACHABLE', `${origin} does not answer as a Moult server does.`);
  saveCredentials(origin, { token, ...(ca !== undefined && { ca }) });
  const document = { server: origin, account, roles };
  present(document, json ? { json } : {}, () => [
    `You use ${origin} as ${account}, role ${[...new Set(roles)].join(', ')}.`,
  ]);
}
