// moult simulate: the other side of the wire, for trials and tests. Made-up updates, no real ones.
import { createHash } from 'node:crypto';
import { AdministrationError } from '@moult/administration';
import { counted, visibleText } from '@moult/formats/text';
import {
  createUpstreamServer,
  type DownstreamShape,
  type DownstreamStep,
  DownstreamTrouble,
  listen,
  openLine,
  playDownstream,
  simulatedCalendar,
  simulatedCatalog,
} from '@moult/simulator';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { wholeNumber } from '../numbers.ts';
import { present } from '../output.ts';
import { untilSignal } from '../until-signal.ts';

interface Flags {
  port: number;
  updates: number;
  products: number;
  hugeMib: number;
  encrypted: number;
  missingKeys: number;
  daySeconds: number;
}

export function register(program: Command): void {
  const simulate = program.command('simulate').description('play another server, with made-up updates, for a trial');
  for (const [name, what] of [
    ['wsus-upstream', 'a WSUS that others synchronise with'],
    ['microsoft', "Microsoft's public service, as it answers"],
  ] as const) {
    simulate
      .command(name)
      .description(`play ${what}, on 127.0.0.1, until Ctrl+C`)
      .option('--port <n>', 'port to listen on. 0: any free port', wholeNumber(0, 65_535), 8530)
      .option('--updates <n>', 'number of updates', wholeNumber(1, 1_000_000), 1000)
      .option('--products <n>', 'number of products', wholeNumber(1, 1000), 5)
      .option(
        '--huge-mib <n>',
        'characters of one more document, in millions. 0: no such document',
        wholeNumber(0, 100),
        0,
      )
      .option('--encrypted <n>', 'number of updates with an encrypted file', wholeNumber(0, 1_000_000), 0)
      .option('--missing-keys <n>', 'number of encrypted files without a key', wholeNumber(0, 1_000_000), 0)
      .option(
        '--day-seconds <n>',
        'a day passes in this number of seconds, and second Tuesdays publish updates. 0: no day passes',
        wholeNumber(0, 86_400),
        0,
      )
      .action((flags: Flags) => play(name === 'microsoft' ? 'microsoft' : 'wsus', flags));
  }
  simulate
    .command('wsus-downstream')
    .description('play a WSUS below a server: ask for everything that it asks for, and name what a WSUS cannot use')
    .addOption(
      new Option('--upstream <url>', 'address of the server that is asked').argParser(addressOf).makeOptionMandatory(),
    )
    .option('--replica', 'ask for groups and decisions, too')
    .option(
      '--computers <n>',
      'number of made-up computers to report. The server keeps them',
      wholeNumber(0, 100_000),
      0,
    )
    .addOption(new Option('--shape <name>', 'client stack that is played').choices(['asmx', 'wcf']).default('asmx'))
    .option('--plain', 'ask for answers that are not packed')
    .option('--protocol <version>', 'protocol version of MS-WSUSSS', '1.20')
    .option('--name <name>', 'name of the server that is played', 'moult-simulated-downstream')
    .option('--json', 'print JSON')
    .action(ask);
}

interface AskFlags {
  upstream: URL;
  replica?: true;
  computers: number;
  shape: DownstreamShape;
  plain?: true;
  protocol: string;
  name: string;
  json?: true;
}

async function ask({ upstream, replica, computers, shape, plain, protocol, name, json }: AskFlags): Promise<void> {
  const line = openLine({ upstream, shape, isPacked: !plain, ...lineBounds });
  const report = await playDownstream({
    ...{ line, now: () => new Date(), account: { name, id: idOf(name) }, protocolVersion: protocol },
    ...{ isReplica: replica === true, computers },
    onStep: (step) => {
      if (!json) for (const text of linesOf(step)) console.log(text);
    },
  }).catch((error) => {
    if (!(error instanceof DownstreamTrouble)) throw error;
    throw new AdministrationError(
      'ADMINISTRATION_UPSTREAM_ANSWER',
      `A WSUS below ${upstream.origin} stops here: ${error.message.replace(/\.$/, '')}.`,
    );
  });
  const { calls, bytes, findings } = report;
  present(report, json ? { json } : {}, () => [
    `${counted(calls, 'call')}, ${(bytes / 1e6).toFixed(1)} MB: ${findings === 0 ? 'a WSUS can use every answer' : `${counted(findings, 'answer')} that a WSUS cannot use`}.`,
  ]);
  if (findings > 0) process.exitCode = 1;
}

/** A document of Microsoft has 47 million characters, and answers hold several. */
const lineBounds = { timeoutMs: 600_000, answerBytes: 256 * 2 ** 20 };

function linesOf({ name, figures, findings }: DownstreamStep): string[] {
  const told = Object.entries(figures).map(([what, figure]) => `${what} ${figure}`);
  return [`${name.padEnd(15)}${told.join(', ')}`, ...findings.map((finding) => `  ${visibleText(finding)}`)];
}

/** The same name is the same server. */
function idOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new InvalidArgumentError('Write an address such as http://wsus.example.com:8530.');
  return url;
}

async function play(
  kind: 'wsus' | 'microsoft',
  { port, updates, products, hugeMib, daySeconds, ...keys }: Flags,
): Promise<void> {
  const now = () => new Date();
  const from = new Date(now().getTime() - (updates + 1000) * 1000);
  const catalog = simulatedCatalog({ products, updates, from, hugeCharacters: hugeMib * 1_000_000, ...keys });
  const server = createUpstreamServer({ kind, now, updates: catalog });
  const listening = await listen(server, port);
  const { signal, done } = untilSignal();
  console.log(`ready ${listening.url}`);
  console.log(`Try it: moult sync now --upstream ${listening.url}`);
  const firstUpdate = updates + 1;
  const nextDay = simulatedCalendar({ products, firstUpdate, from: now() });
  const passing =
    daySeconds > 0 &&
    setInterval(() => {
      const { day, updates: published } = nextDay(now());
      if (published.length === 0) return;
      server.publish(...published);
      console.log(`${day.toISOString().slice(0, 10)}: ${counted(published.length, 'revision')} published`);
    }, daySeconds * 1000);
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  if (passing) clearInterval(passing);
  done();
  await listening.close();
}
