import { styleText } from 'node:util';

/** Colours a text, or leaves it as it is. */
export type Paint = (style: 'green' | 'yellow' | 'red' | 'cyan' | 'dim' | 'bold', text: string) => string;

export const plain: Paint = (_style, text) => text;
/** Whether there are colours is decided once, where the output is known. */
export const coloured: Paint = (style, text) =>
  styleText(style === 'dim' ? 'gray' : style, text, { validateStream: false });
