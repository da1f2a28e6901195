// The order in which test files start: the longest first, so that none of them is left alone at the end. The end of each
// `npm test` shows which files took longest. A file that is missing here only makes the run a little longer.

/** Files of more than about a minute, the longest first. */
export const longest = [
  'packages/agent/test/wine-update.test.ts',
  'packages/cli/test/windows-bundle.test.ts',
  'packages/agent/test/wine.test.ts',
  'packages/server/test/admin-console.test.ts',
  'packages/server/src/sites/console/home-page.test.ts',
  'packages/agent/test/kill.test.ts',
  'packages/server/test/console-server-views.test.ts',
  'packages/agent/test/host-update.test.ts',
  'scripts/faults.test.ts',
  'packages/agent/test/covered-releases.test.ts',
  'packages/agent/test/recovery.test.ts',
  'packages/server/src/sites/console/docs-pages.test.ts',
  'conformance/installed.test.ts',
  'scripts/recipes.test.ts',
  'packages/agent/test/boot.test.ts',
  'packages/store/test/backup-killed.test.ts',
  'packages/server/test/clocks.test.ts',
  'packages/cli/src/files/named-file.test.ts',
  'packages/server/test/console-stories.test.ts',
  'packages/server/test/database-away.test.ts',
];

/** The same paths in another order. */
export function longestFirst(files: readonly string[]): string[] {
  const place = new Map(longest.map((file, at) => [file, at]));
  const placeOf = (file: string) => place.get(file) ?? longest.length;
  return files.toSorted((a, b) => placeOf(a) - placeOf(b));
}
