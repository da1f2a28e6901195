// moult tls: the certificate of HTTPS.
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { type FoundServer, isThere } from '@moult/administration';
import { tlsPortOf } from '@moult/administration/config';
import { readOutside } from '@moult/disk';
import { loadOrCreateOperatorKeys, loadOrMakeServerCertificate } from '@moult/store/keys';
import type { Command } from 'commander';
import { present } from '../output.ts';
import { type AdministrationFlags, requireServer, withServerOptions } from '../server-options.ts';

export function register(program: Command): void {
  const tls = program.command('tls').description('the certificate of HTTPS');
  withServerOptions(tls.command('status'))
    .description('show the port of HTTPS and its certificate, by the settings')
    .action(status);
  withServerOptions(tls.command('issue'))
    .description('make a new certificate of the own authority. The server uses it within a minute')
    .action(issue);
}

interface Shown {
  port: number | 'off';
  /** `own`: of the authority of this server. */
  source: 'own' | 'files' | 'pfx' | 'off';
  file?: string | undefined;
  names?: string | undefined;
  issuer?: string | undefined;
  validTo?: Date | undefined;
}

function status(flags: AdministrationFlags): void {
  show(shownOf(requireServer(flags)), flags);
}

function shownOf({ dataDir, config }: FoundServer): Shown {
  const { port } = tlsPortOf(config);
  const { tlsPfx, tlsCert } = config;
  if (port === 'off') return { port, source: 'off' };
  // OpenSSL alone reads a PFX.
  if (tlsPfx !== undefined) return { port, source: 'pfx', file: tlsPfx };
  if (tlsCert !== undefined) return { port, source: 'files', file: tlsCert, ...factsOf(tlsCert) };
  const file = ownFile(dataDir);
  return { port, source: 'own', ...(isThere(file) && { file, ...factsOf(file) }) };
}

async function issue(flags: AdministrationFlags): Promise<void> {
  const { dataDir, config } = requireServer(flags);
  const { reachedNames } = await import('@moult/server');
  const now = new Date();
  const { ca } = await loadOrCreateOperatorKeys(dataDir, { now });
  await loadOrMakeServerCertificate(dataDir, { ca, names: reachedNames(config), now, isForced: true });
  const file = ownFile(dataDir);
  show({ port: tlsPortOf(config).port, source: 'own', file, ...factsOf(file) }, flags);
}

function ownFile(dataDir: string): string {
  return join(dataDir, 'keys', 'server-tls.pem');
}

function factsOf(file: string): Pick<Shown, 'names' | 'issuer' | 'validTo'> {
  const { subjectAltName = '', issuer, validTo } = new X509Certificate(readOutside(file));
  return { names: subjectAltName, issuer: issuer.replaceAll('\n', ', '), validTo: new Date(validTo) };
}

function show(shown: Shown, flags: AdministrationFlags): void {
  present(shown, flags, ({ port, source, file, names, issuer, validTo }) => [
    `port        ${port}`,
    `source      ${source}`,
    ...(file === undefined ? [] : [`file        ${file}`]),
    ...(names === undefined ? [] : [`names       ${names}`]),
    ...(issuer === undefined ? [] : [`issuer      ${issuer}`]),
    ...(validTo === undefined ? [] : [`ends        ${validTo.toISOString().slice(0, 10)}`]),
  ]);
}
