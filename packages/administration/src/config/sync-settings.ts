// The settings of synchronisation with an upstream server: update metadata, and the files of updates.
import * as z from 'zod';
import { contentSettings } from './content-settings.ts';
import { baseUrl, choice, count, setting, text } from './values.ts';

export const syncSettings = {
  upstream: setting(
    'updates',
    baseUrl('http://name or https://name, with a port if need be', false),
    'URL',
    'https://sws.update.microsoft.com',
    "Server to synchronise from: a WSUS, a Moult, or Microsoft's public service",
  ),
  upstreamCa: setting(
    'updates',
    text.optional(),
    'FILE',
    undefined,
    'Certificates (PEM) of the authority that certifies the upstream server. Default: those of the system',
  ),
  role: setting(
    'updates',
    choice(['autonomous', 'replica']),
    'autonomous|replica',
    'autonomous',
    'replica: groups, approvals, declined updates and license terms are those of the upstream server',
  ),
  rollUp: setting(
    'updates',
    choice(['on', 'off']),
    'on|off',
    'on',
    'After each synchronisation, report this server and its computers to the upstream server, as WSUS does',
  ),
  rollUpDetails: setting(
    'updates',
    choice(['on', 'off']),
    'on|off',
    'on',
    'Take reports on the computers of downstream servers. off: only on the servers',
  ),
  syncEvery: setting(
    'updates',
    z.union([z.literal('off'), count(1, 720)]).describe('off, or hours from 1 to 720'),
    'HOURS|off',
    'off',
    'Synchronise by itself so often, up to a tenth later. off: only with moult sync now',
  ),
  ...contentSettings,
} as const;
