// moult simulate: the other side of the wire, for trials and tests. Made-up updates, no real ones.
import { createUpstreamServer, listen, simulatedCatalog } from '@moult/simulator';
import type { Command } from 'commander';
import { wholeNumber } from '../numbers.ts';
import { untilSignal } from '../until-signal.ts';

interface Flags {
  port: number;
  updates: number;
  products: number;
  hugeMib: number;
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
      .action((flags: Flags) => play(name === 'microsoft' ? 'microsoft' : 'wsus', flags));
  }
}

async function play(kind: 'wsus' | 'microsoft', { port, updates, products, hugeMib }: Flags): Promise<void> {
  const now = () => new Date();
  const from = new Date(now().getTime() - (updates + 1000) * 1000);
  const catalog = simulatedCatalog({ products, updates, from, hugeCharacters: hugeMib * 1_000_000 });
  const listening = await listen(createUpstreamServer({ kind, now, updates: catalog }), port);
  const { signal, done } = untilSignal();
  console.log(`ready ${listening.url}`);
  console.log(`Try it: moult sync now --upstream ${listening.url}`);
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  done();
  await listening.close();
}
