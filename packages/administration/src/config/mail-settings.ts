// Settings of the mail server that messages for administrators go to.
import * as z from 'zod';
import { setting, text } from './values.ts';

const smtpAddress = z
  .string()
  .refine((value) => value === 'off' || isSmtp(value))
  .describe('off, or smtp://HOST or smtps://HOST, with a port if need be');

export const mailSettings = {
  smtp: setting('running', smtpAddress, 'URL|off', 'off', 'Mail server for messages to administrators (moult notices)'),
  smtpUser: setting('running', text.optional(), 'NAME', undefined, 'Account at the mail server. Needs TLS'),
  smtpPasswordFile: setting(
    'running',
    text.optional(),
    'FILE',
    undefined,
    'File with the password of --smtp-user in its first line',
  ),
  smtpCa: setting(
    'running',
    text.optional(),
    'FILE',
    undefined,
    'Certificates (PEM) of the authority that certifies the mail server. Default: those of the system',
  ),
  mailFrom: setting(
    'running',
    z.email().optional().describe('an address for mail'),
    'ADDRESS',
    undefined,
    'Sender of messages. Default: moult@ and the name of this machine',
  ),
} as const;

function isSmtp(value: string): boolean {
  return /^smtps?:\/\/(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i.test(value) && URL.canParse(value);
}
