import MarkdownIt from 'markdown-it';

/** Runbooks are the operator's, but what is filled into them comes from spans: no HTML passes, and links only to the web or this site. */
const markdown = new MarkdownIt({ html: false, linkify: true, typographer: false });
markdown.validateLink = (url) => /^(?:https?:|mailto:|\/(?!\/)|#)/i.test(url.trim());
/** An image would be fetched from elsewhere, which the content security policy forbids anyway. */
markdown.disable('image');

/** Headings inside a page begin below its own, and skip none. */
const HIGHEST_HEADING = 3;
markdown.core.ruler.push('shift-headings', (state) => {
  const headings = state.tokens.filter(({ type }) => type === 'heading_open' || type === 'heading_close');
  const shift = HIGHEST_HEADING - Math.min(...headings.map(levelOf));
  for (const heading of headings) heading.tag = `h${Math.min(6, levelOf(heading) + shift)}`;
});

function levelOf({ tag }: { readonly tag: string }): number {
  return Number(tag.slice(1));
}

export function renderMarkdown(text: string): string {
  return markdown.render(text);
}
