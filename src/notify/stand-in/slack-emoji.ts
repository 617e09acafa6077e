/** Drawn here, because servers and plain containers often have no emoji font: a page without its red dot is half a page. */
const DRAWINGS: Readonly<Record<string, string>> = {
  '🔴': disc('#dd2e44'),
  '🟠': disc('#f4900c'),
  '🟡': disc('#fdcb58'),
  '✅': '<rect x="1" y="1" width="18" height="18" rx="4" fill="#2ba640"/><path d="M5 10.5l3.5 3.5L15 6.5" fill="none" stroke="#fff" stroke-width="2.5"/>',
  '👀': '<g fill="#fff" stroke="#66757f"><ellipse cx="5.5" cy="10" rx="4.5" ry="7"/><ellipse cx="14.5" cy="10" rx="4.5" ry="7"/></g><circle cx="6.5" cy="12" r="2.2" fill="#292f33"/><circle cx="15.5" cy="12" r="2.2" fill="#292f33"/>',
  '📉': '<rect x="1" y="1" width="18" height="18" rx="2" fill="#fff" stroke="#99aab5"/><path d="M3 5l5 4 3-1.500L17 15.500" fill="none" stroke="#dd2e44" stroke-width="2"/>',
  '🔔': '<path d="M10 1a2 2 0 0 0-2 2c-3 1-4.500 3.500-4.500 7 0 3-.5 4-1.500 5.500h16c-1-1.500-1.500-2.500-1.500-5.500 0-3.500-1.500-6-4.500-7a2 2 0 0 0-2-2z" fill="#ffac33"/><path d="M8 17a2 2 0 0 0 4 0z" fill="#ffac33"/>',
};
const EMOJI_OR_TAG = new RegExp(`<[^>]*>|${Object.keys(DRAWINGS).join('|')}`, 'gu');

function disc(colour: string): string {
  return `<circle cx="10" cy="10" r="9" fill="${colour}"/>`;
}

/** HTML with its emoji as drawings; what stands inside tags is left alone. */
export function withEmoji(html: string): string {
  return html.replaceAll(EMOJI_OR_TAG, (found) => {
    const drawing = DRAWINGS[found];
    return drawing === undefined ? found : `<svg class="emoji" role="img" aria-label="${found}" viewBox="0 0 20 20">${drawing}</svg>`;
  });
}
