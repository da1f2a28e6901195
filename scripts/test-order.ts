// The order in which test files start: the longest first, so that none of them is left alone at the end. The end of each
// `npm test` shows which files took longest. A file that is missing here only makes the run a little longer.

/** Files of more than about half a minute, the longest first. */
export const longest = [
  'packages/agent/test/wine-update.test.ts',
  'packages/agent/test/wine.test.ts',
  'packages/agent/test/kill.test.ts',
  'scripts/faults.test.ts',
  'packages/cli/test/windows-bundle.test.ts',
  'scripts/recipes.test.ts',
  'packages/server/src/sites/console/home-page.test.ts',
  'packages/server/test/admin-console.test.ts',
  'packages/server/test/console-server-views.test.ts',
  'packages/server/test/console-stories.test.ts',
  'packages/server/src/sites/console/docs-pages.test.ts',
  'packages/agent/test/panel-page.test.ts',
  'packages/catalog/src/metadata/large-document.test.ts',
  'conformance/installed.test.ts',
];

/** The same paths in another order. */
export function longestFirst(files: readonly string[]): string[] {
  const place = new Map(longest.map((file, at) => [file, at]));
  const placeOf = (file: string) => place.get(file) ?? longest.length;
  return files.toSorted((a, b) => placeOf(a) - placeOf(b));
}
