// The certificate of HTTPS as an administrator sees it, by the settings.
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ServerConfig, tlsPortOf } from '@moult/administration/config';
import { readOutside } from '@moult/disk';
import { ServerError } from '@moult/store/errors';
import { loadOrCreateOperatorKeys, loadOrMakeServerCertificate, openAcmeFiles } from '@moult/store/keys';
import { reachedNames } from '../own-names.ts';

export interface ShownCertificate {
  port: number | 'off';
  /** `own`: of the authority of this server. `acme`: of the authority of --acme-url. */
  source: 'own' | 'acme' | 'files' | 'pfx' | 'off';
  file?: string | undefined;
  names?: string | undefined;
  issuer?: string | undefined;
  validTo?: Date | undefined;
}

interface Place {
  dataDir: string;
  config: ServerConfig;
}

/** The certificate that the settings name. A file that cannot be read throws as readOutside does. */
export function shownCertificate({ dataDir, config }: Place): ShownCertificate {
  const { port } = tlsPortOf(config);
  const { tlsPfx, tlsCert } = config;
  if (port === 'off') return { port, source: 'off' };
  // OpenSSL alone reads a PFX.
  if (tlsPfx !== undefined) return { port, source: 'pfx', file: tlsPfx };
  if (tlsCert !== undefined) return { port, source: 'files', file: tlsCert, ...factsOf(tlsCert) };
  const { certificatePath } = openAcmeFiles(dataDir);
  if (config.acmeUrl !== undefined && existsSync(certificatePath))
    return { port, source: 'acme', file: certificatePath, ...factsOf(certificatePath) };
  const file = ownFile(dataDir);
  return { port, source: 'own', ...(existsSync(file) && { file, ...factsOf(file) }) };
}

/** Makes a new certificate of the own authority. A running server uses it within a minute. Throws SERVER_BAD_CONFIG with --acme-url. */
export async function issueCertificate({ dataDir, config }: Place, now: Date): Promise<ShownCertificate> {
  if (config.acmeUrl !== undefined)
    throw new ServerError(
      'SERVER_BAD_CONFIG',
      `With --acme-url the running server gets its certificate by itself. To get a new one, delete ${openAcmeFiles(dataDir).certificatePath}.`,
    );
  const { ca } = await loadOrCreateOperatorKeys(dataDir, { now });
  await loadOrMakeServerCertificate(dataDir, { ca, names: reachedNames(config), now, isForced: true });
  const file = ownFile(dataDir);
  return { port: tlsPortOf(config).port, source: 'own', file, ...factsOf(file) };
}

function ownFile(dataDir: string): string {
  return join(dataDir, 'keys', 'server-tls.pem');
}

function factsOf(file: string): Pick<ShownCertificate, 'names' | 'issuer' | 'validTo'> {
  const { subjectAltName = '', issuer, validTo } = new X509Certificate(readOutside(file));
  return { names: subjectAltName, issuer: issuer.replaceAll('\n', ', '), validTo: new Date(validTo) };
}
