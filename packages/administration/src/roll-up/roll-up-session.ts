// The calls of a roll-up. They need no cookie of their own: all of them carry the same one.
import { type RollupConfiguration, rollUp, rollUpCookie } from '@moult/protocol/roll-up';
import { type RequestOf, type ResponseOf, readAnswer, soapActionOf, writeCall } from '@moult/protocol/soap';
import type { upstreamBounds } from '../synchronisation/bounds.ts';
import { badAnswer, type Peer, stopped } from '../synchronisation/peer.ts';
import { callWhenFree, readSaid, refused, UpstreamFault } from '../synchronisation/session.ts';

type Operations = (typeof rollUp)['operations'];

export interface RollUpSession {
  configuration(): Promise<RollupConfiguration>;
  call<Name extends keyof Operations & string>(
    name: Name,
    parameters: Omit<RequestOf<Operations[Name]>, 'cookie'>,
  ): Promise<ResponseOf<Operations[Name]>>;
  count(): { calls: number; bytes: number };
}

interface Options {
  peer: Peer;
  upstream: URL;
  limits: typeof upstreamBounds;
  now(): Date;
  random(): number;
  wait(ms: number, signal: AbortSignal): Promise<void>;
  signal: AbortSignal;
}

export function createRollUpSession({ peer, upstream, limits, random, wait, signal }: Options): RollUpSession {
  const counts = { calls: 0, bytes: 0 };
  const line = {
    ...{ peer, upstream, limits, random },
    count: ({ calls, bytes }: typeof counts) => {
      counts.calls += calls;
      counts.bytes += bytes;
    },
    wait: async (ms: number) => {
      await wait(ms, signal);
      if (signal.aborted) throw stopped();
    },
  };
  const path = rollUp.paths[0] ?? '';
  const call: RollUpSession['call'] = async (name, parameters) => {
    const body = writeCall(rollUp, name, { ...parameters, cookie: rollUpCookie } as never);
    const text = await callWhenFree(line, path, soapActionOf(rollUp, name), body);
    try {
      return readSaid(upstream, () => readAnswer(rollUp, name, text)) as never;
    } catch (error) {
      throw error instanceof UpstreamFault ? refused(upstream, error) : error;
    }
  };
  return {
    call,
    async configuration() {
      const { result } = await call('GetRollupConfiguration', {});
      if (!result) throw badAnswer(upstream, 'the answer to GetRollupConfiguration has no result');
      return result;
    },
    count: () => counts,
  };
}
