// moult serve: the server in the foreground, until a signal stops it. Its work is in serve/run-server.ts, which loads the server.
import { keyOf, settingNames, settings, variableOf } from '@moult/administration/config';
import { type Command, Option } from 'commander';
import type { ServeFlags } from '../serve/run-server.ts';

export function register(program: Command): void {
  const serve = program
    .command('serve')
    .description('run the update server')
    .option('--config <file>', 'TOML file with settings. Its keys are the flags without dashes (MOULT_CONFIG)')
    .option('--new-database', 'begin with an empty database although the data directory had one. For this start only')
    .option('--print-config', 'print the settings in force, with the origin of each one, and exit');
  let group = '';
  for (const name of settingNames) {
    const { placeholder, description, fallback, group: itsGroup } = settings[name];
    const note = fallback === undefined ? '' : ` [${fallback}]`;
    const option = new Option(`--${keyOf(name)} <${placeholder}>`, `${description}${note} (${variableOf(name)})`);
    if (itsGroup !== group) group = itsGroup;
    serve.addOption(option.helpGroup(groupTitles[group as keyof typeof groupTitles]));
  }
  serve.action(async (flags: ServeFlags) => (await import('../serve/run-server.ts')).runServer(flags));
}

const groupTitles = {
  listening: 'Ports:',
  storage: 'Storage:',
  updates: 'Updates and clients:',
  limits: 'Limits:',
  running: 'Running:',
};
