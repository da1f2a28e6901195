// Reports show a result code with its meaning and with the step that helps.
import { causeOf } from '../hresult/cause.ts';
import { formatHresult, meaningOf } from '../hresult/error-table.ts';
import { type FindingCode, isFindingCode } from './codes.ts';
import { wordsOfFault } from './page.ts';

export interface WordsOfCode {
  /** As logged: 0x and eight upper-case digits. */
  code: string;
  /** As Microsoft calls it. Undefined for a code that no published list has. */
  name: string | undefined;
  meaning: string;
  /** The page with the words of the doctor. Undefined for a code that is not an error. */
  finding: FindingCode | undefined;
  /** The first step that helps. */
  step: string | undefined;
}

/** Of a HRESULT as an unsigned number. */
export function wordsOfCode(code: number): WordsOfCode {
  const known = meaningOf(code);
  const cause = causeOf(code);
  const finding = isFindingCode(cause) ? cause : undefined;
  const meaning = known?.meaning ?? (code === 0 ? 'The report has no code.' : 'No published list has this code.');
  return {
    ...{ code: formatHresult(code), name: known?.name, meaning, finding },
    step: finding && wordsOfFault(finding, {}).steps[0],
  };
}
