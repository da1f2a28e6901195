// HTTPS of a server: its certificate from the start on, and again when it was renewed.
import { type ServerConfig, tlsPortOf } from '@moult/administration/config';
import { ServerError } from '@moult/store/errors';
import type { Listener } from '../http/listener.ts';
import type { Logger } from '../log/log.ts';
import { reachedNames } from '../own-names.ts';
import { type CertificateSource, openCertificate } from './certificate-source.ts';

interface HttpsParts extends Omit<Parameters<typeof openCertificate>[1], 'names'> {
  log: Logger;
  /** Told why HTTPS is off, if the administrator did not ask for it. */
  missing(why: string): void;
}

/** The certificate. Undefined without a port for HTTPS. Throws ServerError for one that the administrator asked for. */
export async function openHttps(config: ServerConfig, parts: HttpsParts): Promise<CertificateSource | undefined> {
  const { port, isWanted } = tlsPortOf(config);
  if (port === 'off') return undefined;
  try {
    return await openCertificate(config, { ...parts, names: () => reachedNames(config) });
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
): () => void {
  if (!certificate) return () => undefined;
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
  return () => {
    clearInterval(timer);
    process.off('SIGHUP', now);
  };
}
