// Notices about keys that still work. The sentences name dates, because the clock may be wrong.
import type { Notice } from '../notice.ts';

/** A signing certificate whose time is over, and no new one can be made. */
export function endedNotice(to: Date, why: 'key-elsewhere' | 'authority-ended' | 'clock'): Notice {
  const headline = `The signing certificate ended on ${day(to)}.`;
  const cause = 'Moult goes on signing, and states the last second in which it was valid. Agents accept that.';
  const remedies = {
    'key-elsewhere':
      'Put operator-ca.key.pem back into the folder keys and restart: the server then makes a new certificate.',
    'authority-ended':
      'The authority of this server ended too. Plan a new one: docs/signing.md, "Rotate the signing key".',
    clock: 'Set the clock, or say that it is right ("moult clock --accept"), and restart.',
  };
  return { headline, cause, remedy: remedies[why] };
}

/** Certificates that begin after now: the clock is behind, or was ahead when they were made. */
export function notYetNotice(from: Date): Notice {
  return {
    headline: `The signing certificate is valid from ${day(from)} on, and the clock shows an earlier day.`,
    cause:
      'Moult signs nevertheless, and states the first second in which the certificate is valid. Agents accept that.',
    remedy: 'Check the clock. If it is right, the certificate was made under a wrong clock: nothing needs to be done.',
  };
}

/** A new signing certificate took the place of one that ended. */
export function renewedNotice(folder: string): Notice {
  return {
    headline: 'The server made a new signing certificate under the same authority.',
    cause: 'The one before had ended.',
    remedy: `Back up ${folder}. The files of before are kept there under names that end in ".replaced-" and the time.`,
  };
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
