// The agent's own transport, with its bounds in time, as the client of the metadata wants it.
import type { IncomingHttpHeaders } from 'node:http';
import { hresult } from '@moult/protocol/hresult';
import { type Fetch, isRangeAsked } from '@moult/releases/client';
import { ReleaseError } from '@moult/releases/errors';
import { AgentError } from '../errors.ts';
import { type RequestLimits, send, statusError } from '../transport/request.ts';

export function createMetadataFetch({ userAgent, limits }: { userAgent: string; limits: RequestLimits }): Fetch {
  return async ({ url, maxBytes, offset = 0, noCache = false, receive }) => {
    const answer = { offset: 0 };
    const headers = {
      ...(offset > 0 ? { Range: `bytes=${offset}-` } : {}),
      ...(noCache ? { 'Cache-Control': 'no-cache', Pragma: 'no-cache' } : {}),
    };
    try {
      const begin = (status: number, got: IncomingHttpHeaders) => {
        if (status === 200) return;
        if (!isRangeAsked(got['content-range'], offset, maxBytes)) throw otherPlace(url, offset);
        answer.offset = offset;
      };
      const accepts = offset > 0 ? [200, 206] : [200];
      const answered = await send({
        ...{ url, userAgent, headers },
        limits: { ...limits, maxBytes },
        sink: { accepts, begin, take: (piece) => receive(piece, answer) },
      });
      const { status } = answered;
      if (accepts.includes(status)) return answer;
      const cause = statusError(status, url, answered.headers, limits.network?.now());
      throw new ReleaseError('RELEASE_FETCH_STATUS', `${url} answered ${status}.`, { status, cause });
    } catch (error) {
      throw error instanceof AgentError ? asReleaseError(error) : error;
    }
  };
}

/** 206 for bytes that were not asked for: of another place, or of a file of another length. */
function otherPlace(url: string, offset: number): ReleaseError {
  const text = `${url} answered the bytes from ${offset} on with bytes of another place.`;
  return new ReleaseError('RELEASE_FETCH_STATUS', text, { status: 206, cause: statusError(206, url) });
}

function asReleaseError(error: AgentError): ReleaseError {
  const { code, message } = error;
  if (code === 'AGENT_TRANSPORT_TOO_LARGE')
    return new ReleaseError('RELEASE_FETCH_TOO_LARGE', message, { cause: error });
  if (error.hresult === hresult.timeout) return new ReleaseError('RELEASE_FETCH_TOO_SLOW', message, { cause: error });
  return new ReleaseError('RELEASE_FETCH_FAILED', message, { cause: error });
}
