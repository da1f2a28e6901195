// The nodes of the Policy CSP (area Update) that stand for values of the policy keys. Device management has no switches, and
// no node for what only the Group Policy editor knows.

/** Nodes of another name. */
const otherNames: Readonly<Record<string, string>> = {
  WUServer: 'UpdateServiceUrl',
  WUStatusServer: 'UpdateServiceUrl',
  AcceptTrustedPublisherCerts: 'AllowNonMicrosoftSignedUpdate',
  DeferUpgrade: 'RequireDeferUpgrade',
  // The node has the text. The value of its name is the switch, which no node stands for.
  TargetReleaseVersionInfo: 'TargetReleaseVersion',
  ManagePreviewBuildsPolicyValue: 'ManagePreviewBuilds',
};

/** `AllowAutoUpdate` stands for NoAutoUpdate and AUOptions, with numbers of its own. */
const without: ReadonlySet<string> = new Set([
  ...['UseWUServer', 'NoAutoUpdate', 'AUOptions', 'UseUpdateClassPolicySource', 'TargetGroupEnabled', 'TargetGroup'],
  ...['DoNotConnectToWindowsUpdateInternetLocations', 'DisableWindowsUpdateAccess', 'DisableOSUpgrade'],
  ...['ElevateNonAdmins', 'EnableFeaturedSoftware', 'IncludeRecommendedUpdates', 'AutoInstallMinorUpdates'],
  ...[
    'AutomaticMaintenanceEnabled',
    'Activation Boundary',
    'Randomized',
    'Random Delay',
    'WakeUp',
    'AUPowerManagement',
  ],
  ...['DetectionFrequencyEnabled', 'RescheduleWaitTimeEnabled', 'RescheduleWaitTime', 'NoAutoRebootWithLoggedOnUsers'],
  ...['AlwaysAutoRebootAtScheduledTime', 'RebootRelaunchTimeoutEnabled', 'RebootRelaunchTimeout'],
  ...['RebootWarningTimeoutEnabled', 'RebootWarningTimeout', 'NoAUShutdownOption', 'NoAUAsDefaultShutdownOption'],
  ...['TargetReleaseVersion', 'DeferFeatureUpdates', 'DeferQualityUpdates', 'ManagePreviewBuilds'],
  ...['SetAllowOptionalContent', 'SetUpdateNotificationLevel', 'SetActiveHours', 'SetActiveHoursMaxRange'],
  ...['SetComplianceDeadline', 'SetComplianceDeadlineForQU', 'SetComplianceDeadlineForFU', 'SetAutoRestartDeadline'],
  ...['SetAutoRestartNotificationConfig', 'SetAutoRestartRequiredNotificationDismissal', 'SetRestartWarningSchd'],
  ...['SetEngagedRestartTransitionSchedule'],
]);

/** The node that stands for a value. Undefined: none does. */
export function managementNode(name: string): string | undefined {
  return without.has(name) ? undefined : (otherNames[name] ?? name);
}

/** The data of a node that is not set. */
export const unsetNodes: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['UpdateServiceUrl', 'CorpWSUS'],
  ['ManagePreviewBuilds', 3],
  ['AllowOptionalContent', 0],
]);
