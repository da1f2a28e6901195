// moult release: the operator's signed metadata. Exit codes: 0 fine, 1 something is missing or refused, 2 wrong usage.
import { join } from 'node:path';
import type { Command } from 'commander';
import { audited } from '../release/audit.ts';
import { runAdd, runList, runPin, runPublish, runRecall, runStatus, runUnpin } from '../release/content.ts';
import { runInit, runKey, runRehearse, runRevoke, runRotate, runSign } from '../release/keys.ts';
import { requireServer, type ServerOptions, withServer } from '../server-options.ts';

export function register(program: Command): void {
  const release = program
    .command('release')
    .description('the signed list of releases and updates (TUF): keys, signatures, publication')
    .hook('preAction', (_, action) => nameRepository(action));
  withCommon(release.command('init'))
    .description('make a repository; without options with one key for each role, in the folder itself')
    .option('--threshold <n>', 'signatures that a root needs')
    .option('--keys <m>', 'make so many keys for the root here, to be carried to their holders')
    .option('--root-key <file>', 'public key of a holder, made with "moult release key"; may be repeated', collect, [])
    .option('--targets-key <file>', 'the same for the role targets; default: the keys of the root', collect, [])
    .option('--agent-key <file>', 'the same for those who sign releases; default: the keys of the root', collect, [])
    .option('--updates-key <file>', 'the same for those who sign updates; default: the keys of the root', collect, [])
    .action(audited('make release repository', runInit));
  release
    .command('key')
    .description('make a key on the machine of its holder: FILE stays there, FILE.pub is carried to the repository')
    .requiredOption('--owner <name>', 'the holder, as messages will name the holder, for example alice')
    .requiredOption('--out <file>', 'where the private key is written; a file that is there is never replaced')
    .option('--passphrase-file <file>', 'seal the key with the passphrase in this file')
    .option('--json', 'one JSON document on stdout')
    .action(runKey);
  withCommon(
    release.command('add').argument('<file>', 'the release (a cabinet), or the core fragment of an update'),
    true,
  )
    .description('list a release or an update')
    .option('--release-version <version>', 'version of the release, as 7.9.0.2 or 1:7.9.0.2 (epoch 1)')
    .option('--generation <name>', 'sus or wsus', 'wsus')
    .option('--product <name>', 'moult-agent or moult-host', 'moult-agent')
    .option('--platform <name>', 'any, or for example linux-x64', 'any')
    .option('--floor <version>', 'a release that computers must have run before this one; may be repeated', collect, [])
    .option('--delta <n>', 'make deltas from so many releases before it, of each generation; 0 for none', '3')
    .option('--update <file>', 'the instructions of an update as JSON (docs/trust-metadata.md), in place of a version')
    .action(audited('list release', runAdd));
  withCommon(
    release.command('sign').argument('[file]', 'a staged file on the machine of a key; without it, the repository'),
    true,
  )
    .description('sign what waits, or take in signatures that were made elsewhere')
    .option('--key <file>', 'key of the signer')
    .option('--role <name>', 'the role of FILE; default: its name')
    .option('--out <file>', 'where the signature over FILE is written')
    .option('--signature <file>', 'a signature that was made elsewhere; may be repeated', collect, [])
    .action(audited('sign release metadata', runSign));
  withCommon(release.command('publish'))
    .description('publish what is signed')
    .option('--renew', 'give every role a new end of validity first')
    .option('--after-restore', 'leave out 1000 versions, so that clients that saw newer ones than the backup follow')
    .action(audited('publish release metadata', runPublish));
  withCommon(release.command('list')).description('releases and updates').action(runList);
  withCommon(release.command('recall').argument('<path>', 'path of the release, from "moult release list"'), true)
    .description('no computer installs this release any more')
    .requiredOption('--reason <text>', 'one line; computers show it')
    .option('--replacement <version>', 'computers that run the release go back to this one')
    .action(audited('recall release', runRecall));
  withCommon(release.command('pin').argument('<version>', 'a listed release of the agent'), true)
    .description('a group or a computer gets this version in place of the newest, by way of its floors')
    .option('--group <name>', 'name of the group, as the policy of its computers names it; All Computers for every one')
    .option('--computer <id>', 'client id of one computer')
    .action(audited('pin release', runPin));
  withCommon(release.command('unpin'), true)
    .description('the group or computer gets the newest release again')
    .option('--group <name>', 'name of the group')
    .option('--computer <id>', 'client id of one computer')
    .action(audited('unpin release', runUnpin));
  withCommon(release.command('rotate').argument('<role>', 'root, targets, agent, updates, or online'), true)
    .description('other keys or another threshold for a role; online: new keys for snapshot and timestamp')
    .option('--add-key <file>', 'public key to add; may be repeated', collect, [])
    .option('--remove <keyid>', 'first digits of a key to remove; may be repeated', collect, [])
    .option('--threshold <n>', 'signatures that the role needs')
    .action(audited('change release keys', runRotate));
  withCommon(release.command('revoke').argument('[keyid]', 'first digits of the stolen key'), true)
    .description('take a stolen key out of every role')
    .option('--replace-with <file>', 'public key of the same holder, in its place')
    .option('--online', 'the server was broken into: new keys for snapshot and timestamp')
    .action(audited('revoke release key', runRevoke));
  withCommon(release.command('rehearse'))
    .description('do on a copy what an emergency needs, with the keys that are at hand; changes nothing')
    .option('--key <file>', 'key of a holder; may be repeated', collect, [])
    .action(runRehearse);
  withCommon(release.command('status'))
    .description('keys, ends of validity, what waits; exit 1 when something ends soon')
    .action(runStatus);
}

/** The repository is the server's own unless --dir names another. */
function nameRepository(action: Command): void {
  const { dir, ...server } = action.opts<ServerOptions & { dir?: string }>();
  // A holder signs the file that was carried to the holder's own machine.
  const isAway = action.name() === 'sign' && action.args.length > 0;
  const hasRepository = !isAway && action.options.some(({ long }) => long === '--dir');
  if (hasRepository && dir === undefined) action.setOptionValue('dir', join(requireServer(server).dataDir, 'trust'));
}

function withCommon(command: Command, changes = false): Command {
  withServer(command)
    .option('--dir <dir>', 'the repository, when it is not that of a server')
    .option('--passphrase-file <file>', 'file with the passphrase of sealed keys')
    .option('--json', 'one JSON document on stdout');
  return changes ? command.option('--publish', 'publish at once if every signature is there') : command;
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}
