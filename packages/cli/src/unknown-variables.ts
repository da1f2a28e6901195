// Variables of the environment that look like settings and are not: a mistyped one does nothing, in silence.
import { nearWord } from './near-word.ts';

/** Those that are not settings of `moult serve`. Programs of the agent get the last two. */
const others = [
  ...['MOULT_CONFIG', 'MOULT_DEBUG', 'MOULT_ADMINISTRATOR', 'MOULT_BUNDLE', 'MOULT_TOKEN'],
  ...['MOULT_ROOT', 'MOULT_PROGRAM_FILES'],
];

/** A sentence for each variable with MOULT_ in front that nothing reads, with the one that may be meant. */
export async function nameUnknownVariables(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  // Limits name their wrong ones themselves. Tests and benches have variables of their own.
  const asked = Object.keys(environment).filter(
    (name) =>
      /^MOULT_(?!LIMIT_|TEST_|BENCH_|FAULT_|KILL_|COUNT_)/i.test(name) && environment[name] && !others.includes(name),
  );
  if (asked.length === 0) return [];
  const { settingNames, variableOf } = await import('@moult/administration/config');
  const known = new Set([...settingNames.map(variableOf), ...others]);
  return asked
    .filter((name) => !known.has(name))
    .map((name) => {
      const near = nearWord(name, known);
      const hint = near === undefined ? '"moult serve --help" lists the variables.' : `Did you mean ${near}?`;
      return `The variable ${name} is set, and Moult has no setting of this name. ${hint}`;
    });
}
