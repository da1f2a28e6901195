// The agent's own transport, with its bounds in time, as the client of the metadata wants it.
import type { Fetch } from '@moult/releases/client';
import { ReleaseError } from '@moult/releases/errors';
import { AgentError } from '../errors.ts';
import { hresult } from '../transport/hresult.ts';
import { type RequestLimits, send } from '../transport/request.ts';

export function createMetadataFetch({ userAgent, limits }: { userAgent: string; limits: RequestLimits }): Fetch {
  return async ({ url, maxBytes, noCache = false, receive }) => {
    const answer = { offset: 0 };
    const headers = {
      'Accept-Encoding': 'identity',
      ...(noCache ? { 'Cache-Control': 'no-cache', Pragma: 'no-cache' } : {}),
    };
    try {
      const { status } = await send({
        ...{ url, userAgent, headers },
        limits: { ...limits, maxBytes },
        sink: { accepts: [200], begin: () => undefined, take: (piece) => receive(piece, answer) },
      });
      if (status === 200) return answer;
      throw new ReleaseError('RELEASE_FETCH_STATUS', `${url} answered ${status}.`, { status });
    } catch (error) {
      throw error instanceof AgentError ? asReleaseError(error) : error;
    }
  };
}

function asReleaseError(error: AgentError): ReleaseError {
  const { code, message } = error;
  if (code === 'AGENT_TRANSPORT_TOO_LARGE')
    return new ReleaseError('RELEASE_FETCH_TOO_LARGE', message, { cause: error });
  if (error.hresult === hresult.timeout) return new ReleaseError('RELEASE_FETCH_TOO_SLOW', message, { cause: error });
  return new ReleaseError('RELEASE_FETCH_FAILED', message, { cause: error });
}
