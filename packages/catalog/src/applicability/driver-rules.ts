// Driver rules (WindowsDriver.xsd): compare the driver in Metadata with the installed driver.

import { parseDriverRule } from '../metadata/drivers.ts';
import type { DriverMetadata } from '../metadata/index.ts';
import { compareRanks, isSamePrinterDriver, rankDriver, rankInstalled } from './driver-rank.ts';
import type { DeviceFacts, MachineFacts } from './facts.ts';
import type { ApplicabilityRules } from './rules.ts';
import { type Answer, decided, type RuleEvaluator, undecided, withFact } from './verdict.ts';

export const driverRules: Record<string, RuleEvaluator> = {
  'd.WindowsDriverInstalled': (_, context) =>
    overDevices(context.facts, context.rules, (standings) =>
      decided(standings.includes('equal'), 'the installed driver of a device is an equal match'),
    ),
  'd.WindowsDriverSuperseded': (_, context) =>
    overDevices(context.facts, context.rules, (standings) =>
      decided(standings.includes('worse') && !standings.includes('better'), 'the installed drivers are better matches'),
    ),
  'd.WindowsDriverInstallable': (_, context) =>
    overDevices(context.facts, context.rules, (standings) =>
      decided(standings.includes('better'), 'it is a better match for a device'),
    ),
};

type Standing = 'better' | 'equal' | 'worse';

function overDevices(
  facts: MachineFacts,
  rules: ApplicabilityRules,
  decide: (standings: Standing[]) => Answer,
): Answer {
  let rows: DriverMetadata[];
  try {
    rows = rules.metadata.filter(({ name }) => name === 'd.WindowsDriverMetaData').map(parseDriverRule);
  } catch (error) {
    return undecided(error instanceof Error ? error.message : String(error));
  }
  if (rows.length === 0) return undecided('the update has no WindowsDriverMetaData');
  return withFact(facts.devices?.(), 'the list of devices', (devices) => {
    const computer = {
      computerHardwareIds: facts.computerHardwareIds?.() ?? [],
      featureScoreKey: facts.featureScoreKey?.() ?? undefined,
    };
    const standings = devices.flatMap((device) =>
      rows.map((row) => standingOf(row, device, computer)).filter((one) => one !== undefined),
    );
    const answer = decide(standings);
    return answer.value === true
      ? answer
      : decided(false, standings.length === 0 ? 'it fits no device here' : `not so: ${answer.says}`);
  });
}

function standingOf(
  row: DriverMetadata,
  device: DeviceFacts,
  computer: Parameters<typeof rankDriver>[2],
): Standing | undefined {
  const rank = rankDriver(row, device, computer);
  if (!rank) return undefined;
  const installed = device.installedDriver;
  if (!installed) return 'better';
  if (installed.driverClass.toLowerCase().startsWith('printer') && !isSamePrinterDriver(row, installed))
    return undefined;
  const other = rankInstalled(installed, device, computer);
  // A Core fragment carries no scores: the server has ranked by them before it offered the driver.
  const featureScore = row.featureScores.size === 0 ? other.featureScore : rank.featureScore;
  const order = compareRanks({ ...rank, featureScore }, other);
  return order < 0 ? 'better' : order > 0 ? 'worse' : 'equal';
}
