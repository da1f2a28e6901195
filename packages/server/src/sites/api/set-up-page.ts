// The page of the set-up link. The secret is behind the # of its address. Browsers do not send that part, so no log has
// it.

export const setUpPolicy =
  "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'";

export const setUpPage = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Moult: first account</title>
<link rel="stylesheet" href="/api/style.css"><script src="/api/set-up.js" defer></script></head>
<body>
<h1>Make the first account</h1>
<p>The account administers this server. The link works once, for 30 minutes.</p>
<form>
<p><label>Name<br><input name="name" autocomplete="username" required maxlength="64"></label></p>
<p><label>Password, 12 characters or more<br>
<input name="password" type="password" autocomplete="new-password" required minlength="12" maxlength="512"></label></p>
<p><button>Make the account</button></p>
</form>
<p role="status"></p>
<noscript><p>This page needs JavaScript. Without it, run <code>moult users add NAME --role administrator</code> on the server.</p></noscript>
</body>
</html>
`;

export const setUpScript = `const form = document.querySelector('form');
const says = document.querySelector('[role=status]');
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { name, password } = Object.fromEntries(new FormData(form));
  const body = JSON.stringify({ secret: location.hash.slice(1), name, password });
  try {
    const answer = await fetch('/api/v1/set-up', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const told = await answer.json();
    says.textContent = answer.ok ? 'The account ' + told.account + ' is made.' : told.detail;
    if (answer.ok) form.remove();
  } catch {
    says.textContent = 'The server does not answer.';
  }
});
`;
