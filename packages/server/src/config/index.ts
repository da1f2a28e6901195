export { type ConfigSources, type LoadedConfig, loadConfig, printConfig } from './load.ts';
export { keyOf, type ServerConfig, type SettingName, settingNames, settings, variableOf } from './settings.ts';
