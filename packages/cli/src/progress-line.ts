// One line that says how far a command is: written over on a terminal, elsewhere one every few seconds.

interface Progress<Step extends string> {
  step: Step;
  done: number;
  of: number;
}

/** Shows `12 of 40 files`. `wordOf` gives the noun of a step. */
export function progressLine<Step extends string>(wordOf: (step: Step) => string): (progress: Progress<Step>) => void {
  const everyMs = process.stderr.isTTY ? 200 : 5000;
  let shownAt = performance.now();
  return ({ step, done, of }) => {
    if (performance.now() - shownAt < everyMs) return;
    shownAt = performance.now();
    const line = `${done} of ${of} ${wordOf(step)}`;
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
    else console.error(`so far: ${line}`);
  };
}

/** Clears the line for the results. */
export function endProgressLine(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
}
