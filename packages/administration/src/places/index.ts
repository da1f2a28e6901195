// Where a server is looked for when nothing says where. It imports nothing: every command asks.

export interface DefaultPlaces {
  configFile: string | undefined;
  dataDir: string | undefined;
  /** For a server that starts where nothing is named. */
  newDataDir: string;
}

/** Where packages and service files put a server. Windows has no such place. */
export const defaultPlaces: DefaultPlaces =
  process.platform === 'win32'
    ? { configFile: undefined, dataDir: undefined, newDataDir: './moult-data' }
    : { configFile: '/etc/moult/moult.toml', dataDir: '/var/lib/moult', newDataDir: './moult-data' };
