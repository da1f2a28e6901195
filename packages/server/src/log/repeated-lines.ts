// A thousand clients that are refused for the same reason are one fact: the first lines of a kind are written as they
// are. The rest of the minute is one line with their number.

interface RepeatedLines {
  /** Whether a line of this kind is written now. Otherwise it is counted. */
  admit(kind: string): boolean;
  /** Reports the counts, and begins again. */
  flush(): void;
}

interface RepeatedLinesParts {
  /** Lines of a kind that are written before the rest is counted. */
  burst: number;
  /** Kinds that are told apart. Further ones share one count. */
  mostKinds: number;
  /** Called for each kind with unwritten lines. Undefined for those beyond `mostKinds`. */
  more(count: number, kind: string | undefined): void;
}

export function createRepeatedLines({ burst, mostKinds, more }: RepeatedLinesParts): RepeatedLines {
  let seen = new Map<string, number>();
  let others = 0;
  return {
    admit(kind) {
      const times = seen.get(kind);
      if (times === undefined && seen.size >= mostKinds) {
        others++;
        return others <= burst;
      }
      seen.set(kind, (times ?? 0) + 1);
      return (times ?? 0) < burst;
    },
    flush() {
      const counted = seen;
      const rest = others;
      seen = new Map();
      others = 0;
      for (const [kind, times] of counted) if (times > burst) more(times - burst, kind);
      if (rest > burst) more(rest - burst, undefined);
    },
  };
}
