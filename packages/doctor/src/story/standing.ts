// Which troubles of a story count. A warning in passing is not a finding if the log shows how the work itself ended.
// Answers of Microsoft's services are not findings beside a scan of your server.
import { factsOf } from '../words/codes.ts';
import type { Trouble } from './remembered.ts';

/** The machine's own troubles, which warnings name in passing. From DOCTOR_ACCESS_DENIED on. */
const machineOrder = 440;

interface StandingFacts {
  isHealed(trouble: Trouble): boolean;
  isForeign(trouble: Trouble): boolean;
  /** A scan of a server of yours ended well. */
  scanned: boolean;
}

/** Healed ones included: a report tells of them as being over. */
export function standingTroubles(
  troubles: readonly Trouble[],
  { isHealed, isForeign, scanned }: StandingFacts,
): Trouble[] {
  const own = troubles.filter((trouble) => !isForeign(trouble));
  const decided = scanned || own.some((trouble) => trouble.decisive && !isHealed(trouble));
  return troubles.filter((trouble) => {
    if (isForeign(trouble)) return scanned ? trouble.decisive : own.every((each) => isHealed(each));
    const passing = !trouble.decisive && trouble.stage !== 'download' && trouble.stage !== 'installation';
    return !(passing && decided && factsOf(trouble.code).order >= machineOrder);
  });
}
