// A notice tells an administrator something although the server runs: three short sentences, the same on the terminal, in
// the log, on the home page and in `moult doctor self`.
export interface Notice {
  headline: string;
  cause: string;
  remedy: string;
  /** The headline may be shown to strangers: it names nothing of this machine, and no weak spot. Cause and remedy never are. */
  isForAll?: boolean;
}

/** The notice as one line, for the terminal and the log. */
export function noticeLine({ headline, cause, remedy }: Notice): string {
  return `${headline} ${cause} Remedy: ${remedy}`;
}
