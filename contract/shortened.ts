const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The text, or as much of its beginning as fits into so many bytes of UTF-8, and how much was left out. */
export function shortened(text: string, mostBytes: number): string {
  // A character takes three bytes at most; a pair of surrogates, four.
  if (text.length * 3 <= mostBytes) return text;
  const bytes = encoder.encode(text);
  if (bytes.length <= mostBytes) return text;
  // A character that is cut in two decodes to the replacement character.
  const kept = decoder.decode(bytes.subarray(0, Math.max(0, mostBytes - roomForRest))).replace(/\uFFFD$/, '');
  return `${kept}… (${text.length - kept.length} more characters)`;
}

/** Bytes of the longest ending: the ellipsis, the words, and a number of seven digits. */
const roomForRest = 30;
