// Which computer a log belongs to, by its name and its folder.
import { basename, dirname } from 'node:path';

/** The names that Windows and Configuration Manager give to the logs of a computer. */
const ownName =
  /^(?:windows ?update|reportingevents|urllog|wuahandler|scanagent|updates(?:deployment|handler|store)|locationservices|clientlocation|policy(?:agent|evaluator)|ccmexec|ccmmessaging|cas\b|contenttransfermanager|datatransferservice|filebits|statemessage|servicewindowmanager|rebootcoordinator|cbs\b|dism\b|setup(?:act|err)|system\b|application\b|microsoft-windows-)/i;

/** The client that a log belongs to: where it has the name Windows gives it, its folder without Windows' own folders. */
export function clientNameOf(path: string): string {
  if (!ownName.test(basename(path))) return basename(path);
  const own =
    /[\\/](Windows|SoftwareDistribution|WINNT|System32|Logs?|LogFiles|Program Files|WindowsUpdate|V4|CCM|CBS|DISM|Panther|winevt|\$WINDOWS\.~BT|Sources)$/i;
  let folder = dirname(path);
  while (own.test(folder)) folder = dirname(folder);
  const name = basename(folder);
  // Windows' own folders at the root of a drive: these are the logs of the machine itself.
  if (name === '') return 'this computer';
  return name === '.' ? basename(path) : name;
}
