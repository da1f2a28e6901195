// Settings of administration from elsewhere: accounts, and where the API listens.
import { count, optionalPort, setting, text } from './values.ts';

export const accountSettings = {
  adminHost: setting(
    'listening',
    text.optional(),
    'ADDRESS',
    undefined,
    'Address to listen on for administration, with --admin-port. Default: that of --host',
  ),
  adminPort: setting(
    'listening',
    optionalPort,
    'PORT|off',
    'off',
    'Port for administration alone (/api/v1). The other ports do not answer it then',
  ),

  passwordMemoryKib: setting(
    'limits',
    count(1024, 1_048_576),
    'KIB',
    19_456,
    'Memory of one password hash (argon2id). Counts for passwords that are set from then on',
  ),
  passwordPasses: setting('limits', count(1, 20), 'N', 2, 'Passes of one password hash (argon2id)'),
  sessionIdleMinutes: setting('limits', count(1, 1440), 'MIN', 30, 'End a session that was not used for this time'),
  sessionHours: setting('limits', count(1, 720), 'H', 12, 'End a session this time after its log-on'),
} as const;
