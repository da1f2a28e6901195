// The places of a server that is not named. It imports nothing: every command asks.

export interface DefaultPlaces {
  configFile: string | undefined;
  dataDir: string | undefined;
  /** For a server that starts where nothing is named. */
  newDataDir: string;
}

/** The places of a server from packages and service files. Windows has no such place. */
export const defaultPlaces: DefaultPlaces =
  process.platform === 'win32'
    ? { configFile: undefined, dataDir: undefined, newDataDir: './moult-data' }
    : { configFile: '/etc/moult/moult.toml', dataDir: '/var/lib/moult', newDataDir: './moult-data' };
