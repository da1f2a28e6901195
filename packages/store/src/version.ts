// Both are set with each release, by `node scripts/set-release.ts VERSION DATE`, which `npm run check` holds to the other
// places that name the version.

/** Of this server, its commands and its schema. */
export const serverVersion = '0.1.0';
/** The day on which this version was made: no right clock shows an earlier time while it runs. */
export const programDate = new Date('2026-11-01T00:00:00Z');
