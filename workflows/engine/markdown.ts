/**
 * A text from outside, on one line, in which nothing is a link, an image or HTML: the Web UI loads images, and a link may have any
 * name. A space is in nobody's way; a backslash of the text could undo another one.
 */
export const plain = (text: string): string =>
  text
    .replace(/\s*\n\s*/g, ' ')
    .replaceAll(/\](?=[([])|<(?=[a-z!/?])/gi, '$& ')
    .replace(/^(\s*)\[/, '$1\\[');

/** A text that is shown as it is, and wrapped: blocks of code are cut at the edge, some 55 characters wide. */
export const code = (text: string): string => `\`${text.replace(/\s*\n\s*/g, ' ').replaceAll('`', "'")}\``;

/** The Web UI takes lines for a list only after an empty one. */
export const listed = (heading: string, texts: readonly string[]): string =>
  `**${heading}**\n\n${texts.map((each) => `- ${plain(each)}`).join('\n')}`;

/** Commands to paste. Outside of code the Web UI makes other quotes and dashes of theirs. */
export const commands = (answers: readonly string[]): string =>
  [
    '**To answer, paste one of these into a shell**, without the backticks that the Temporal CLI shows around it:',
    ...answers.map(code),
    'PowerShell takes them as well; before version 7.3, write `\\"` for each `"` in the input.',
  ].join('\n\n');
