// Operations on the backups that the server makes by itself. They stay on the server: a backup has its private keys.
import { makeBackup, showBackups } from '@moult/administration/backups';
import * as z from 'zod';
import { route } from '../route.ts';
import { instant } from '../shapes.ts';

const topic = 'Backups';
const figures = { rows: z.int(), bytes: z.int(), seconds: z.number() };

export const backupRoutes = [
  route(['showBackups', 'GET', '/backups', 'administer', topic], {
    summary:
      'Show the backups that the server makes by itself: the last one, the next one, and whether one failed or is late',
    answer: z.looseObject({
      health: z.enum(['off', 'waiting', 'fine', 'late', 'failed']).describe('off: no --backup-dir is set'),
      plan: z.looseObject({ folder: z.string(), everyHours: z.number(), keep: z.int(), since: instant }).optional(),
      last: z.looseObject({ name: z.string(), at: instant, ...figures }).optional(),
      failure: z
        .looseObject({ at: instant, since: instant, code: z.string(), message: z.string(), count: z.int() })
        .optional()
        .describe('Failures since the last backup'),
      nextAt: instant.optional(),
      kept: z.array(z.string()).describe('Names in the folder, the newest first'),
    }),
    handle: async ({ administration: { server, author } }) => showBackups(server.dataDir, author.at),
  }),
  route(['makeBackup', 'POST', '/backups', 'administer', topic], {
    summary: 'Make a backup in the folder of --backup-dir now. The oldest one beyond --backup-keep is removed',
    bodySchema: z.strictObject({}),
    answer: z.looseObject({ name: z.string(), folder: z.string(), ...figures, removed: z.array(z.string()) }),
    refusals: { 409: 'No --backup-dir is set, or another backup is under way' },
    isLong: true,
    handle: ({ administration, course }) => makeBackup(administration, course.signal),
  }),
];
