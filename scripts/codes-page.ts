// docs/codes-without-cause.md from the program: the codes of the table that no finding of their own explains. Run it
// after the table or the causes have changed. A test holds the page.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { causeOf } from '../packages/doctor/src/hresult/cause.ts';
import { errorTable, formatHresult } from '../packages/doctor/src/hresult/error-table.ts';

/** The page. */
export function codesPage(): string {
  const all = [...errorTable()];
  const without = all.filter(([code]) => causeOf(code) === 'DOCTOR_AGENT_ERROR');
  const rows = without.map(
    ([code, { name, meaning }]) => `| ${formatHresult(code)} | ${name} | ${meaning.replaceAll('|', '\\|')} |`,
  );
  return `# Codes without a cause of their own

For administrators and developers. The doctor knows ${all.length} codes of update agents. For ${without.length} of them the code tells what failed inside the agent, and not
why. A report names such a code with its meaning and the finding [DOCTOR_AGENT_ERROR](findings/DOCTOR_AGENT_ERROR.md), unless
other lines tell the cause. \`moult doctor --explain CODE\` says what is known of any code.

\`node scripts/codes-page.ts\` writes this page.

| code | name | meaning |
| --- | --- | --- |
${rows.join('\n')}

Next page: [Event ids and error codes of Windows](codes.md). Questions: the issue tracker of the project.
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(fileURLToPath(new URL('../docs/codes-without-cause.md', import.meta.url)), codesPage());
}
