// Compares the OpenAPI document of the API with the one of the last release (fixtures/api), as a client sees it. Within a version of
// the API, answers only gain fields. Operations only gain things that a client may leave out.
//   node scripts/openapi-breaks.ts --write   writes the document of now, for a release
import { writeFileSync } from 'node:fs';
import { repositoryFile } from '@moult/disk';

export const keptDocument = repositoryFile('fixtures/api/openapi.json');

type Json = { [name: string]: unknown };

/** Each break in a sentence that begins with the id of the operation. */
export function findBreaks(before: Json, after: Json): string[] {
  const now = operationsIn(after);
  return [...operationsIn(before)].flatMap(([id, old]) => {
    const current = now.get(id);
    if (!current) return [`${id}: the operation is gone`];
    const found: string[] = [];
    const say = (what: string) => found.push(`${id}: ${what}`);
    if (current.address !== old.address) say(`its address was ${old.address}`);
    compareParameters(old.operation, current.operation, say);
    const [oldBody, newBody] = [bodyOf(old.operation), bodyOf(current.operation)];
    if (!oldBody && newBody) say('it needs a body');
    if (oldBody && newBody) compareInput(resolved(before, oldBody), resolved(after, newBody), 'body', say);
    compareAnswers(before, old.operation, after, current.operation, say);
    const roles = (one: Json) => (one['x-moult-roles'] as string[] | undefined) ?? [];
    for (const role of roles(old.operation))
      if (!roles(current.operation).includes(role)) say(`${role} may not use it`);
    return found;
  });
}

interface Operation {
  address: string;
  operation: Json;
}

function operationsIn(document: Json): Map<string, Operation> {
  const found = new Map<string, Operation>();
  for (const [path, methods] of Object.entries(document.paths as Record<string, Json>))
    for (const [method, operation] of Object.entries(methods))
      found.set(String((operation as Json).operationId), {
        address: `${method.toUpperCase()} ${path}`,
        operation: operation as Json,
      });
  return found;
}

type Say = (what: string) => unknown;

function compareParameters(before: Json, after: Json, say: Say): void {
  const byName = (one: Json) =>
    new Map(((one.parameters as Json[] | undefined) ?? []).map((each) => [`${each.in} ${each.name}`, each]));
  const [old, now] = [byName(before), byName(after)];
  for (const [name, parameter] of old) {
    const current = now.get(name);
    if (!current) say(`the parameter ${name} is gone`);
    else compareInput(parameter.schema as Json, current.schema as Json, name, say);
  }
  for (const [name, { required }] of now)
    if (required && !old.get(name)?.required) say(`the parameter ${name} must be given`);
}

function bodyOf({ requestBody }: Json): Json | undefined {
  return schemaIn(requestBody as Json | undefined, 'application/json');
}

function schemaIn(holder: Json | undefined, type: string): Json | undefined {
  return ((holder?.content as Record<string, Json> | undefined)?.[type]?.schema as Json | undefined) ?? undefined;
}

function resolved(document: Json, schema: Json): Json {
  const name = typeof schema.$ref === 'string' ? /^#\/components\/schemas\/(.+)$/.exec(schema.$ref)?.[1] : undefined;
  return name === undefined ? schema : ((document.components as { schemas: Record<string, Json> }).schemas[name] ?? {});
}

/** The server must still take all that clients send. */
function compareInput(before: Json, after: Json, at: string, say: Say): void {
  for (const value of (before.enum as unknown[] | undefined) ?? [])
    if (after.enum && !(after.enum as unknown[]).includes(value)) say(`${at} does not take ${value}`);
  if (after.enum && !before.enum) say(`${at} takes some values only`);
  if (before.type !== undefined && after.type !== undefined && String(before.type) !== String(after.type))
    say(`${at} is ${after.type} in place of ${before.type}`);
  for (const bound of ['maxLength', 'maximum', 'maxItems'] as const)
    if (Number(after[bound] ?? Infinity) < Number(before[bound] ?? Infinity)) say(`${at} has a lower ${bound}`);
  const [old, now] = [propertiesOf(before), propertiesOf(after)];
  for (const [name, schema] of Object.entries(old)) {
    const current = now[name];
    if (!current) say(`${at}/${name} is not taken any more`);
    else compareInput(schema, current, `${at}/${name}`, say);
  }
  const had = new Set((before.required as string[] | undefined) ?? []);
  for (const name of (after.required as string[] | undefined) ?? [])
    if (!had.has(name)) say(`${at}/${name} must be given`);
}

function compareAnswers(oldDocument: Json, before: Json, newDocument: Json, after: Json, say: Say): void {
  const answers = (one: Json) => Object.entries(one.responses as Record<string, Json>).filter(([code]) => code < '300');
  const now = new Map(answers(after));
  for (const [code, answer] of answers(before)) {
    const current = now.get(code);
    if (!current) {
      say(`it does not answer ${code}`);
      continue;
    }
    const [old, schema] = [schemaIn(answer, 'application/json'), schemaIn(current, 'application/json')];
    if (old && !schema) say('its answer is gone');
    if (old && schema) compareOutput(resolved(oldDocument, old), resolved(newDocument, schema), 'answer', say);
  }
}

/** Clients must still find all that they read. */
function compareOutput(before: Json, after: Json, at: string, say: Say): void {
  if (before.type !== undefined && String(before.type) !== String(after.type))
    say(`${at} is ${after.type} in place of ${before.type}`);
  const [old, now] = [propertiesOf(before), propertiesOf(after)];
  const stillSure = new Set((after.required as string[] | undefined) ?? []);
  for (const [name, schema] of Object.entries(old)) {
    const current = now[name];
    if (!current) say(`${at}/${name} is gone`);
    else compareOutput(schema, current, `${at}/${name}`, say);
  }
  for (const name of (before.required as string[] | undefined) ?? [])
    if (now[name] && !stillSure.has(name)) say(`${at}/${name} may be missing`);
  if (before.items && after.items) compareOutput(before.items as Json, after.items as Json, `${at}/*`, say);
}

function propertiesOf(schema: Json): Record<string, Json> {
  return (schema.properties as Record<string, Json> | undefined) ?? {};
}

if (process.argv[1]?.endsWith('openapi-breaks.ts') && process.argv[2] === '--write') {
  const { openApiDocument } = await import('../packages/server/src/sites/api/document.ts');
  writeFileSync(keptDocument, `${openApiDocument()}\n`);
}
