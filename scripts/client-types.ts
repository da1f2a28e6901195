// Types of TypeScript for the operations of an OpenAPI document, as the client of packages/client takes them.

interface Schema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  description?: string;
}

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema: Schema;
  description?: string;
}

type Content = Record<string, { schema: Schema }>;

interface Operation {
  operationId: string;
  summary: string;
  parameters?: Parameter[];
  requestBody?: { content: Content };
  responses: Record<string, { content?: Content }>;
}

export interface OpenApiDocument {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

/** The method and the path of each operation, by its id. */
export function tableOf({ paths }: OpenApiDocument): Record<string, [string, string]> {
  return Object.fromEntries(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => [operationId, [method.toUpperCase(), path]] as const),
    ),
  );
}

/** `export interface Operations`, and the shapes that it names. Throws for a schema that it cannot say. */
export function typesOf({ paths, components }: OpenApiDocument): string {
  const shapes = Object.entries(components.schemas).map(([name, schema]) => `export type ${name} = ${typeOf(schema)};`);
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods).map(operationOf));
  return [...shapes, `export interface Operations {\n${operations.join('\n')}\n}`].join('\n\n');
}

/** Headers of a request, as the client names them. */
const headers: Readonly<Record<string, string>> = {
  'If-Match': 'ifMatch',
  'Idempotency-Key': 'idempotencyKey',
  'Last-Event-ID': 'lastEventId',
  Prefer: 'prefer',
};

function operationOf({ operationId, summary, parameters = [], requestBody, responses }: Operation): string {
  const below = (place: string) => parameters.filter((one) => one.in === place);
  const group = (name: string, found: Parameter[]): Parameter[] =>
    found.length === 0 ? [] : [{ name, in: '', required: found.some(isRequired), schema: objectOf(found) }];
  const own = below('header').map((one) => ({ ...one, name: headers[one.name] ?? unsaid(one) }));
  const body = requestBody?.content['application/json']?.schema;
  const given = objectOf([
    ...group('path', below('path')),
    ...group('query', below('query')),
    ...(body ? [{ name: 'body', in: '', required: true, schema: body }] : []),
    ...own,
  ]);
  const [done = ''] = Object.keys(responses);
  const { '202': later, [done]: answer } = responses;
  return indented(
    `${commentOf(summary)}${operationId}: {\n  given: ${indented(typeOf(given)).trimStart()};\n  answer: ${indented(contentOf(answer?.content)).trimStart()};\n  later: ${indented(contentOf(later?.content)).trimStart()};\n};`,
  );
}

function isRequired({ required }: Parameter): boolean {
  return required === true;
}

function objectOf(parameters: readonly Parameter[]): Schema {
  return {
    type: 'object',
    properties: Object.fromEntries(
      parameters.map(({ name, schema, description = schema.description }) => [
        name,
        { ...schema, ...(description !== undefined && { description }) },
      ]),
    ),
    required: parameters.filter(isRequired).map(({ name }) => name),
  };
}

/** Of JSON. An answer as CSV is for others. */
function contentOf(content: Content = {}): string {
  const types = Object.entries(content).flatMap(([type, { schema }]) => {
    if (type === 'text/event-stream') return ['ReadableStream<Uint8Array>'];
    return /json/.test(type) ? [typeOf(schema)] : [];
  });
  return types.length === 0 ? 'undefined' : types.join(' | ');
}

function typeOf(schema: Schema): string {
  const { $ref, const: one, enum: values, anyOf, oneOf, allOf, type } = schema;
  if ($ref !== undefined) return $ref.replace('#/components/schemas/', '');
  if (one !== undefined) return JSON.stringify(one);
  if (values) return values.map((value) => JSON.stringify(value)).join(' | ');
  if (anyOf ?? oneOf) return (anyOf ?? oneOf ?? []).map(typeOf).join(' | ');
  if (allOf) return allOf.map((part) => `(${typeOf(part)})`).join(' & ');
  if (Array.isArray(type)) return type.map((each) => typeOf({ ...schema, type: each })).join(' | ');
  switch (type) {
    case 'array':
      return `(${schema.items ? typeOf(schema.items) : 'unknown'})[]`.replace(/^\((\w+)\)/, '$1');
    case 'object':
      return shapeOf(schema);
    case 'integer':
      return 'number';
    case 'string':
    case 'number':
    case 'boolean':
    case 'null':
      return type;
    case undefined:
      return 'unknown';
  }
  return unsaid(schema);
}

function shapeOf({ properties = {}, required = [], additionalProperties }: Schema): string {
  const names = Object.entries(properties);
  if (names.length === 0)
    return typeof additionalProperties === 'object' ? `Record<string, ${typeOf(additionalProperties)}>` : '{}';
  const lines = names.map(([name, schema]) => {
    const key = /^[a-z_$][\w$]*$/i.test(name) ? name : JSON.stringify(name);
    const mark = required.includes(name) ? '' : '?';
    return indented(`${commentOf(schema.description)}${key}${mark}: ${typeOf(schema)};`);
  });
  return `{\n${lines.join('\n')}\n}`;
}

function commentOf(text: string | undefined): string {
  return text === undefined ? '' : `/** ${text.replaceAll('*/', '* /')}. */\n`;
}

function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}

function unsaid(what: unknown): never {
  throw new Error(`the client has no type for ${JSON.stringify(what)}`);
}
