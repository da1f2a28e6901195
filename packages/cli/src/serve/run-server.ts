// The work of `moult serve`. Its help does not load this file, and so starts without the server.
import { keepFilesPrivate } from '@moult/administration';
import {
  type LoadedConfig,
  printConfig,
  type ServerConfig,
  type SettingName,
  smallMemoryBytes,
  thisMachine,
} from '@moult/administration/config';
import { repositoryFile } from '@moult/disk';
import { openLog, startServer } from '@moult/server';
import { collectGarbage, limitHeapGrowth } from '@moult/store';
import { commandLimits } from '../bounds.ts';
import { findServer } from '../server-options.ts';

export type ServeFlags = Partial<Record<SettingName, unknown>> & {
  config?: string;
  printConfig?: true;
  newDatabase?: true;
};

/** Runs the server until a signal stops it, or prints the settings in force. Throws as findServer and startServer do. */
export async function runServer(flags: ServeFlags): Promise<void> {
  const loaded = load(flags);
  if (flags.printConfig) {
    console.log(printConfig(loaded));
    return;
  }
  const { config, origins } = loaded;
  const toStdout = config.logStdout === 'on';
  limitHeapGrowth({ isSmall: thisMachine().memoryBytes < smallMemoryBytes });
  const { dataDir, logLevel: level, logDays: days, logMib } = config;
  keepFilesPrivate(dataDir);
  const retention = { days, budgetBytes: logMib * 1_048_576 };
  const logFiles = openLog({ dataDir, level, toStdout, retention });
  const { log } = logFiles;
  // Before the ready line is out: whoever waits for it may send the signal in the same moment.
  const stopped = stopSignal();
  // If a part does not let go: no service manager has to kill this process.
  void stopped.then(() =>
    setTimeout(() => process.exit(1), (config.stopSeconds + commandLimits.longestEndSeconds) * 1000).unref(),
  );
  try {
    const server = await startServer(config, {
      now: () => new Date(),
      ...{ log, logFiles, newDatabase: flags.newDatabase ?? false, origins },
      announce: (line, kind) => (kind === 'ready' ? console.log(line) : console.error(line)),
    });
    collectGarbage();
    await stopped;
    log.info('stopping');
    await server.stop();
    log.info('stopped');
  } finally {
    logFiles.close();
  }
}

function load({ printConfig: _, newDatabase: __, ...flags }: ServeFlags): LoadedConfig {
  const { config, origins } = findServer(flags, { mayBeNew: true });
  return { config: { ...builtBeside(), ...defined(config) } as ServerConfig, origins };
}

/** The result of `npm run build`: only here, at the top, is it known where that is. */
function builtBeside() {
  return {
    agentReleaseDir: repositoryFile('packages/agent/dist'),
    consoleDir: repositoryFile('packages/console/dist'),
  };
}

function defined(config: LoadedConfig['config']): Partial<LoadedConfig['config']> {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        resolve();
        // A second one does not wait any longer.
        process.once(signal, () => process.exit(1));
      });
    }
  });
}
