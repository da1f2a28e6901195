// Progress of long work, on stderr: one line that is rewritten on a terminal, a line every few seconds elsewhere. Work
// within a second has none.

export interface Progress {
  add(bytes: number): void;
  done(): void;
}

/** Counts towards `totalBytes`. `now` in milliseconds. */
export function startProgress(what: string, totalBytes: number, now: () => number = Date.now): Progress {
  const begun = now();
  const stream = process.stderr;
  const pauseMs = stream.isTTY ? 200 : 5000;
  let doneBytes = 0;
  let shownAt = begun + Math.max(0, 1000 - pauseMs);
  let isShown = false;
  return {
    add(bytes) {
      doneBytes += bytes;
      const moment = now();
      if (moment - shownAt < pauseMs) return;
      shownAt = moment;
      isShown = true;
      const percent = totalBytes === 0 ? 100 : Math.floor((doneBytes * 100) / totalBytes);
      const rate = doneBytes / 1000 / Math.max(1, moment - begun);
      const line = `${what}: ${percent} % of ${formatBytes(totalBytes)}, ${rate.toFixed(0)} MB/s`;
      stream.write(stream.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
    },
    done() {
      if (isShown && stream.isTTY) stream.write('\r\x1b[K');
    },
  };
}

function formatBytes(bytes: number): string {
  if (bytes < 10_000) return `${bytes} bytes`;
  if (bytes < 10_000_000) return `${(bytes / 1000).toFixed(0)} kB`;
  if (bytes < 10_000_000_000) return `${(bytes / 1e6).toFixed(0)} MB`;
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
