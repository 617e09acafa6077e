/** Looks enough like Slack to judge a message by; follows the system's light or dark. */
export const SLACK_PAGE_STYLE = `
:root { color-scheme: light dark; --text: #1d1c1d; --soft: #616061; --line: #dddddd; --ground: #ffffff; --hover: #f8f8f8; --link: #1264a3; --code: #c01343; --code-ground: #f6f6f6; --green: #007a5a; --bar: #4a154b; }
@media (prefers-color-scheme: dark) { :root { --text: #d1d2d3; --soft: #9a9b9e; --line: #35373b; --ground: #1a1d21; --hover: #222529; --link: #1d9bd1; --code: #e8912d; --code-ground: #27292d; --bar: #350d36; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.46668 Lato, 'Slack-Lato', 'Helvetica Neue', Helvetica, Arial, sans-serif; overflow-wrap: anywhere; }
.top { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: 2px 14px; align-items: baseline; padding: 10px 20px; background: var(--bar); color: #fff; }
.top span { color: #cfc3cf; font-size: 13px; }
main { max-width: 860px; margin: 0 auto; padding: 0 12px 60px; }
h2 { margin: 18px 8px 6px; padding-bottom: 8px; border-bottom: 1px solid var(--line); font-size: 18px; }
.message { display: flex; gap: 10px; padding: 8px; border-radius: 6px; }
.message:hover { background: var(--hover); }
.avatar { flex: none; width: 36px; height: 36px; border-radius: 6px; display: grid; place-items: center; background: #ecb22e33; font-size: 20px; }
.body { min-width: 0; flex: 1; }
.who { display: flex; gap: 6px; align-items: baseline; }
.who time, .edited { color: var(--soft); font-size: 12px; }
.app { padding: 0 3px; border-radius: 2px; background: var(--line); color: var(--soft); font-size: 10px; font-weight: 700; }
h3 { margin: 4px 0 6px; font-size: 18px; line-height: 1.33; }
svg.emoji { width: 1.15em; height: 1.15em; vertical-align: -0.2em; }
.section { margin: 4px 0 8px; }
.context { display: flex; flex-wrap: wrap; gap: 4px 10px; margin: 6px 0; color: var(--soft); font-size: 13px; }
.actions { display: flex; flex-wrap: wrap; gap: 8px; margin: 8px 0; }
.button { display: inline-block; padding: 5px 12px; border: 1px solid var(--line); border-radius: 4px; color: var(--text); font-weight: 700; font-size: 13px; text-decoration: none; }
.button.primary { border-color: var(--green); background: var(--green); color: #fff; }
.button.danger { border-color: #e01e5a; color: #e01e5a; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
code, pre { padding: 1px 3px; border: 1px solid var(--line); border-radius: 3px; background: var(--code-ground); color: var(--code); font: 12px/1.5 Monaco, Menlo, Consolas, monospace; }
pre { padding: 8px; overflow-x: auto; }
blockquote { margin: 2px 0; padding-left: 12px; border-left: 4px solid var(--line); }
hr { border: 0; border-top: 1px solid var(--line); }
.mention { padding: 0 2px; border-radius: 3px; background: #f2c74466; }
.broadcast { color: var(--soft); font-size: 12px; }
.thread { margin-top: 6px; padding-left: 2px; border-left: 2px solid var(--line); }
.thread summary { padding: 2px 8px; color: var(--link); font-size: 13px; font-weight: 700; cursor: pointer; }
.thread .avatar { width: 24px; height: 24px; font-size: 13px; }
.empty { margin: 20px 8px; color: var(--soft); }
@media (max-width: 520px) { body { font-size: 16px; } main { padding: 0 4px 40px; } .thread .avatar { display: none; } .button { padding: 9px 14px; } }
`;

export const SLACK_PAGE_SCRIPT = `
const main = document.getElementById('workspace');
function localise() {
  for (const time of main.querySelectorAll('time[datetime]')) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const clock = at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
    const today = at.toDateString() === new Date().toDateString();
    time.textContent = 'short' in time.dataset || today ? (today ? clock : at.toLocaleDateString() + ' ' + clock) : at.toLocaleDateString([], { month: 'short', day: 'numeric' }) + ' ' + clock;
    time.title = at.toISOString();
  }
}
async function refresh() {
  try {
    const revision = main.firstElementChild.dataset.revision;
    const fragment = await (await fetch('fragment?revision=' + revision)).text();
    if (fragment !== '') { main.innerHTML = fragment; localise(); }
  } catch {}
  setTimeout(refresh, 1000);
}
localise();
setTimeout(refresh, 1000);
`;
