// Settings of a certificate from an authority that speaks ACME (RFC 8555).
import * as z from 'zod';
import { choice, setting, text } from './values.ts';

const directory = z
  .string()
  .refine((given) => URL.canParse(given) && new URL(given).protocol === 'https:')
  .describe('an https address');
// Wildcards are proven by records of DNS alone, which Moult does not write.
const dnsNames = z
  .string()
  .regex(/^[a-z\d]([\w.-]*[a-z\d])?(\s*,\s*[a-z\d]([\w.-]*[a-z\d])?){0,99}$/i)
  .refine((given) => !/(^|,)\s*[\d.]+\s*(,|$)/.test(given))
  .describe('DNS names with commas between them, without wildcards and addresses');

export const acmeSettings = {
  acmeUrl: setting(
    'listening',
    directory.optional(),
    'URL',
    undefined,
    'Directory of an ACME authority. The server gets its certificate for HTTPS there, and renews it',
  ),
  acmeNames: setting(
    'listening',
    dnsNames.optional(),
    'NAMES',
    undefined,
    'Names for that certificate. Default: those of --public-url and --allowed-hosts',
  ),
  acmeChallenge: setting(
    'listening',
    choice(['http-01', 'tls-alpn-01']),
    'http-01|tls-alpn-01',
    'http-01',
    'Proof for the authority: over port 80, or over port 443 of HTTPS',
  ),
  acmeAcceptTerms: setting(
    'listening',
    choice(['on', 'off']),
    'on|off',
    'off',
    'You accept the terms of service of the authority. --acme-url needs it',
  ),
  acmeMail: setting(
    'listening',
    z
      .string()
      .regex(/^[^\s@]{1,64}@[^\s@]{1,255}$/)
      .describe('an address of mail')
      .optional(),
    'ADDRESS',
    undefined,
    'Address that the authority writes to',
  ),
  acmeCa: setting(
    'listening',
    text.optional(),
    'FILE',
    undefined,
    'Certificates (PEM) that certify the ACME authority itself. Default: those of Node',
  ),
  acmeEabKid: setting(
    'listening',
    text.optional(),
    'ID',
    undefined,
    'Key id of your account at the authority, if it binds accounts',
  ),
  acmeEabKeyFile: setting(
    'listening',
    text.optional(),
    'FILE',
    undefined,
    'File with the key of --acme-eab-kid (base64url) in its first line',
  ),
} as const;

interface AcmeChoice {
  acmeUrl?: string | undefined;
  acmeNames?: string | undefined;
  publicUrl?: string | undefined;
  allowedHosts?: string | undefined;
}

/** The names that the certificate is ordered for, in lower case. Empty without --acme-url, or without a name that fits. */
export function acmeNamesOf({ acmeUrl, acmeNames, publicUrl, allowedHosts = '' }: AcmeChoice): string[] {
  if (acmeUrl === undefined) return [];
  const given = acmeNames?.split(',') ?? [
    ...(publicUrl === undefined ? [] : [new URL(publicUrl).hostname]),
    ...allowedHosts.split(','),
  ];
  const names = given.map((name) => name.trim().toLowerCase());
  // By itself only what an authority can reach: a full name.
  const isFit = (name: string) => acmeNames !== undefined || /^(?=.*[a-z])[a-z\d][\w-]*(\.[\w-]+)+$/.test(name);
  return [...new Set(names.filter((name) => name !== '' && isFit(name)))];
}
