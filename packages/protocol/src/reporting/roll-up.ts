import { cookie } from '../soap/cookie.ts';
import { operation } from '../soap/service.ts';
import { optional, record } from '../soap/shape.ts';

/**
 * The words of a downstream server to its upstream (MS-WSUSSS): in the same contract, but with a cookie of server
 * synchronisation. Only that cookie is read: a server that gives none out has nothing to answer.
 */
export const rollUp = operation(record({ cookie: optional('cookie', cookie) }), record({}));
