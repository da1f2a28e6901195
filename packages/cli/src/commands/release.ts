// moult release: the operator's signed metadata. Exit codes: 0 fine, 1 something is missing or refused, 2 wrong usage.
import { join } from 'node:path';
import { findComputer } from '@moult/administration';
import type { Command } from 'commander';
import { withList } from '../lists.ts';
import { audited, serverOf } from '../release/audit.ts';
import {
  runAdd,
  runList,
  runPin,
  runPublish,
  runRecall,
  runStatus,
  runUnpin,
  targetColumns,
} from '../release/content.ts';
import { runInit, runKey, runRehearse, runRevoke, runRotate, runSign } from '../release/keys.ts';
import { type ServerOptions, withServer } from '../server-flags.ts';
import { administer, requireServer } from '../server-options.ts';

export function register(program: Command): void {
  const release = program
    .command('release')
    .description('manage the signed list of releases and updates (TUF): keys, signatures, publication')
    .hook('preAction', async (_, action) => {
      nameRepository(action);
      await nameComputer(action);
    });
  withCommon(release.command('init'))
    .description('make a repository. By default it has one key for each role, in its own folder')
    .option('--threshold <n>', 'signatures that a root needs')
    .option('--keys <m>', 'make this number of root keys here. Carry them to their holders')
    .option('--root-key <file>', 'public key of a holder, from "moult release key". May be repeated', collect, [])
    .option(
      '--targets-key <file>',
      'public key of a signer of the role targets. Default: the keys of the root',
      collect,
      [],
    )
    .option('--agent-key <file>', 'public key of a signer of releases. Default: the keys of the root', collect, [])
    .option('--updates-key <file>', 'public key of a signer of updates. Default: the keys of the root', collect, [])
    .action(audited('make release repository', runInit));
  release
    .command('key')
    .description('make a key on the machine of its holder. FILE stays there. Carry FILE.pub to the repository')
    .requiredOption('--owner <name>', 'name of the holder, for example alice')
    .requiredOption('--out <file>', 'file for the private key. An existing file is not replaced')
    .option('--passphrase-file <file>', 'seal the key with the passphrase in this file')
    .option('--json', 'print one JSON document')
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
    .option('--floor <version>', 'a release that computers must have run before this one. May be repeated', collect, [])
    .option('--delta <n>', 'number of earlier releases of each generation to make deltas from. 0: none', '3')
    .option(
      '--update <file>',
      'JSON file with the instructions of an update (docs/trust-metadata.md), in place of a version',
    )
    .action(audited('list release', runAdd));
  withCommon(
    release.command('sign').argument('[file]', 'a staged file on the machine of a key. Without it, the repository'),
    true,
  )
    .description('sign the staged files, or import signatures from other machines')
    .option('--key <file>', 'key of the signer')
    .option('--role <name>', 'role of FILE. Default: its name')
    .option('--out <file>', 'file for the signature over FILE')
    .option('--signature <file>', 'a signature from another machine. May be repeated', collect, [])
    .action(audited('sign release metadata', runSign));
  withCommon(release.command('publish'))
    .description('publish the signed files')
    .option('--renew', 'give every role a new end of validity first')
    .option('--after-restore', 'skip 1000 versions, so that clients with newer metadata than the backup follow')
    .action(audited('publish release metadata', runPublish));
  withList(withCommon(release.command('list')), { limit: 1000, columns: targetColumns })
    .description('list releases and updates')
    .action(runList);
  withCommon(release.command('recall').argument('<path>', 'path of the release, from "moult release list"'), true)
    .description('recall a release: no computer installs it any more')
    .requiredOption('--reason <text>', 'one line. Computers show it')
    .option('--replacement <version>', 'older or newer version for computers that run the release')
    .action(audited('recall release', runRecall));
  withCommon(release.command('pin').argument('<version>', 'a listed release of the agent'), true)
    .description('give a group or a computer this version in place of the newest, by way of its floors')
    .option('--group <name>', 'name of the group, as in the policy of its computers, or All Computers')
    .option('--computer <computer>', 'one computer: its client id, and on its server also its name or address')
    .action(audited('pin release', runPin));
  withCommon(release.command('unpin'), true)
    .description('remove a pin: the group or computer gets the newest release again')
    .option('--group <name>', 'name of the group')
    .option('--computer <computer>', 'one computer: its client id, and on its server also its name or address')
    .action(audited('unpin release', runUnpin));
  withCommon(release.command('rotate').argument('<role>', 'root, targets, agent, updates, or online'), true)
    .description('change the keys or the threshold of a role. online: new keys for snapshot and timestamp')
    .option('--add-key <file>', 'public key to add. May be repeated', collect, [])
    .option('--remove <keyid>', 'first digits of a key to remove. May be repeated', collect, [])
    .option('--threshold <n>', 'signatures that the role needs')
    .action(audited('change release keys', runRotate));
  withCommon(release.command('revoke').argument('[keyid]', 'first digits of the stolen key'), true)
    .description('remove a stolen key from every role')
    .option('--replace-with <file>', 'public key of the same holder, as a replacement')
    .option('--online', 'new keys for snapshot and timestamp, after an attack on the server')
    .action(audited('revoke release key', runRevoke));
  withCommon(release.command('rehearse'))
    .description('rehearse an emergency on a copy, with the keys that you give. Changes nothing')
    .option('--key <file>', 'key of a holder. May be repeated', collect, [])
    .action(runRehearse);
  withCommon(release.command('status'))
    .description('show keys, ends of validity and staged files. Exit code 1 if something ends soon')
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

/** A computer may be typed by its name, where the repository is that of its server. */
async function nameComputer(action: Command): Promise<void> {
  const { computer, dir, ...server } = action.opts<ServerOptions & { computer?: string; dir?: string }>();
  if (computer === undefined || /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(computer)) return;
  const flags = dir === undefined ? undefined : serverOf({ dir, ...server });
  if (!flags) return;
  const { computerId } = await administer(flags, ({ store }) => findComputer(store, computer));
  action.setOptionValue('computer', computerId);
}

function withCommon(command: Command, changes = false): Command {
  withServer(command)
    .option('--dir <dir>', 'folder of the repository. Default: that of the server')
    .option('--passphrase-file <file>', 'file with the passphrase of sealed keys')
    .option('--json', 'print one JSON document');
  return changes ? command.option('--publish', 'publish at once if every signature is there') : command;
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}
