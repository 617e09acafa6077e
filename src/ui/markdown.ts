import MarkdownIt from 'markdown-it';

/** Runbooks are the operator's, but what is filled into them comes from spans: no HTML passes, and links only to the web or this site. */
const markdown = new MarkdownIt({ html: false, linkify: true, typographer: false });
markdown.validateLink = (url) => /^(?:https?:|mailto:|\/(?!\/)|#)/i.test(url.trim());
/** An image would be fetched from elsewhere, which the content security policy forbids anyway. */
markdown.disable('image');

/** Headings inside a page begin below its own. */
const HEADING_SHIFT = 2;
markdown.core.ruler.push('shift-headings', (state) => {
  for (const token of state.tokens) {
    if (token.type === 'heading_open' || token.type === 'heading_close') token.tag = `h${Math.min(6, Number(token.tag.slice(1)) + HEADING_SHIFT)}`;
  }
});

export function renderMarkdown(text: string): string {
  return markdown.render(text);
}
