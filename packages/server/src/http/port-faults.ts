// Faults of a port that agents fetch self-updates from. Their words are the pages of the doctor's findings: the
// terminal, the home page, `moult tree port80` and the doctor say the same.
import { type FindingCode, type WordsOfFault, wordsOfFault } from '@moult/doctor/words';

export interface PortFault extends WordsOfFault {
  /** The finding of `moult doctor --explain CODE`. */
  code: FindingCode;
}

/** A port that the server does not have. `reason`: the code of the system, for example EACCES. */
export function portNotHad(port: number, reason: string): PortFault {
  return faultOf(codes[reason] ?? 'DOCTOR_PORT_REFUSED', { treePort: String(port), reason });
}

/** A port of this server whose files clients do not get. */
export function portAnswersWrong(port: number, wrong: readonly { path: string; answer: string }[]): PortFault {
  const listed = wrong.map(({ path, answer }) => `${path} (${answer})`).join(', ');
  return faultOf('DOCTOR_PORT_ANSWERS_WRONG', { treePort: String(port), wrongFiles: `Wrong: ${listed}.` });
}

/**
 * A finding of the doctor with the words of this server. Names of commands are in double quotes where the page has
 * marks.
 */
export function faultOf(code: FindingCode, values: Readonly<Record<string, string>>): PortFault {
  const { headline, cause, steps } = wordsOfFault(code, values);
  return { code, headline: unmarked(headline), cause: unmarked(cause), steps: steps.map(unmarked) };
}

const codes: Readonly<Record<string, FindingCode>> = {
  EACCES: 'DOCTOR_PORT_NOT_ALLOWED',
  EPERM: 'DOCTOR_PORT_NOT_ALLOWED',
  EADDRINUSE: 'DOCTOR_PORT_TAKEN',
};

/**
 * `moult tree verify` in marks of code becomes "moult tree verify". A command with quotes of its own has none around
 * it.
 */
function unmarked(text: string): string {
  return text.replaceAll(/`([^`]*)`/g, (_, code: string) => (/^moult [^"]*$/.test(code) ? `"${code}"` : code));
}
