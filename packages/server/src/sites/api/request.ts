// From an HTTP request to the values that a route wants. It refuses a name that the route does not have. So a client
// can set only the fields of its operation.
import type { IncomingMessage } from 'node:http';
import * as z from 'zod';
import { apiBounds, callBounds } from '../../bounds.ts';
import type { BodyRoom } from '../../http/gates/body-room.ts';
import { passOver, readBody } from '../../http/gates/read-body.ts';
import { ApiError, type Fault } from './errors.ts';
import type { Route } from './route.ts';

/** Throws ApiError API_BAD_REQUEST that names each fault. */
export function readQuery({ querySchema }: Route, text: string): unknown {
  const found = new URLSearchParams(text);
  const shape: Readonly<Record<string, z.ZodType>> = querySchema?.shape ?? {};
  const given: Record<string, unknown> = {};
  for (const name of new Set(found.keys())) {
    const values = found.getAll(name);
    if (!Object.hasOwn(shape, name)) throw bad([{ at: `query/${name}`, detail: 'This operation does not have it.' }]);
    const kind = kindOf(shape[name] as z.ZodType);
    if (kind === 'array') given[name] = values;
    else if (values.length > 1) throw bad([{ at: `query/${name}`, detail: 'It is given more than once.' }]);
    else given[name] = valueIn(kind, values[0] ?? '');
  }
  return querySchema ? checked(querySchema, given, 'query') : {};
}

export function readPath({ pathSchema }: Route, given: Readonly<Record<string, string>>): unknown {
  return pathSchema ? checked(pathSchema, given, 'path') : {};
}

/** Throws ApiError API_MEDIA_TYPE, API_TOO_LARGE, API_BAD_REQUEST, API_BUSY. */
export async function readJson(
  route: Route,
  request: IncomingMessage,
  room: BodyRoom,
): Promise<{ body: unknown; text: string }> {
  const type = request.headers['content-type'];
  const isEmpty =
    request.headers['content-length'] === '0' || (type === undefined && !('transfer-encoding' in request.headers));
  if (!route.bodySchema) {
    if (Number(request.headers['content-length'] ?? 0) > 0) {
      passOver(request, { mostBytes: callBounds.maxPassedOverBytes });
      throw bad([{ at: '', detail: 'This operation takes no body.' }]);
    }
    return { body: undefined, text: '' };
  }
  if (isEmpty || !/^application\/json(?:\s*;\s*charset="?utf-8"?)?$/i.test(type ?? '')) {
    passOver(request, { mostBytes: callBounds.maxPassedOverBytes });
    throw new ApiError('API_MEDIA_TYPE', 'Send a body of the type application/json.');
  }
  const most = route.takesFiles ? apiBounds.maxUploadBytes : apiBounds.maxBodyBytes;
  const read = await readBody(request, most, room);
  if (read.kind === 'too-large') {
    passOver(request, { mostBytes: callBounds.maxPassedOverBytes });
    throw new ApiError('API_TOO_LARGE', `The body is larger than ${most} bytes.`);
  }
  if (read.kind !== 'body') throw new ApiError('API_BUSY', 'The body did not arrive. Send it again.');
  try {
    const text = decoder.decode(read.bytes);
    return { body: checked(route.bodySchema, JSON.parse(text), ''), text };
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw bad([{ at: '', detail: 'The body is not JSON in UTF-8.' }]);
  } finally {
    read.place.leave();
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** How a value of the query is written. Numbers and flags are text there. */
function kindOf(schema: z.ZodType): string {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault) inner = inner.unwrap() as z.ZodType;
  return inner.def.type;
}

function valueIn(kind: string, text: string): unknown {
  if (kind === 'number' && /^\d{1,15}$/.test(text)) return Number(text);
  if (kind === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

function checked(schema: z.ZodObject, given: unknown, place: string): unknown {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  throw bad(
    result.error.issues.slice(0, mostFaults).map(({ path, message }) => {
      const at = path.map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
      return { at: `${place}/${at}`.slice(0, 256), detail: `${message}.`.slice(0, 512) };
    }),
  );
}

const mostFaults = 20;

function bad(faults: readonly Fault[]): ApiError {
  const [first] = faults;
  return new ApiError('API_BAD_REQUEST', `The request cannot be read: ${first?.at || 'body'}: ${first?.detail}`, {
    faults,
  });
}
