// All values of the machine's WindowsUpdate policy keys, and of automatic maintenance. They follow the administrative
// templates and the Policy CSP. Each has the allowed range, the default, and the other values that it needs.

/** `policy`: …\Policies\Microsoft\Windows\WindowsUpdate. `au`: its key AU. `maintenance`: …\Windows\Task Scheduler\Maintenance. */
type PolicyKey = 'policy' | 'au' | 'maintenance';

export interface PolicyValue {
  name: string;
  key: PolicyKey;
  /** Numbers are REG_DWORD, texts REG_SZ. */
  type: 'number' | 'text';
  /** The value if it is absent. Undefined: nothing does. */
  fallback: number | string | undefined;
  /** Numbers from–to, both included. */
  ranges: readonly (readonly [number, number])[];
  /** Longest text in characters. */
  maxCharacters: number;
  /** All must hold, or the value is there and does not count: `UseWUServer=1`, `NoAutoUpdate!=1`. */
  needs: readonly string[];
  /** The agent does something about it. The others it reads and shows. */
  obeyed: boolean;
}

const server = 'UseWUServer=1';
const on = 'NoAutoUpdate!=1';
const scheduled = [on, 'AUOptions=4'];
const maintained = [...scheduled, 'AutomaticMaintenanceEnabled=1'];
const classes = ['UseUpdateClassPolicySource=1', server];
const noForced = 'NoAutoRebootWithLoggedOnUsers!=1';
const noAlways = 'AlwaysAutoRebootAtScheduledTime!=1';

interface More {
  needs?: readonly string[];
  obeyed?: boolean;
}

/** In the order in which people read them. */
export const policyValues: readonly PolicyValue[] = [
  text('WUServer', 'policy', { needs: [server], obeyed: true }),
  text('WUStatusServer', 'policy', { needs: [server], obeyed: true }),
  flag('UseWUServer', 'au', { obeyed: true }),
  text('UpdateServiceUrlAlternate', 'policy', { needs: [server] }),
  flag('FillEmptyContentUrls', 'policy', { needs: [server] }),
  flag('SetProxyBehaviorForUpdateDetection', 'policy', { needs: [server] }),
  flag('DoNotEnforceEnterpriseTLSCertPinningForUpdateDetection', 'policy', { needs: [server] }),
  flag('TargetGroupEnabled', 'policy', { needs: [server], obeyed: true }),
  text('TargetGroup', 'policy', { needs: [server, 'TargetGroupEnabled=1'], obeyed: true }),
  flag('UseUpdateClassPolicySource', 'au'),
  flag('SetPolicyDrivenUpdateSourceForFeatureUpdates', 'policy', { needs: classes }, null),
  flag('SetPolicyDrivenUpdateSourceForQualityUpdates', 'policy', { needs: classes }, null),
  flag('SetPolicyDrivenUpdateSourceForDriverUpdates', 'policy', { needs: classes }, null),
  flag('SetPolicyDrivenUpdateSourceForOtherUpdates', 'policy', { needs: classes }, null),
  flag('DisableDualScan', 'policy', { needs: [server] }),
  flag('DoNotConnectToWindowsUpdateInternetLocations', 'policy', { needs: [server] }),
  flag('DisableWindowsUpdateAccess', 'policy', { obeyed: true }),
  flag('AcceptTrustedPublisherCerts', 'policy'),
  flag('ElevateNonAdmins', 'policy'),
  flag('NoAutoUpdate', 'au', { obeyed: true }),
  choice(
    'AUOptions',
    'au',
    [
      [2, 5],
      [7, 7],
    ],
    3,
    { needs: [on], obeyed: true },
  ),
  choice('ScheduledInstallDay', 'au', [[0, 7]], 0, { needs: scheduled, obeyed: true }),
  choice('ScheduledInstallTime', 'au', [[0, 24]], 3, { needs: scheduled, obeyed: true }),
  flag('ScheduledInstallEveryWeek', 'au', { needs: scheduled, obeyed: true }, null),
  flag('ScheduledInstallFirstWeek', 'au', { needs: scheduled, obeyed: true }),
  flag('ScheduledInstallSecondWeek', 'au', { needs: scheduled, obeyed: true }),
  flag('ScheduledInstallThirdWeek', 'au', { needs: scheduled, obeyed: true }),
  flag('ScheduledInstallFourthWeek', 'au', { needs: scheduled, obeyed: true }),
  flag('AutomaticMaintenanceEnabled', 'au', { needs: scheduled, obeyed: true }),
  text('Activation Boundary', 'maintenance', { needs: maintained, obeyed: true }, 64),
  flag('Randomized', 'maintenance', { needs: maintained, obeyed: true }),
  text('Random Delay', 'maintenance', { needs: [...maintained, 'Randomized=1'], obeyed: true }, 64),
  flag('WakeUp', 'maintenance', { needs: maintained }),
  flag('RescheduleWaitTimeEnabled', 'au', { needs: scheduled, obeyed: true }, null),
  choice('RescheduleWaitTime', 'au', [[1, 60]], 1, {
    needs: [...scheduled, 'RescheduleWaitTimeEnabled=1'],
    obeyed: true,
  }),
  flag('DetectionFrequencyEnabled', 'au', { needs: [on], obeyed: true }),
  choice('DetectionFrequency', 'au', [[1, 22]], 22, { needs: [on, 'DetectionFrequencyEnabled=1'], obeyed: true }),
  flag('AllowMUUpdateService', 'au', { needs: [on] }),
  flag('AutoInstallMinorUpdates', 'au', { needs: [on], obeyed: true }),
  flag('IncludeRecommendedUpdates', 'au', { needs: [on] }),
  flag('EnableFeaturedSoftware', 'au', { needs: [on] }),
  flag('AUPowerManagement', 'policy', { needs: [on] }),
  flag('NoAutoRebootWithLoggedOnUsers', 'au', { needs: scheduled, obeyed: true }),
  flag('AlwaysAutoRebootAtScheduledTime', 'au', { needs: [on, noForced], obeyed: true }),
  choice('AlwaysAutoRebootAtScheduledTimeMinutes', 'au', [[15, 180]], 15, {
    needs: [on, noForced, 'AlwaysAutoRebootAtScheduledTime=1'],
    obeyed: true,
  }),
  flag('RebootRelaunchTimeoutEnabled', 'au', { needs: scheduled, obeyed: true }),
  choice('RebootRelaunchTimeout', 'au', [[1, 1440]], 10, {
    needs: [...scheduled, 'RebootRelaunchTimeoutEnabled=1'],
    obeyed: true,
  }),
  flag('RebootWarningTimeoutEnabled', 'au', { needs: scheduled, obeyed: true }),
  choice('RebootWarningTimeout', 'au', [[1, 30]], 15, {
    needs: [...scheduled, 'RebootWarningTimeoutEnabled=1'],
    obeyed: true,
  }),
  flag('NoAUShutdownOption', 'au'),
  flag('NoAUAsDefaultShutdownOption', 'au', { needs: ['NoAUShutdownOption!=1'] }),
  flag('SetActiveHours', 'policy', { needs: [noForced, noAlways], obeyed: true }),
  choice('ActiveHoursStart', 'policy', [[0, 23]], 8, { needs: ['SetActiveHours=1', noForced, noAlways], obeyed: true }),
  choice('ActiveHoursEnd', 'policy', [[0, 23]], 17, { needs: ['SetActiveHours=1', noForced, noAlways], obeyed: true }),
  flag('SetActiveHoursMaxRange', 'policy', { obeyed: true }),
  choice('ActiveHoursMaxRange', 'policy', [[8, 18]], 18, { needs: ['SetActiveHoursMaxRange=1'], obeyed: true }),
  flag('SetComplianceDeadline', 'policy', { obeyed: true }),
  flag('SetComplianceDeadlineForQU', 'policy', { obeyed: true }),
  flag('SetComplianceDeadlineForFU', 'policy', { obeyed: true }),
  choice('ConfigureDeadlineForQualityUpdates', 'policy', [[0, 30]], 7, {
    needs: ['SetComplianceDeadline=1|SetComplianceDeadlineForQU=1'],
    obeyed: true,
  }),
  choice('ConfigureDeadlineForFeatureUpdates', 'policy', [[0, 30]], 2, {
    needs: ['SetComplianceDeadline=1|SetComplianceDeadlineForFU=1'],
    obeyed: true,
  }),
  choice('ConfigureDeadlineGracePeriod', 'policy', [[0, 7]], 2, {
    needs: ['SetComplianceDeadline=1|SetComplianceDeadlineForQU=1'],
    obeyed: true,
  }),
  choice('ConfigureDeadlineGracePeriodForFeatureUpdates', 'policy', [[0, 7]], 7, {
    needs: ['SetComplianceDeadline=1|SetComplianceDeadlineForFU=1'],
    obeyed: true,
  }),
  flag('ConfigureDeadlineNoAutoReboot', 'policy', { needs: ['SetComplianceDeadline=1'], obeyed: true }),
  flag('ConfigureDeadlineNoAutoRebootForQualityUpdates', 'policy', {
    needs: ['SetComplianceDeadlineForQU=1'],
    obeyed: true,
  }),
  flag('ConfigureDeadlineNoAutoRebootForFeatureUpdates', 'policy', {
    needs: ['SetComplianceDeadlineForFU=1'],
    obeyed: true,
  }),
  flag('SetAutoRestartDeadline', 'policy', { needs: [noForced, noAlways], obeyed: true }),
  ...['AutoRestartDeadlinePeriodInDays', 'AutoRestartDeadlinePeriodInDaysForFeatureUpdates'].map((name) =>
    choice(name, 'policy', [[2, 30]], 7, { needs: ['SetAutoRestartDeadline=1', noForced, noAlways], obeyed: true }),
  ),
  flag('SetEngagedRestartTransitionSchedule', 'policy', {
    needs: [noForced, noAlways, 'SetAutoRestartDeadline!=1'],
    obeyed: true,
  }),
  ...['', 'ForFeatureUpdates'].flatMap((suffix) => [
    engaged(`EngagedRestartTransitionSchedule${suffix}`, [[0, 30]], 7),
    engaged(`EngagedRestartSnoozeSchedule${suffix}`, [[1, 3]], 3),
    engaged(
      `EngagedRestartDeadline${suffix}`,
      [
        [0, 0],
        [2, 30],
      ],
      14,
    ),
  ]),
  flag('SetAutoRestartNotificationDisable', 'policy'),
  flag('SetAutoRestartNotificationConfig', 'policy', { needs: ['SetAutoRestartNotificationDisable!=1'] }),
  choice(
    'AutoRestartNotificationSchedule',
    'policy',
    [
      [15, 15],
      [30, 30],
      [60, 60],
      [120, 120],
      [240, 240],
    ],
    15,
    {
      needs: ['SetAutoRestartNotificationConfig=1', 'SetAutoRestartNotificationDisable!=1'],
    },
  ),
  flag('SetAutoRestartRequiredNotificationDismissal', 'policy'),
  choice('AutoRestartRequiredNotificationDismissal', 'policy', [[1, 2]], 1, {
    needs: ['SetAutoRestartRequiredNotificationDismissal=1'],
  }),
  flag('SetRestartWarningSchd', 'policy'),
  choice(
    'ScheduleRestartWarning',
    'policy',
    [
      [2, 2],
      [4, 4],
      [8, 8],
      [12, 12],
      [24, 24],
    ],
    4,
    {
      needs: ['SetRestartWarningSchd=1'],
    },
  ),
  choice(
    'ScheduleImminentRestartWarning',
    'policy',
    [
      [15, 15],
      [30, 30],
      [60, 60],
    ],
    15,
    {
      needs: ['SetRestartWarningSchd=1'],
    },
  ),
  flag('SetEDURestart', 'policy'),
  flag('TargetReleaseVersion', 'policy'),
  text('ProductVersion', 'policy', { needs: ['TargetReleaseVersion=1'] }, 25),
  text('TargetReleaseVersionInfo', 'policy', { needs: ['TargetReleaseVersion=1'] }, 4),
  flag('DeferFeatureUpdates', 'policy'),
  choice('DeferFeatureUpdatesPeriodInDays', 'policy', [[0, 365]], 0, { needs: ['DeferFeatureUpdates=1'] }),
  choice(
    'BranchReadinessLevel',
    'policy',
    [
      [2, 2],
      [4, 4],
      [8, 8],
      [16, 16],
      [32, 32],
      [64, 64],
      [128, 128],
    ],
    16,
  ),
  text('PauseFeatureUpdatesStartTime', 'policy', { needs: ['DeferFeatureUpdates=1'] }, 10),
  flag('PauseFeatureUpdates', 'policy'),
  flag('DeferQualityUpdates', 'policy'),
  choice('DeferQualityUpdatesPeriodInDays', 'policy', [[0, 30]], 0, { needs: ['DeferQualityUpdates=1'] }),
  text('PauseQualityUpdatesStartTime', 'policy', { needs: ['DeferQualityUpdates=1'] }, 10),
  flag('PauseQualityUpdates', 'policy'),
  flag('DeferUpgrade', 'policy', { needs: ['UseWUServer!=1'] }),
  choice('DeferUpgradePeriod', 'policy', [[0, 8]], 0, { needs: ['DeferUpgrade=1', 'UseWUServer!=1'] }),
  choice('DeferUpdatePeriod', 'policy', [[0, 4]], 0, { needs: ['DeferUpgrade=1', 'UseWUServer!=1'] }),
  flag('PauseDeferrals', 'policy', { needs: ['UseWUServer!=1'] }),
  flag('ExcludeWUDriversInQualityUpdate', 'policy'),
  flag('DisableWUfBSafeguards', 'policy'),
  flag('ManagePreviewBuilds', 'policy'),
  choice('ManagePreviewBuildsPolicyValue', 'policy', [[0, 2]], undefined),
  flag('SetAllowOptionalContent', 'policy'),
  choice('AllowOptionalContent', 'policy', [[1, 3]], undefined, { needs: ['SetAllowOptionalContent=1'] }),
  flag('AllowTemporaryEnterpriseFeatureControl', 'policy'),
  flag('SetDisableUXWUAccess', 'policy', { obeyed: true }),
  flag('SetDisablePauseUXAccess', 'policy'),
  flag('SetUpdateNotificationLevel', 'policy'),
  choice('UpdateNotificationLevel', 'policy', [[0, 2]], 0, { needs: ['SetUpdateNotificationLevel=1'] }),
  flag('NoUpdateNotificationsDuringActiveHours', 'policy', { needs: ['SetUpdateNotificationLevel=1'] }),
  flag('AllowAutoWindowsUpdateDownloadOverMeteredNetwork', 'policy'),
  flag('DisableOSUpgrade', 'policy'),
];

/** By lower-case name. */
export const policyValueByName: ReadonlyMap<string, PolicyValue> = new Map(
  policyValues.map((value) => [value.name.toLowerCase(), value]),
);

/** Whether a value may have this data. */
export function isAllowed({ type, ranges, maxCharacters }: PolicyValue, data: number | string): boolean {
  if (type === 'text') return typeof data === 'string' && data.length <= maxCharacters;
  return typeof data === 'number' && ranges.some(([from, to]) => data >= from && data <= to);
}

/** `fallback` null: nothing counts without it. */
function flag(name: string, key: PolicyKey, more: More = {}, fallback: number | null = 0): PolicyValue {
  return choice(name, key, [[0, 1]], fallback ?? undefined, more);
}

function choice(
  name: string,
  key: PolicyKey,
  ranges: PolicyValue['ranges'],
  fallback: number | undefined,
  { needs = [], obeyed = false }: More = {},
): PolicyValue {
  return { name, key, type: 'number', fallback, ranges, maxCharacters: 0, needs, obeyed };
}

function text(name: string, key: PolicyKey, { needs = [], obeyed = false }: More, longest = 4096): PolicyValue {
  return { name, key, type: 'text', fallback: undefined, ranges: [], maxCharacters: longest, needs, obeyed };
}

function engaged(name: string, ranges: PolicyValue['ranges'], fallback: number): PolicyValue {
  const needs = ['SetEngagedRestartTransitionSchedule=1', noForced, noAlways, 'SetAutoRestartDeadline!=1'];
  // The agent shows no reminders, so none can be put off.
  const obeyed = !name.startsWith('EngagedRestartSnooze');
  return choice(name, 'policy', ranges, fallback, { needs, obeyed });
}
