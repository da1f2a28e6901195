// The settings of backups that the server makes by itself.
import { choice, count, setting, text } from './values.ts';

export const backupSettings = {
  backupDir: setting(
    'storage',
    text.optional(),
    'DIR',
    undefined,
    'Folder for backups that the server makes by itself, on another disk if possible. Without it, it makes none',
  ),
  backupEvery: setting('storage', count(1, 720), 'HOURS', 24, 'Make a backup in --backup-dir so often'),
  upgradeCopy: setting(
    'storage',
    choice(['on', 'off']),
    'on|off',
    'on',
    'Copy an SQLite database into DIR/before-upgrade before a new version changes its tables',
  ),
  backupKeep: setting('storage', count(1, 1000), 'N', 7, 'Backups in --backup-dir that stay: the newest'),
} as const;
