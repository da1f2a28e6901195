// moult notices: webhooks, which tell programs about updates, failures and ends that come near.
import {
  addTarget,
  listMessages,
  listTargets,
  type NoticeType,
  noticeTypes,
  removeTarget,
  replayMessage,
  type ShownTarget,
  testTarget,
} from '@moult/administration/notices';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Column, type ListFlags, showList, wholeList, withList } from '../lists.ts';
import { present } from '../output.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { administer } from '../server-options.ts';

const columns: readonly Column<ShownTarget>[] = [
  { name: 'id', cell: ({ targetId }) => targetId },
  { name: 'address', cell: ({ address }) => address },
  { name: 'types', cell: ({ types }) => types.join(', ') },
  { name: 'waiting', cell: ({ waiting }) => waiting },
  { name: 'delivered', cell: ({ deliveredAt }) => deliveredAt },
  { name: 'state', cell: ({ isDisabled, error }) => (isDisabled ? `disabled: ${error}` : (error ?? 'fine')) },
  { name: 'lost', cell: ({ dropped }) => dropped, isExtra: true },
  { name: 'added', cell: ({ createdAt }) => createdAt, isExtra: true },
];

type Message = Awaited<ReturnType<typeof listMessages>>[number];

const messageColumns: readonly Column<Message>[] = [
  { name: 'id', cell: ({ messageId }) => messageId },
  { name: 'type', cell: ({ type }) => type },
  { name: 'time', cell: ({ at }) => at },
  { name: 'state', cell: ({ isDelivered }) => (isDelivered ? 'delivered' : 'waiting') },
];

interface AddFlags extends AdministrationFlags {
  types: NoticeType[];
  allowPrivate?: true;
  when: 'at-once' | 'daily';
}

export function register(program: Command): void {
  const notices = program.command('notices').description('webhooks: tell programs about updates, failures and ends');
  withList(withServerOptions(notices.command('list', { isDefault: true })), { limit: 0, columns })
    .description('list webhooks, and the messages that wait for them')
    .action(list);
  withServerOptions(
    notices
      .command('add')
      .argument('<url>', 'address of the program, as https://…, or mailto: and addresses with commas between them'),
  )
    .description(
      'send messages to a program (Standard Webhooks) or by mail from now on. Prints the secret of the signatures once',
    )
    .addOption(
      new Option('--types <types>', `types of messages, with commas between them: ${noticeTypes.join(', ')}`)
        .argParser(typesIn)
        .default(noticeTypes.filter((one) => one !== 'audit.recorded')),
    )
    .addOption(new Option('--when <when>', 'when mail is sent').choices(['at-once', 'daily']).default('at-once'))
    .option('--allow-private', 'allow http, and an address of a private network')
    .action(add);
  withServerOptions(notices.command('remove').argument('<webhook>', 'id, its beginning, or the address'))
    .description('remove a webhook, with the messages that wait for it')
    .action(remove);
  withServerOptions(notices.command('test').argument('<webhook>', 'id, its beginning, or the address'))
    .description('send a message of the type test. Enables a webhook that was disabled')
    .action(test);
  withList(withServerOptions(notices.command('messages').argument('<webhook>')), { limit: 0, columns: messageColumns })
    .description('list the messages that wait, and the newest that were delivered')
    .action(messages);
  withServerOptions(notices.command('replay').argument('<webhook>').argument('<message>', 'id of the message'))
    .description('send a delivered message again, with the same id')
    .action(replay);
}

function typesIn(text: string): NoticeType[] {
  return text.split(',').map((one) => {
    const found = noticeTypes.find((known) => known === one.trim());
    if (found) return found;
    throw new InvalidArgumentError(`"${one}" is not one of ${noticeTypes.join(', ')}.`);
  });
}

async function list(flags: AdministrationFlags & ListFlags): Promise<void> {
  showList(wholeList(await administer(flags, listTargets)), flags, columns, ['webhook', 'webhooks']);
}

async function add(address: string, { types, allowPrivate, when, ...flags }: AddFlags): Promise<void> {
  const added = await administer(flags, (administration) =>
    addTarget(administration, { address, types, when, allowsPrivate: allowPrivate }),
  );
  if (added.secretOnce === '') return present(added, flags, () => [`Messages go to ${address}.`]);
  console.error(`moult: webhook ${added.targetId}. This is the only time that you see its secret:`);
  present(added, flags, ({ secretOnce }) => [secretOnce]);
}

async function remove(named: string, flags: AdministrationFlags): Promise<void> {
  const removed = await administer(flags, (administration) => removeTarget(administration, named));
  present(removed, flags, ({ address }) => [`The webhook ${address} is removed.`]);
}

async function test(named: string, flags: AdministrationFlags): Promise<void> {
  const message = await administer(flags, (administration) => testTarget(administration, named));
  present(message, flags, ({ messageId }) => [`Message ${messageId} waits. A running server sends it within seconds.`]);
}

async function messages(named: string, flags: AdministrationFlags & ListFlags): Promise<void> {
  const found = await administer(flags, (administration) => listMessages(administration, named));
  showList(wholeList(found), flags, messageColumns, ['message', 'messages']);
}

async function replay(named: string, messageId: string, flags: AdministrationFlags): Promise<void> {
  const message = await administer(flags, (administration) => replayMessage(administration, named, messageId));
  present(message, flags, () => [`Message ${messageId} waits. A running server sends it within seconds.`]);
}
