// Automatic approval rules of WSUS, as PowerShell writes them: one rule of WSUS is one rule here, with the same meaning.
import * as z from 'zod';

/** A name alone, or an object with its name: `ConvertTo-Json` cuts objects off at its depth. */
const named = z.union([
  z.string(),
  z.looseObject({ Title: z.string() }).transform(({ Title }) => Title),
  z.looseObject({ Name: z.string() }).transform(({ Name }) => Name),
]);
const names = z.preprocess(
  (value) => (value === undefined || value === null ? [] : Array.isArray(value) ? value : [value]),
  z.array(named),
);

const wsusRule = z.looseObject({
  Name: z.string().min(1),
  Enabled: z.boolean(),
  /** Also as the number of the enumeration. */
  Action: z.union([z.string(), z.number()]).default('Install'),
  UpdateClassifications: names,
  Categories: names,
  ComputerTargetGroups: names,
  Deadline: z.looseObject({ DayOffset: z.number(), MinutesAfterMidnight: z.number() }).nullish(),
});

/**
 * The document of a rule that WSUS exported. Undefined for anything else. A rule of WSUS acts on new updates at once,
 * approves for its groups, and has a deadline at most. It has no other conditions.
 */
export function fromWsus(value: unknown): object | undefined {
  if (typeof value !== 'object' || value === null || !('ComputerTargetGroups' in value)) return undefined;
  const read = wsusRule.safeParse(value);
  if (!read.success) return undefined;
  const { Name, Enabled, Action, UpdateClassifications, Categories, ComputerTargetGroups, Deadline } = read.data;
  const isInstallation = Action === 0 || /^install$/i.test(String(Action));
  const when = {
    ...(UpdateClassifications.length > 0 && { classifications: UpdateClassifications }),
    ...(Categories.length > 0 && { products: Categories }),
  };
  const minutes = Deadline?.MinutesAfterMidnight ?? 0;
  const at = `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
  return {
    ...{ name: Name, enabled: Enabled, action: isInstallation ? 'install' : 'detect-only' },
    ...(Object.keys(when).length > 0 && { when }),
    groups: ComputerTargetGroups.length > 0 ? ComputerTargetGroups : ['All Computers'],
    ...(isInstallation && Deadline && { deadline: { days: Deadline.DayOffset, at } }),
  };
}
