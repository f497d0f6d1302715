// The words of an editor, in the reader's language: the page brings those it needs.
const block = document.querySelector('meta[name="editor-texts"]');
const texts = block ? JSON.parse(block.content) : {};

export const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";

// A text by its key, its places filled. An unknown key is a mistake in the page and shows itself.
export function say(key, facts = {}) {
  if (!(key in texts)) throw new Error(`Expected a text ${key}, but the page brought none`);
  return texts[key].replace(/\{(\w+)\}/g, (_, name) => facts[name]);
}
