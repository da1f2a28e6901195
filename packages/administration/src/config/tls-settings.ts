// Settings of HTTPS.
import * as z from 'zod';
import { choice, port, setting, text } from './values.ts';

const tlsPort = z.union([z.literal('auto'), z.literal('off'), port]).describe('a port from 0 to 65535, auto, or off');

export const tlsSettings = {
  tlsPort: setting(
    'listening',
    tlsPort,
    'PORT|auto|off',
    'auto',
    'Port for the main site over HTTPS. auto: 8531 beside --port 8530, 443 beside 80, else off',
  ),
  tlsCert: setting(
    'listening',
    text.optional(),
    'FILE',
    undefined,
    'Certificate chain (PEM) for HTTPS. Default: one of the own authority of this server',
  ),
  tlsKey: setting('listening', text.optional(), 'FILE', undefined, 'Private key (PEM) of --tls-cert'),
  tlsPfx: setting(
    'listening',
    text.optional(),
    'FILE',
    undefined,
    'Certificate chain and key in one file (PFX, PKCS #12), in place of --tls-cert and --tls-key',
  ),
  tlsPassphraseFile: setting(
    'listening',
    text.optional(),
    'FILE',
    undefined,
    'File with the passphrase of --tls-key or --tls-pfx in its first line',
  ),
  tlsMinVersion: setting('listening', choice(['1.2', '1.3']), '1.2|1.3', '1.2', 'Lowest version of TLS'),
  requireTls: setting(
    'listening',
    choice(['on', 'off']),
    'on|off',
    'off',
    'Web services and pages over HTTPS only. Content and the self-update tree stay on HTTP, as with WSUS',
  ),
} as const;

interface TlsChoice {
  port: number;
  selfUpdatePort: number | 'off';
  tlsPort: number | 'auto' | 'off';
  tlsCert?: string | undefined;
  tlsPfx?: string | undefined;
  acmeUrl?: string | undefined;
  requireTls?: 'on' | 'off';
}

/** The port for HTTPS by the settings. `isWanted`: the administrator asked for it, and must be told when it cannot be had. */
export function tlsPortOf({ port: main, selfUpdatePort, tlsPort: given, ...more }: TlsChoice): {
  port: number | 'off';
  isWanted: boolean;
} {
  const { tlsCert, tlsPfx, acmeUrl, requireTls } = more;
  const isNamed = given !== 'auto' || [tlsCert, tlsPfx, acmeUrl].some((source) => source !== undefined);
  // With --require-tls and without HTTPS, clients have no way left.
  const isWanted = isNamed || requireTls === 'on';
  if (given !== 'auto') return { port: given, isWanted };
  const pairs: Readonly<Record<number, number>> = { 8530: 8531, 80: 443 };
  const beside = pairs[main] ?? (isNamed ? 8531 : 'off');
  return { port: beside === selfUpdatePort && !isWanted ? 'off' : beside, isWanted };
}
