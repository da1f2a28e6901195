// The settings of the files of updates: which are fetched, how many at once, how fast, and how much of the disk they may have.
import * as z from 'zod';
import { choice, count, setting } from './values.ts';

const span = '(?:[01]\\d|2[0-3]):[0-5]\\d-(?:[01]\\d|2[0-3]):[0-5]\\d=\\d{1,8}';

export const contentSettings = {
  contentFetch: setting(
    'updates',
    choice(['approved', 'all', 'demand', 'never']),
    'approved|all|demand|never',
    'approved',
    'Update files to fetch. demand: once a client asks for one. never: clients get them from their publisher',
  ),
  contentConnections: setting('updates', count(1, 64), 'N', 4, 'Update files to fetch at once'),
  contentBandwidth: setting(
    'updates',
    z
      .union([z.literal('off'), z.number().transform(String), z.string()])
      .refine((text) => text === 'off' || new RegExp(`^(?:\\d{1,8}|${span}(?:,${span})*)$`).test(text))
      .describe('off, KiB a second, or spans of the day as 08:00-18:00=512'),
    'KIB|SPANS|off',
    'off',
    'KiB a second for fetching update files. It is not limited outside of the named spans of the day. 0: do not fetch',
  ),
  contentQuotaMib: setting(
    'updates',
    z.union([z.literal('off'), count(1, 1_000_000_000)]).describe('off, or a whole number of MiB'),
    'MIB|off',
    'off',
    'Space for update files. Beyond it, the server fetches no more of them',
  ),
} as const;
