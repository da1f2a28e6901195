// Loaded into the process of each test file. If something keeps the process alive, it ends the process and names that
// thing. So one file does not hold up the whole run.
const limitMinutes = Number(process.env.TEST_FILE_MINUTES ?? 15);

// Only in the process of a file, not in the one that starts them all.
if (process.env.NODE_TEST_CONTEXT) {
  setTimeout(() => {
    const alive = [...new Set(process.getActiveResourcesInfo())].join(', ');
    console.error(`${process.argv[1]} has not ended within ${limitMinutes} minutes. What keeps it alive: ${alive}`);
    process.exit(1);
  }, limitMinutes * 60_000).unref();
}
