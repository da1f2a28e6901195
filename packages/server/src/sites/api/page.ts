// The page at /api: the operations of the API, from its own document, without a script and with nothing from elsewhere.
import { openApiDocument } from './document.ts';
import { apiRoot } from './table.ts';

export const apiPolicy = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'";

export const apiStyle = `:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 62rem; margin: 0 auto; padding: 1rem; }
code, pre { font: 0.9rem/1.4 ui-monospace, monospace; }
pre { overflow-x: auto; padding: 0.75rem; border: 1px solid color-mix(in srgb, currentColor 30%, transparent); }
summary { cursor: pointer; padding: 0.35rem 0; }
table { border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: 0.2rem 1rem 0.2rem 0; }
`;

interface Operation {
  summary: string;
  tags: string[];
  'x-moult-roles': string[];
  parameters?: {
    name: string;
    in: string;
    required?: boolean;
    description?: string;
    schema?: { description?: string };
  }[];
  requestBody?: { content: Record<string, { schema: unknown }> };
  responses: Record<string, { description: string }>;
}

/** The whole page. */
export function apiPage(): string {
  const { paths, tags } = JSON.parse(openApiDocument()) as {
    paths: Record<string, Record<string, Operation>>;
    tags: { name: string }[];
  };
  const all = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const topics = tags.map(({ name }) => {
    const own = all.filter(({ operation }) => operation.tags.includes(name));
    return `<h2>${escaped(name)}</h2>\n${own.map(sectionOf).join('\n')}`;
  });
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Moult: API</title>
<link rel="stylesheet" href="/api/style.css"></head>
<body>
<h1>Administration over HTTP</h1>
<p>This page lists every operation of the API. The document for programs is
<a href="${apiRoot}/openapi.json">openapi.json</a> (OpenAPI 3.1). Each call needs a token or a session.</p>
<pre>curl -H "Authorization: Bearer $MOULT_TOKEN" https://server:8531${apiRoot}/status</pre>
${topics.join('\n')}
</body>
</html>
`;
}

function sectionOf({ path, method, operation }: { path: string; method: string; operation: Operation }): string {
  const { summary, parameters = [], requestBody, responses } = operation;
  const given = operation['x-moult-roles'];
  const who = given.length === 0 ? 'Anyone may call it.' : `Roles: ${given.join(', ')}.`;
  const rows = parameters.map(({ name, in: place, required, description, schema }) => [
    `<code>${escaped(name)}</code>`,
    `${place}${required ? ', required' : ''}`,
    escaped(description ?? schema?.description ?? ''),
  ]);
  const answers = Object.entries(responses).map(([status, one]) => [status, escaped(one.description)]);
  const body = requestBody?.content['application/json']?.schema;
  return `<details><summary><code>${method} ${escaped(apiRoot + path)}</code> ${escaped(summary)}</summary>
<p>${who}</p>
${tableOf(['Parameter', 'In', 'Meaning'], rows)}
${body === undefined ? '' : `<p>Body, as a JSON Schema:</p><pre>${escaped(JSON.stringify(body, undefined, 2))}</pre>`}
${tableOf(['Status', 'When'], answers)}
</details>`;
}

function tableOf(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const line = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join('')}</tr>`;
  return `<table><thead>${line(headings, 'th')}</thead><tbody>${rows.map((row) => line(row, 'td')).join('')}</tbody></table>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
