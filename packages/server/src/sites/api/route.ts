// One operation of the API: its address, its permission, its shapes and its handler in one value. The table of routes is the
// only way to a handler, so none can be without them.
import type { Administration } from '@moult/administration';
import type { Permission, Principal } from '@moult/administration/accounts';
import type { TwoPersonAction } from '@moult/administration/requests';
import type { Log, Notice } from '@moult/store';
import type { LiveCatalog } from '@moult/store/catalog';
import type { z } from 'zod';
import type { HomeDocument } from '../../home-document.ts';
import type { TreeOperations } from '../../tree-operations.ts';
import type { Course, Jobs } from './jobs.ts';
import type { LogOns } from './log-ons.ts';
import type { Oidc } from './oidc.ts';
import type { OwnAccounts } from './own-accounts.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

type Shape = z.ZodObject;
type Out<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

export interface Visitor {
  /** The client's address. */
  address: string;
  userAgent: string;
  /** Over HTTPS, as far as this server or a trusted proxy knows. */
  isSecure: boolean;
}

/** Of the server that answers. */
export interface RunningFacts {
  server: { state: 'running'; url: string; pid: number; startedAt: string };
  notices: Notice[];
}

export interface Call<Path, Query, Body> {
  administration: Administration;
  /** Undefined for operations that anyone may call. */
  principal: Principal | undefined;
  visitor: Visitor;
  logOns: LogOns;
  oidc: Oidc;
  /** Of the log-on at the issuer that this browser began. */
  flowSecret: string | undefined;
  /** For operations on the account of the caller. */
  accounts: OwnAccounts;
  running(): RunningFacts;
  /** The document of the home page, with names. */
  home(): Promise<HomeDocument>;
  /** Of the server. */
  log: Log;
  jobs: Jobs;
  /** The catalog of this server, as it is now. */
  catalog(): Promise<LiveCatalog>;
  /** The self-update tree. */
  tree: TreeOperations;
  /** Of long work: how far it is, and whether it should end. */
  course: Course;
  /** Carries out what another person asked for. Throws AdministrationError, and ApiError API_FORBIDDEN. */
  confirm(requestId: string, course: Course): Promise<unknown>;
  /** Makes the answer a live stream. If all streams are in use, it answers false and leaves the answer untouched. */
  openLive(): boolean;
  path: Path;
  query: Query;
  body: Body;
}

/** An answer of a handler with more than its document. */
export class Reply {
  readonly document: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(document: unknown, headers: Readonly<Record<string, string>>) {
    this.document = document;
    this.headers = headers;
  }
}

/**
 * The head of an operation: its id, its method, its address below /api/v1, the permission that it needs, and its topic.
 */
type Head = readonly [id: string, method: Method, path: `/${string}`, permission: Permission | 'anyone', topic: string];

interface RouteParts<Path, Query, Body> {
  /** One sentence, without its full stop. */
  summary: string;
  pathSchema?: Path;
  querySchema?: Query;
  bodySchema?: Body;
  /** Of the answer. Without it the answer is 204. */
  answer?: z.ZodType;
  /** 201 for what makes something. */
  status?: 200 | 201 | 204;
  /** The body brings files: it may be larger than others. */
  takesFiles?: true;
  /** Answers a page that a client may have as CSV too. */
  isList?: true;
  /** May take long: with `Prefer: respond-async` it becomes a job. The handler tells `course`, and ends by its signal. */
  isLong?: true;
  /** The answer is a stream of server-sent events. Opening it does not count as a use of the session. */
  isStream?: true;
  /** Problems of its rules, beside those that every operation has: status and when. */
  refusals?: Readonly<Record<number, string>>;
  /**
   * Also for accounts that reach some groups only. Their store shows and changes nothing else. All other operations refuse
   * such accounts.
   */
  isForGroups?: true;
  /** With one of these actions in the setting two-persons, a call waits for a second person. The answer is the request. */
  twoPersons?: readonly TwoPersonAction[];
  /** A call that changes nothing. It does not wait. */
  isTrial?(call: Call<Out<Path>, Out<Query>, Out<Body>>): boolean;
  /** A call that gives somebody else a password or a token. If changes need two persons, it is refused. */
  givesCredentials?(call: Call<Out<Path>, Out<Query>, Out<Body>>): Promise<boolean>;
  /** The things that a waiting call is about. If they are others at the confirmation, nothing changes. Without it: `current`. */
  target?(call: Call<Out<Path>, Out<Query>, Out<Body>>): Promise<unknown>;
  /** The answer holds a secret: it is not kept for a repeated request. */
  isSecret?: true;
  /**
   * Loads what the operation changes, for If-Match: a change needs the ETag that the client saw. Throws for one that is not
   * there.
   */
  current?(call: Call<Out<Path>, Out<Query>, Out<Body>>): Promise<unknown>;
  handle(call: Call<Out<Path>, Out<Query>, Out<Body>>): Promise<unknown>;
}

type UntypedParts = 'handle' | 'current' | 'target' | 'isTrial' | 'givesCredentials';

/** A route whose shapes are not in its type any more: the dispatcher checks them. */
export interface Route extends Omit<RouteParts<Shape | undefined, Shape | undefined, Shape | undefined>, UntypedParts> {
  id: string;
  method: Method;
  path: `/${string}`;
  permission: Permission | 'anyone';
  topic: string;
  isTrial?(call: Call<unknown, unknown, unknown>): boolean;
  givesCredentials?(call: Call<unknown, unknown, unknown>): Promise<boolean>;
  target?(call: Call<unknown, unknown, unknown>): Promise<unknown>;
  current?(call: Call<unknown, unknown, unknown>): Promise<unknown>;
  handle(call: Call<unknown, unknown, unknown>): Promise<unknown>;
}

export function route<
  const Path extends Shape | undefined = undefined,
  const Query extends Shape | undefined = undefined,
  const Body extends Shape | undefined = undefined,
>([id, method, path, permission, topic]: Head, parts: RouteParts<Path, Query, Body>): Route {
  return { ...(parts as unknown as Route), id, method, path, permission, topic };
}
