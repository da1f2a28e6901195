// A flood, in a process of its own: KIND URL SECONDS CONNECTIONS ADDRESS. Every connection sends its next request as soon as
// it has the answer to the last one. Prints what was answered how often, as JSON.
import { Agent } from 'node:http';
import { send } from './client.ts';
import { type FloodKind, openFlood } from './kinds.ts';

const [kind = '', url = '', seconds = '', connections = '', localAddress = ''] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections), localAddress } as object);
const answers: Record<string, number> = {};
const count = (what: string | number) => {
  answers[what] = (answers[what] ?? 0) + 1;
};

const next = await openFlood(kind as FloodKind, url, agent);
const until = performance.now() + Number(seconds) * 1000;
const timer = setTimeout(() => agent.destroy(), Number(seconds) * 1000 + 500).unref();
const connection = async (): Promise<void> => {
  while (performance.now() < until) {
    try {
      count((await send(url, agent, next())).status);
    } catch (error) {
      count(error instanceof Error && 'code' in error ? String(error.code) : 'broken');
    }
  }
};
await Promise.all(Array.from({ length: Number(connections) }, connection));
clearTimeout(timer);
agent.destroy();
console.log(JSON.stringify(answers));
