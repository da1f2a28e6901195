// The options that say which server a command works on. They load nothing of the server: "moult agent --help" needs them too.
import { type Command, Option } from 'commander';

/** The options that say which server is meant. */
export interface ServerOptions {
  dataDir?: string;
  database?: string;
  config?: string;
}

export interface AdministrationFlags extends ServerOptions {
  json?: true;
}

/** Adds the options that say which server is meant, as `moult serve` has them. */
export function withServer(command: Command): Command {
  return command
    .addOption(new Option('--data-dir <dir>', "the server's data directory (MOULT_DATA_DIR) [/var/lib/moult]"))
    .addOption(new Option('--database <url>', 'its database, when not in the data directory (MOULT_DATABASE)'))
    .addOption(new Option('--config <file>', 'its configuration file (MOULT_CONFIG) [/etc/moult/moult.toml]'));
}

/** As withServer, and `--json`. */
export function withServerOptions(command: Command): Command {
  return withServer(command).addOption(new Option('--json', 'print one JSON document'));
}
