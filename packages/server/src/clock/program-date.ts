// Set with each release, beside the version: no right clock shows an earlier time while this program runs.
export const programDate = new Date('2026-11-01T00:00:00Z');
