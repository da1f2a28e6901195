// Settings of administration from elsewhere: accounts, and where the API listens.
import { count, names, optionalPort, setting, text } from './values.ts';

/** The changes that can need two persons. With any of them, changes of accounts need two as well. */
export const twoPersonActions = [
  ...(['approve', 'publish', 'decline', 'rule', 'ring', 'remove', 'release', 'lift-stop', 'account'] as const),
] as const;

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

  twoPersons: setting(
    'running',
    names(twoPersonActions).optional(),
    'ACTIONS',
    undefined,
    'Changes over the API that a second person must confirm, as approve,decline',
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
