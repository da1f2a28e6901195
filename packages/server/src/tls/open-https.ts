// HTTPS of a server: its certificate from the start on, and again when it was renewed.
import { type ServerConfig, tlsPortOf } from '@moult/administration/config';
import { ServerError } from '@moult/store/errors';
import type { Listener } from '../http/listener.ts';
import type { Logger } from '../log/log.ts';
import { reachedNames } from '../own-names.ts';
import { openAcme } from './acme/keep-acme.ts';
import { type CertificateSource, openCertificate } from './certificate-source.ts';

interface HttpsParts extends Omit<Parameters<typeof openCertificate>[1], 'names' | 'acme'> {
  log: Logger;
  /** Told why HTTPS is off, if the administrator did not ask for it. */
  missing(why: string): void;
  /** Told when the notices of the certificate are others now. */
  changed(): void;
}

/** The certificate. Undefined without a port for HTTPS. Throws ServerError for one that the administrator asked for. */
export async function openHttps(config: ServerConfig, parts: HttpsParts): Promise<CertificateSource | undefined> {
  const { port, isWanted } = tlsPortOf(config);
  if (port === 'off') return undefined;
  try {
    const acme = openAcme(config, parts);
    return await openCertificate(config, { ...parts, acme, names: () => reachedNames(config) });
  } catch (error) {
    if (isWanted || !(error instanceof ServerError)) throw error;
    parts.missing(error.message);
    return undefined;
  }
}

const lookMs = 60_000;

/** Looks each minute, and on SIGHUP, whether the certificate was renewed. Answers how to end that. */
export function followCertificate(
  certificate: CertificateSource | undefined,
  { listeners, log, changed }: { listeners(): readonly Listener[]; log: Logger; changed(): void },
): () => Promise<void> {
  if (!certificate) return async () => undefined;
  const look = async () => {
    const before = certificate.notices().length;
    if (await certificate.look()) {
      for (const listener of listeners()) listener.setTls(certificate.options());
      log.info('a renewed certificate for HTTPS is in use');
      changed();
    } else if (certificate.notices().length !== before) changed();
  };
  const now = () => void look();
  const timer = setInterval(now, lookMs).unref();
  if (process.platform !== 'win32') process.on('SIGHUP', now);
  certificate.acme?.begin(now);
  return async () => {
    clearInterval(timer);
    process.off('SIGHUP', now);
    await certificate.acme?.close();
  };
}
