export { twoPersonActions } from './account-settings.ts';
export { acmeNamesOf } from './acme-settings.ts';
export { readSyslogTarget, type SyslogTarget } from './forward-settings.ts';
export { type ListedLimit, listLimits, listSettings } from './lists.ts';
export { type ConfigSources, type LoadedConfig, loadConfig, printConfig, readFileLimits } from './load.ts';
export { smallMemoryBytes, thisMachine } from './machine.ts';
export { keyOf, type ServerConfig, type SettingName, settingNames, settings, variableOf } from './settings.ts';
export { tlsPortOf } from './tls-settings.ts';
